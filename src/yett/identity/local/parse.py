"""From the text of a users file to people, strictly, with every mistake at once."""

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from yett.identity.local.model import SOURCE, LocalUser, Parsed
from yett.identity.model import Person, is_name

KEYS = (
    "name",
    "id",
    "display_name",
    "email",
    "groups",
    "uid",
    "gid",
    "disabled",
    "password_hash",
    "password_changed",
)
MOST_MISTAKES = 50
MOST_GROUPS = 500
LARGEST_NUMBER = 2**32 - 2
"""Of people and groups on Unix systems; the one above it means nobody."""

_PROPER = "use lower case letters, digits, dots, dashes and underscores, at most 63"
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_HASH = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,171}"
)
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST_MEMORY = 4 << 20
"""In KiB: a hash that asks for more than 4 GiB is a mistake, or an attack on this machine."""


def parse(text: str) -> Parsed:
    """The people of a text. With any mistake there are none, but names it disables are still told."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        return Parsed({}, (f"not TOML: {problem}",), frozenset())
    reader = _Reader()
    reader.read(content)
    users = {} if reader.mistakes else reader.users
    return Parsed(users, tuple(reader.mistakes[:MOST_MISTAKES]), frozenset(reader.disabled))


def password_hash_mistake(text: str) -> str:
    """What is wrong with a password hash; empty when nothing is."""
    if not text:
        return ""
    match = _HASH.fullmatch(text)
    if match is None:
        return "password_hash is not an Argon2id hash; set a password with `yett users passwd`"
    memory, passes, lanes = (int(part) for part in match.groups())
    if not (8 * lanes <= memory <= _MOST_MEMORY and 1 <= passes <= 1000 and 1 <= lanes <= 255):
        return "password_hash asks for an amount of work outside of what is sensible"
    return ""


def display_name_mistake(text: str) -> str:
    """What is wrong with a display name; empty when nothing is."""
    # It ends up in headers and on pages: nothing invisible, nothing that breaks a line.
    if len(text) > 200 or not text.isprintable():
        return "display_name has to be one line of at most 200 printable characters"
    return ""


def email_mistake(text: str) -> str:
    """What is wrong with a mail address; empty when nothing is."""
    if text and (not text.isascii() or not text.isprintable() or not _EMAIL.fullmatch(text)):
        return f"email {text[:80]!r} is not a mail address"
    return ""


def id_mistake(text: str) -> str:
    """What is wrong with the id of an entry; empty when nothing is."""
    if text and not _ID.fullmatch(text):
        return "id is 1 to 64 letters, digits, dots, dashes and underscores; leave it as `yett users add` wrote it"
    return ""


def instant_mistake(text: str) -> str:
    """What is wrong with the time of a change of password; empty when nothing is."""
    if text and not math.isfinite(instant_of(text)):
        return "password_changed has to be a time with its offset, as 2026-01-31T12:00:00+00:00"
    return ""


def instant_of(text: str) -> float:
    """Seconds since the epoch; infinite for a text that says no such time."""
    try:
        found = datetime.fromisoformat(text)
        seconds = found.timestamp() if found.tzinfo is not None else -1.0
    except (ValueError, OverflowError):
        return math.inf
    return seconds if seconds >= 0 else math.inf


class _Reader:
    """Walks the parsed TOML and keeps everything it finds, right or wrong."""

    def __init__(self) -> None:
        self.users: dict[str, LocalUser] = {}
        self.mistakes: list[str] = []
        self.disabled: set[str] = set()
        self._ids: set[str] = set()

    def read(self, content: Mapping[str, Any]) -> None:
        for key in content:
            if key != "user":
                self._say("", f"unknown key {key!r}{_nearest(key, ('user',))}")
        entries = content.get("user", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self._say("", "people are written as [[user]] tables")
            return
        for number, entry in enumerate(entries, 1):
            self._read_user(number, entry)

    def _read_user(self, number: int, entry: dict[str, Any]) -> None:
        name = entry.get("name")
        where = f"user {number}" + (f" ({name[:64]!r})" if isinstance(name, str) else "")
        for key in entry:
            if key not in KEYS:
                self._say(where, f"unknown key {key!r}{_nearest(key, KEYS)}")
        if isinstance(name, str) and entry.get("disabled", False) is not False:
            # Whatever else is wrong here: somebody meant to switch this person off.
            self.disabled.add(name.strip().lower())
        if not isinstance(name, str):
            self._say(where, "has no name")
            return
        if not is_name(name):
            self._say(where, f"{name[:64]!r} is not a name: {_PROPER}")
            return
        if name in self.users:
            self._say(where, "this name is taken by an earlier user")
            return
        is_disabled = entry.get("disabled", False)
        if not isinstance(is_disabled, bool):
            self._say(where, "disabled is true or false")
            is_disabled = True
        person = Person(
            name=name,
            display_name=self._text(where, entry, "display_name", display_name_mistake) or name,
            email=self._text(where, entry, "email", email_mistake),
            groups=self._groups(where, entry.get("groups", [])),
            is_disabled=is_disabled,
            source=SOURCE,
            id=self._id(where, entry),
            uid=self._number(where, entry, "uid"),
            gid=self._number(where, entry, "gid"),
        )
        password_hash = self._text(where, entry, "password_hash", password_hash_mistake)
        changed = self._text(where, entry, "password_changed", instant_mistake)
        self.users[name] = LocalUser(person, password_hash, instant_of(changed) if changed else 0.0)

    def _text(self, where: str, entry: dict[str, Any], key: str, check: Callable[[str], str]) -> str:
        value = entry.get(key, "")
        if not isinstance(value, str):
            self._say(where, f"{key} is a text")
            return ""
        if mistake := check(value):
            self._say(where, mistake)
        return value

    def _id(self, where: str, entry: dict[str, Any]) -> str:
        found = self._text(where, entry, "id", id_mistake)
        if found and found in self._ids:
            self._say(where, "this id is an earlier user's: whoever copies an entry leaves the id out")
        self._ids.add(found)
        return found

    def _number(self, where: str, entry: dict[str, Any], key: str) -> int | None:
        value = entry.get(key)
        if value is None or (type(value) is int and 0 <= value <= LARGEST_NUMBER):
            return value
        self._say(where, f"{key} is a number from 0 to {LARGEST_NUMBER}")
        return None

    def _groups(self, where: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(group, str) for group in value):
            self._say(where, "groups is a list of names")
            return ()
        if len(value) > MOST_GROUPS:
            self._say(where, f"groups has more than {MOST_GROUPS} names")
            return ()
        for group in value:
            if not is_name(group):
                self._say(where, f"group {group[:64]!r} is not a name: {_PROPER}")
        return tuple(sorted(set(value)))

    def _say(self, where: str, mistake: str) -> None:
        self.mistakes.append(f"{where}: {mistake}" if where else mistake)


def _nearest(key: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"
