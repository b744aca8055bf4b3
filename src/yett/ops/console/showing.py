"""An entry of the log as a page draws it: every value made visible, and leading on where that helps."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from yett.events import catalogue
from yett.events.dialects import Entry
from yett.ops.console.form import Asked
from yett.ops.console.masking import hidden
from yett.ops.console.visible import visible

_HEAD = frozenset({"time", "level", "audit", "component", "msg", "code", "chain", "seq"})
_CHIPS = ("auth.user_id", "server.request.client_ip", "session.ref", "server.request.id")
"""What leads on most often stands in sight, in this order."""
_FORM_FIELDS = {
    "auth.user_id": "user",
    "session.ref": "session",
    "server.request.id": "request",
}
_STORIES = {"server.request.id": "requests", "session.ref": "sessions", "auth.user_id": "people"}
_NAME = re.compile(r"[A-Za-z0-9_~@+-][A-Za-z0-9._~@+-]{0,127}")
"""What may stand in an address of ours as it is. Whatever else a stranger wrote leads nowhere."""
_SEARCHABLE = re.compile(r"[!-~]([ -~]{0,198}[!-~])?")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_SHORT = 40
_BRIEF = 160
_MOST = 64
"""Fields of one entry that are shown; ours have a dozen."""


@dataclass(frozen=True, slots=True)
class Value:
    """One field of an entry."""

    name: str
    text: str
    short: str = ""
    """The text as it stands where there is little room."""
    narrow: str = ""
    """Where the same search is asked with this value besides; empty where that cannot be."""
    story: str = ""
    """Where the story of this request, session or person is told."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry, ready to be drawn."""

    time: str
    day: str
    clock: str
    level: str
    is_audit: bool
    component: Value
    message: str
    code: Value
    chips: tuple[Value, ...]
    brief: str
    fields: tuple[Value, ...]
    hidden: tuple[str, ...]
    """Names of fields that this reader does not see."""
    advice: str
    """What the entry means and what to do, by its declaration; empty for what is not ours."""


def show(entry: Entry, asked: Asked, *, whole: Entry | None = None) -> Shown:
    """An entry as part of what was found by `asked`; `whole` is the same before anything was hidden."""
    code = _text(entry.get("code", ""))
    declaration = catalogue.events.get(code)
    time = visible(_text(entry.get("time", "")), longest=40)
    values = [_value(name, value, asked) for name, value in list(entry.items())[:_MOST] if name not in _HEAD]
    by_name = {each.name: each for each in values}
    chips = tuple(by_name[name] for name in _CHIPS if name in by_name)
    rest = [each for each in values if each.name not in _CHIPS and each.name != "node"]
    component = _text(entry.get("component", ""))
    return Shown(
        time=time,
        day=time[:10],
        clock=time[11:23],
        level=visible(_text(entry.get("level", "")), longest=12),
        is_audit=entry.get("audit") is True,
        component=Value(
            "component", visible(component, longest=120), narrow=_narrow("component", component, asked)
        ),
        message=visible(_text(entry.get("msg", ""))) or "(hidden)",
        code=Value("code", visible(code, longest=200), narrow=_narrow("code", code, asked)),
        chips=chips,
        brief=_brief(rest),
        fields=tuple(values),
        hidden=() if whole is None else tuple(visible(each, longest=80) for each in hidden(whole, entry)),
        advice=" ".join(declaration.advice.split()) if declaration is not None else "",
    )


def story_at(name: str, value: str) -> str:
    """Where the story of what a field names is told; empty where there is none."""
    kind = _STORIES.get(name)
    return f"/console/{kind}/{value}" if kind and _NAME.fullmatch(value) else ""


def is_name(text: str) -> bool:
    """Whether a text can be the name of something that has a story."""
    return _NAME.fullmatch(text) is not None


def _value(name: str, value: Any, asked: Asked) -> Value:
    text = _text(value)
    shown = visible(text)
    return Value(
        visible(name, longest=80), shown, _short(shown), _narrow(name, value, asked), story_at(name, text)
    )


def _narrow(name: str, value: Any, asked: Asked) -> str:
    """Where only what has this value is shown."""
    if isinstance(value, (list, dict)) or not _SEARCHABLE.fullmatch(text := _text(value)):
        return ""
    if name in {"component", "code"}:
        return asked.narrowed(**{name: text}).address()
    if name in _FORM_FIELDS:
        return asked.narrowed(**{_FORM_FIELDS[name]: text}).address()
    return asked.also(f"{name}={text}").address() if _NAME.fullmatch(name) else ""


def _short(text: str) -> str:
    """An id by its time and its count, which tell it from others; any other text by its beginning."""
    if _ID.fullmatch(text):
        return f"{text[:18]}…"
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


def _brief(values: Iterable[Value]) -> str:
    text = "  ".join(f"{each.name}={each.text}" for each in values)
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}…"


def _text(value: Any) -> str:
    """A value in words."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value[:100])
    if isinstance(value, (bool, Mapping)) or value is None:
        return msgspec.json.encode(value).decode()
    return str(value)
