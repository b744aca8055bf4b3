"""The Elastic Common Schema, version 9.4: objects within one another, one JSON object on a line.

`log.level` and `ecs.version` stand there with a dot, as the loggers of that house write them. What the
schema has no name for stands under `yett`. https://www.elastic.co/docs/reference/ecs
"""

import functools
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from yett.events.dialects import severity
from yett.events.dialects.entry import Entry, Unwritable
from yett.events.dialects.meaning import Change, Kind, Meaning, Outcome, meaning_of
from yett.events.dialects.names import put
from yett.events.dialects.reading import HEAD, entry_of, flattened, instant_of, object_of

VERSION = "9.4.0"
_WORDS = {"ERROR": "error", "WARN": "warn", "INFO": "info", "DEBUG": "debug", "TRACE": "trace"}
_OWN = "yett"
_LONGEST_ADDRESS = 45


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def is_address(value: Any) -> bool:
    """Whether it is an IP address: there this is a type of its own, and text that is none refuses a whole record."""
    return isinstance(value, str) and len(value) <= _LONGEST_ADDRESS and _is_address(value)


@functools.lru_cache(maxsize=4096)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


_FIELDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "node": ("service.node.name", _is_text),
    "server.request.id": ("http.request.id", _is_text),
    "server.request.method": ("http.request.method", _is_text),
    "server.request.path": ("url.path", _is_text),
    "url.query": ("url.query", _is_text),
    "host": ("url.domain", _is_text),
    "server.request.user_agent": ("user_agent.original", _is_text),
    "server.request.referrer": ("http.request.referrer", _is_text),
    "server.request.client_ip": ("client.ip", is_address),
    "trace.id": ("trace.id", _is_text),
    "auth.user_id": ("user.name", _is_text),
    "email": ("user.email", _is_text),
    "error": ("error.message", _is_text),
    "reason": ("event.reason", _is_text),
}
_OF_REQUESTS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "status": ("http.response.status_code", _is_count),
    "bytes_in": ("http.request.body.bytes", _is_count),
    "bytes_out": ("http.response.body.bytes", _is_count),
}
"""Fields whose names mean this in the record of a request, and may mean something else in others."""
_BACK = {theirs: ours for ours, (theirs, _) in {**_FIELDS, **_OF_REQUESTS}.items()}

_CATEGORIES: Mapping[Kind, tuple[str, ...]] = {
    Kind.SIGN_IN: ("authentication", "session"),
    Kind.PROOF: ("authentication",),
    Kind.SIGN_OUT: ("session",),
    Kind.ACCESS: ("web", "network"),
    Kind.ACCOUNT: ("iam",),
    Kind.WEB: ("web",),
    Kind.COMMAND: ("configuration",),
    Kind.LIFE: ("process",),
}
_CHANGES = {
    Change.CREATE: ("creation", "user"),
    Change.DELETE: ("deletion", "user"),
}
_encode = msgspec.json.Encoder().encode


class Ecs:
    """Both ways."""

    name = "ecs"

    def write(self, entry: Entry) -> bytes:
        """See `Dialect.write`."""
        if not entry.get("time"):
            raise Unwritable("no time")
        try:
            return _encode(_tree_of(entry))
        except (TypeError, ValueError, RecursionError) as problem:
            raise Unwritable("a value that has no JSON form") from problem

    def read(self, line: bytes) -> Entry:
        """See `Dialect.read`."""
        return self.understand(object_of(line))

    def understand(self, found: dict[str, Any]) -> Entry:
        """The record that an object tells of. Raises Unreadable."""
        flat = flattened(found)
        level, kept = severity.level_of_word(flat.pop("log.level", None), _WORDS)
        message = flat.pop("message", None)
        head: dict[str, Any] = {
            "time": instant_of(flat.pop("@timestamp", None)),
            "level": level,
            "component": flat.pop("log.logger", "ecs"),
            "msg": "" if message is None else message,
            "code": flat.pop("event.code", "ecs.message"),
        }
        if flat.get("event.dataset") == f"{_OWN}.audit":
            head["audit"] = True
        rest: dict[str, Any] = {}
        if kept is not None:
            rest[severity.FIELD] = kept
        others: dict[str, Any] = {}
        for name, value in flat.items():
            ours = _BACK.get(name)
            if ours is not None:
                put(rest, ours, value)
            elif name.startswith(f"{_OWN}."):
                put(rest, _free(name[len(_OWN) + 1 :]), value)
            else:
                others[name] = value
        entry = entry_of(head, rest)
        if others:
            derived = _derived(entry)
            for name, value in others.items():
                if derived.get(name) != value:
                    put(entry, _free(name), value)
        return entry


def _free(name: str) -> str:
    return f"event.{name}" if name in HEAD else name


def _tree_of(entry: Entry) -> dict[str, Any]:
    word, is_kept = severity.word_of(entry, _WORDS)
    out: dict[str, Any] = {
        "@timestamp": entry["time"],
        "log.level": word,
        "message": entry.get("msg", ""),
        "ecs.version": VERSION,
        "log": {"logger": entry.get("component", "")},
    }
    own: dict[str, Any] = {}
    for name, value in entry.items():
        if name in HEAD or (is_kept and name == severity.FIELD):
            continue
        place = _place_of(name, value, entry)
        if place is None:
            own[name] = value
        else:
            _set(out, place, value)
    _set(out, "event.code", entry.get("code", ""))
    for name, value in _derived(entry).items():
        if name != "ecs.version":
            _set(out, name, value)
    if own:
        out[_OWN] = own
    return out


def _place_of(name: str, value: Any, entry: Entry) -> str | None:
    """Where a field belongs, if its value is what belongs there."""
    found = _FIELDS.get(name) or (_OF_REQUESTS.get(name) if entry.get("component") == "http.access" else None)
    return found[0] if found is not None and found[1](value) else None


def _set(tree: dict[str, Any], name: str, value: Any) -> None:
    *way, last = name.split(".")
    for step in way:
        tree = tree.setdefault(step, {})
    tree[last] = value


def _derived(entry: Entry) -> dict[str, Any]:
    """What says the same again in the words of the schema, so that its readers find it where they look."""
    meaning = meaning_of(entry)
    code = entry.get("code", "")
    out: dict[str, Any] = {
        "ecs.version": VERSION,
        "event.kind": "event",
        "event.module": _OWN,
        "event.provider": entry.get("component", ""),
        "event.dataset": f"{_OWN}.audit" if entry.get("audit") else f"{_OWN}.log",
        "event.action": code.rpartition(".")[2] if isinstance(code, str) else "",
        "service.type": _OWN,
    }
    categories = _CATEGORIES.get(meaning.kind)
    if categories:
        out["event.category"] = list(categories)
        out["event.type"] = list(_types_of(meaning))
        out["event.outcome"] = meaning.outcome.value
    user, address = entry.get("auth.user_id"), entry.get("server.request.client_ip")
    if _is_text(user):
        out["related.user"] = [user]
    if is_address(address):
        out["source.ip"] = address
        out["related.ip"] = [address]
    protocol = entry.get("protocol")
    if entry.get("component") == "http.access" and isinstance(protocol, str):
        out["http.version"] = {"h2": "2", "h3": "3"}.get(protocol, protocol.removeprefix("http/"))
    duration = entry.get("duration_ms")
    if (
        entry.get("component") == "http.access"
        and isinstance(duration, (int, float))
        and 0 <= duration < 1e12
    ):
        out["event.duration"] = round(duration * 1_000_000)
    return out


def _types_of(meaning: Meaning) -> tuple[str, ...]:
    """Types that the schema expects with the category."""
    match meaning.kind:
        case Kind.SIGN_IN:
            return ("start",)
        case Kind.SIGN_OUT:
            return ("end",)
        case Kind.ACCESS:
            return ("access", "allowed" if meaning.outcome is Outcome.SUCCESS else "denied")
        case Kind.ACCOUNT:
            return _CHANGES.get(meaning.change, ("change", "user")) if meaning.change else ("change", "user")
        case Kind.WEB:
            return ("access",)
        case Kind.COMMAND:
            return ("change",)
        case Kind.LIFE:
            return ("start" if meaning.outcome is Outcome.SUCCESS else "end",)
        case _:
            return ("info",)
