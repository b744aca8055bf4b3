"""The JSON of ssoca. Our own names for fields are ssoca's, so little has to be said.

Levels are spelt as its reference spells them; its logger writes them in lower case, which is read as well.
"""

from typing import Any

import msgspec

from yett.events.dialects import severity
from yett.events.dialects.entry import Entry, Unreadable, Unwritable
from yett.events.dialects.names import Names, put
from yett.events.dialects.reading import entry_of, flattened, instant_of, object_of

_WORDS = {"ERROR": "ERROR", "WARN": "WARN", "INFO": "INFO", "DEBUG": "DEBUG", "TRACE": "TRACE"}
_NAMES = Names({name: name for name in ("time", "level", "audit", "component", "msg", "code")})
_encode = msgspec.json.Encoder().encode

_KNOWN = (
    ("Signed ssh certificate", "signed_ssh"),
    ("Signed x509 certificate", "signed_x509"),
    ("Finished request", "finished_request"),
    ("Failed to check request auth", "auth_failed"),
    ("Server is ready", "server_ready"),
)


class Ssoca:
    """Both ways."""

    name = "ssoca"

    def write(self, entry: Entry) -> bytes:
        """See `Dialect.write`."""
        word, is_kept = severity.word_of(entry, _WORDS)
        rest = {name: value for name, value in entry.items() if not (is_kept and name == severity.FIELD)}
        out = {"level": word, "msg": rest.pop("msg", ""), "time": rest.pop("time", "")}
        del rest["level"]
        if not out["time"]:
            raise Unwritable("no time")
        try:
            return _encode(out | {_NAMES.outward(name): value for name, value in rest.items()})
        except (TypeError, ValueError, RecursionError) as problem:
            raise Unwritable("a value that has no JSON form") from problem

    def read(self, line: bytes) -> Entry:
        """See `Dialect.read`."""
        return self.understand(object_of(line))

    def understand(self, found: dict[str, Any]) -> Entry:
        """The record that an object tells of. Raises Unreadable."""
        flat = flattened(found)
        level, kept = severity.level_of_word(flat.pop("level", None), _WORDS)
        message = flat.pop("msg", None)
        if not isinstance(message, str):
            raise Unreadable("no msg")
        head: dict[str, Any] = {"time": instant_of(flat.pop("time", None)), "level": level, "msg": message}
        for name, usual in (("component", "ssoca"), ("code", _code_of(message))):
            # With ssoca itself these are fields like any other.
            head[name] = flat.pop(name) if isinstance(flat.get(name), str) else usual
        if flat.get("audit") is True:
            head["audit"] = flat.pop("audit")
        rest: dict[str, Any] = {}
        if kept is not None:
            rest[severity.FIELD] = kept
        for name, value in flat.items():
            put(
                rest,
                f"event.{name}" if name in ("component", "code", "audit") else _NAMES.inward(name),
                value,
            )
        return entry_of(head, rest)


def _code_of(message: str) -> str:
    lower = message.lower()
    return "ssoca." + next((code for start, code in _KNOWN if lower.startswith(start.lower())), "message")
