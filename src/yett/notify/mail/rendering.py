"""From a kind of mail and its fields to what people will read.

The texts of a language stand in `texts/<language>.toml`, one table for each kind; `templates/layout.html`
and `layout.txt` give them their looks. The operator's folder may hold `<language>.toml` (tables replace
ours, and a language that we lack may be added), `layout.html`, `layout.txt`, and `<kind>.html` or
`<kind>.txt` for one kind only.

What must stay true:
  whatever is wrong in that folder costs the looks of a mail and never the mail;
  a template sees fields and nothing else, and what it prints into HTML is escaped;
  what is wrong is told by the kind and place of the fault, since its own words may quote a field.
"""

import contextlib
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from yett.notify.mail.config import MailSettings
from yett.notify.mail.message import lines, one_line
from yett.notify.mail.model import INSTANTS, REQUIRED, MailKind, Rendered

_HERE = Path(__file__).parent
_LANGUAGES = ("en", "de")
_LONGEST = 1_000
_LONGEST_TEXT = 100_000
_SEVERAL_LINES = frozenset({"text", "details"})
_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
           "November", "Dezember"),
}  # fmt: skip

Texts = Mapping[str, Mapping[str, Any]]


class FieldsMissing(Exception):
    """A mail that would say nothing; the text names what it lacks."""


class Renderer:
    """Writes mails as the settings say."""

    def __init__(self, settings: MailSettings, host: str) -> None:
        self._settings = settings
        self._host = host
        folder = settings.templates
        self._folder = folder
        self._own = _environment(jinja2.FileSystemLoader(folder)) if folder is not None else None

    def render(self, kind: MailKind, language: str, fields: Mapping[str, str]) -> Rendered:
        """The mail in that language, or the nearest there is. Raises FieldsMissing."""
        missing = [name for name in REQUIRED.get(kind, ()) if not fields.get(name)]
        if missing:
            raise FieldsMissing(", ".join(missing))
        wanted = language.partition("-")[0].lower() or self._settings.language
        try:
            chosen, texts = self._texts(wanted)
            return self._render(kind, chosen, texts, fields, self._own)
        except Exception as problem:  # noqa: BLE001 - an operator's template may raise anything, and the mail has to go
            fallback = wanted if wanted in _LANGUAGES else _nearest(self._settings.language)
            plain = self._render(kind, fallback, _built_in(fallback), fields, None)
            return Rendered(plain.subject, plain.text, "", _place(problem))

    def _texts(self, language: str) -> tuple[str, Texts]:
        """The texts of the first of these languages that there are any of, and which one that is."""
        for name in (language, self._settings.language, "en"):
            path = self._folder / f"{name}.toml" if self._folder is not None and name.isalpha() else None
            own: Texts = tomllib.loads(path.read_text("utf-8")) if path is not None and path.is_file() else {}
            if own or name in _LANGUAGES:
                # Where somebody's own language lacks a kind, English says it.
                return name, {**_built_in(_nearest(name)), **own}
        raise LookupError("en")

    def _render(
        self,
        kind: MailKind,
        language: str,
        texts: Texts,
        fields: Mapping[str, str],
        own: jinja2.Environment | None,
    ) -> Rendered:
        known = {
            **{name: _prepared(name, value, language) for name, value in fields.items()},
            "product": self._settings.product,
            "host": self._host,
            "support": one_line(self._settings.support),
        }
        common, said = texts["common"], texts[kind.value]
        known["unasked"] = _say(common["unasked"], known)
        facts = ((label, _say(value, known)) for label, value in said.get("facts", ()))
        parts: dict[str, Any] = {
            name: _say(said.get(name, ""), known)
            for name in ("subject", "heading", "highlight", "button", "link", "listing", "closing")
        }
        parts |= {
            "paragraphs": [text for each in said.get("paragraphs", ()) if (text := _say(each, known))],
            "facts": [(label, value) for label, value in facts if value],
            "signature": _say(common["signature"], known),
            "support": _say(common["support"], known) if known["support"] else "",
            "language": language,
        }
        context = {**known, "fields": known, **parts}
        return Rendered(
            parts["subject"],
            _template(own, kind, "txt").render(context).strip() + "\n",
            _template(own, kind, "html").render(context),
        )


def _template(own: jinja2.Environment | None, kind: MailKind, suffix: str) -> jinja2.Template:
    """The operator's template for this kind, else for all kinds, else ours."""
    if own is not None:
        with contextlib.suppress(jinja2.TemplatesNotFound):
            return own.select_template([f"{kind.value}.{suffix}", f"layout.{suffix}"])
    return _ours().get_template(f"layout.{suffix}")


def _environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    return ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=lambda name: name is None or not name.endswith(".txt"),
        undefined=jinja2.Undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _ours() -> jinja2.Environment:
    return _environment(jinja2.FileSystemLoader(_HERE / "templates"))


@cache
def _phrases() -> jinja2.Environment:
    """For the texts: they become HTML, if at all, through a layout, which escapes."""
    return ImmutableSandboxedEnvironment(autoescape=False, undefined=jinja2.Undefined)


@cache
def _built_in(language: str) -> Texts:
    return tomllib.loads((_HERE / "texts" / f"{language}.toml").read_text("utf-8"))


def _nearest(language: str) -> str:
    return language if language in _LANGUAGES else "en"


def _say(text: str, known: Mapping[str, str]) -> str:
    return _phrase(text).render(known).strip()


@lru_cache(1024)
def _phrase(text: str) -> jinja2.Template:
    return _phrases().from_string(text)


def _prepared(name: str, value: str, language: str) -> str:
    """A field as it may be shown: nothing invisible, not endless, instants in words."""
    if name in _SEVERAL_LINES:
        return lines(value[:_LONGEST_TEXT])
    if name == "link":
        # A link that lost its end leads elsewhere; the header's and the parser's limits keep it short.
        return one_line(value)
    if name in INSTANTS:
        found = instant(value)
        return one_line(value[:_LONGEST]) if found is None else spoken(found, language)
    shown = one_line(value[:_LONGEST])
    return _harmless(shown[:100]) if name == "browser" else shown


def _harmless(text: str) -> str:
    """What a visitor's browser calls itself, so that no mail program makes a link of it.

    Anybody can have a mail sent to anybody with a name of a browser that reads like a warning.
    """
    return text.replace("://", " ").replace("www.", "www ").replace("@", " ")


def instant(text: str) -> datetime | None:
    """The instant that a field holds, if it does."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except OverflowError:
        return None


def spoken(when: datetime, language: str) -> str:
    """An instant as people write it; in the international way where we do not speak the language."""
    months = _MONTHS.get(language)
    if months is None:
        return when.strftime("%Y-%m-%d %H:%M UTC")
    dot = "." if language == "de" else ""
    return f"{when.day}{dot} {months[when.month - 1]} {when.year}, {when:%H:%M} UTC"


def _place(problem: BaseException) -> str:
    """Which fault, in which file and line."""
    name = getattr(problem, "name", None)
    line = getattr(problem, "lineno", None)
    where = f" in {one_line(str(name))[:80]}" if isinstance(name, str) else ""
    return f"{type(problem).__name__}{where}" + (f", line {line}" if isinstance(line, int) else "")
