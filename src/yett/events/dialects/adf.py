"""The JSON of ADF: numbered messages with a fixed set of names, which "may be easily converted to RFC 5424".

`ID` is the number of a message in ADF's own list. Our events are told by their code and have none of
those numbers, so 0 stands there, which the list does not use; an event that stands for one of them
carries it in a field named `adf.id` (`fields.AdfNumber`). `res` is only there when the record settles an
operation. ADF says neither when nor how grave: `time`, `severity` (RFC 5424), `host` and `code` are added.
"""

from typing import Any

import msgspec

from yett.events.dialects import severity
from yett.events.dialects.entry import Entry, Unreadable, Unwritable
from yett.events.dialects.meaning import Kind, Outcome, meaning_of
from yett.events.dialects.names import Names, put
from yett.events.dialects.reading import entry_of, flattened, instant_of, object_of

USER, AUDIT = 1, 13
"""Facilities of RFC 5424, section 6.2.1."""

_NAMES = Names(
    {
        "component": "module",
        "code": "code",
        "server.request.id": "OUID",
        "server.request.client_ip": "ip",
        "auth.user_id": "uname",
        "node": "host",
    },
    reserved=("ID", "class", "facility", "severity", "res"),
)
_CLASSES = {True: "audit", False: "event"}
_FAILURES = frozenset({11, 12, 16, 23, 31, 35, 46, 48, 51, 153, 157, 184, 187, 204, 206, 208, 209, 210})
"""Numbers of messages that say that something failed: a database, a mail, a directory."""
_REFUSALS = frozenset(
    {
        10,
        21,
        22,
        28,
        32,
        34,
        38,
        40,
        41,
        49,
        102,
        103,
        104,
        105,
        111,
        121,
        123,
        124,
        133,
        134,
        152,
        182,
        183,
        186,
    }
)
"""Numbers of messages that say that somebody was refused."""
_CRITICAL = 208
_SETTLED = {Outcome.SUCCESS: "SUCCESS", Outcome.FAILURE: "FAILURE"}

_encode = msgspec.json.Encoder().encode


class Adf:
    """Both ways."""

    name = "adf"

    def write(self, entry: Entry) -> bytes:
        """See `Dialect.write`."""
        rest = dict(entry)
        number, is_kept = severity.number_of(entry)
        if is_kept:
            del rest[severity.FIELD]
        is_audit = rest.pop("audit", False) is True
        facility, usual = rest.get("adf.facility"), AUDIT if is_audit else USER
        out: dict[str, Any] = {
            "ID": rest.pop("adf.id") if _is_number(rest.get("adf.id")) else 0,
            "module": rest.pop("component", ""),
            "class": _CLASSES[is_audit],
            "facility": usual,
            "msg": rest.pop("msg", ""),
            "severity": number,
        }
        if type(facility) is int and facility != usual and 0 <= facility <= 23:
            out["facility"] = rest.pop("adf.facility")
        if time := rest.pop("time", ""):
            out["time"] = time
        level = rest.pop("level")
        if level == "TRACE":
            out["level"] = level
        settled = rest.pop("adf.res") if _is_res(rest.get("adf.res"), entry) else _res_of(entry)
        if settled:
            out["res"] = settled
        out |= {_NAMES.outward(name): value for name, value in rest.items()}
        try:
            return _encode(out)
        except (TypeError, ValueError, RecursionError) as problem:
            raise Unwritable("a value that has no JSON form") from problem

    def read(self, line: bytes) -> Entry:
        """See `Dialect.read`."""
        return self.understand(object_of(line))

    def understand(self, found: dict[str, Any]) -> Entry:
        """The record that an object tells of. Raises Unreadable."""
        flat = flattened(found)
        number = flat.pop("ID", None)
        if type(number) is not int or number < 0:
            raise Unreadable("no ID")
        message = flat.pop("msg", None)
        if not isinstance(message, str):
            raise Unreadable("no msg")
        rest: dict[str, Any] = {}
        if number:
            rest["adf.id"] = number
        given = flat.pop("severity", None)
        level, kept = _graded(number) if given is None else severity.level_of_number(given)
        if kept is not None:
            rest[severity.FIELD] = kept
        if level == "DEBUG" and flat.get("level") == "TRACE":
            level = flat.pop("level")
        time = flat.pop("time", "")
        head: dict[str, Any] = {
            "time": instant_of(time) if time else "",
            "level": level,
            "component": flat.pop("module", "adf"),
            "msg": message,
            "code": flat.pop("code", f"adf.{number}"),
        }
        settled = flat.pop("res", None)
        self._put_class(head, rest, flat)
        for name, value in flat.items():
            put(rest, _NAMES.inward(name), value)
        entry = entry_of(head, rest)
        if settled is not None and settled != _res_of(entry):
            put(entry, "adf.res", settled)
        return entry

    def _put_class(self, head: Entry, rest: Entry, flat: dict[str, Any]) -> None:
        kind, facility = flat.pop("class", "event"), flat.pop("facility", None)
        if kind == _CLASSES[True]:
            head["audit"] = True
        elif kind != _CLASSES[False]:
            rest["adf.class"] = kind
        if facility is not None:
            if type(facility) is not int or not 0 <= facility <= 23:
                raise Unreadable("a facility that there is not")
            if facility != (AUDIT if "audit" in head else USER):
                rest["adf.facility"] = facility


def _is_number(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_res(value: Any, entry: Entry) -> bool:
    return isinstance(value, str) and bool(value) and value != _res_of(entry)


def _res_of(entry: Entry) -> str:
    """How the record settles an operation; empty when it does not."""
    meaning = meaning_of(entry)
    return (
        _SETTLED.get(meaning.outcome, "") if meaning.kind in (Kind.SIGN_IN, Kind.PROOF, Kind.ACCOUNT) else ""
    )


def _graded(number: int) -> tuple[str, int | None]:
    """How grave a message of ADF's own is, by its number."""
    if number == _CRITICAL:
        return "ERROR", 2
    return ("ERROR" if number in _FAILURES else "WARN" if number in _REFUSALS else "INFO"), None
