"""The native dialect: one JSON object on one line.

Search relies on two things here: every line begins with the time and the level, both at fixed
places, and a value is always written in the same bytes.
"""

import enum
import time
from collections.abc import Callable
from typing import Any

import msgspec

from yett.events.declare import Declaration, console
from yett.events.dialects.entry import Entry, Unreadable, Unwritable
from yett.events.dialects.reading import HEAD, entry_of, flattened, instant_of, object_of, ordered
from yett.events.pipeline import Record

TIME_AT = slice(9, 36)
"""Where the time stands in a line."""

not_written = console(
    "Failed to marshal log entry: %s",
    stream="stderr",
    advice=(
        "A record holds a value that cannot be written as JSON. The record is lost; an audit record "
        "counts as one that could not be written down. Report the event that the line names."
    ),
)

_encode = msgspec.json.Encoder().encode
_FAULTS = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


def instant(nanoseconds: int) -> str:
    """An instant as RFC 3339 writes it, in UTC, with microseconds."""
    second, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(second))}.{rest // 1000:06d}Z"


class Native:
    """Writes records of one node. Not for several threads at once: each thread has its own."""

    def __init__(self, node: str = "") -> None:
        self._node = node
        self._batch: list[Record] = []
        self._lines = b""
        self._known: dict[Declaration, tuple[bytes, Callable[..., Any]]] = {}
        self._second = -1
        self._stamp = b""

    def line(self, record: Record) -> bytes:
        """The record without a line break at its end. Raises Unwritable."""
        declaration, at, request_id, trace_id, session, user, client_address, values = record
        head, make = self._known.get(declaration) or self._learn(declaration)
        second, rest = divmod(at, 1_000_000_000)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime('{"time":"%Y-%m-%dT%H:%M:%S', time.gmtime(second)).encode()
        fields = make(request_id, trace_id, session, user, client_address, *values)
        try:
            body = _encode(fields)
        except _FAULTS:
            body = self._repaired(declaration, fields)
        if body == b"{}":
            return b"%b.%06dZ%b}" % (self._stamp, rest // 1000, head)
        return b"%b.%06dZ%b,%b" % (self._stamp, rest // 1000, head, body[1:])

    def lines(self, records: list[Record]) -> bytes:
        """Many records, each with its line break. One that has no JSON form is reported and left out.

        The newest batch is remembered: several outputs are often handed the very same list.
        """
        if records is self._batch:
            return self._lines
        parts: list[bytes] = []
        for record in records:
            try:
                parts.append(self.line(record))
            except Unwritable as problem:
                not_written(problem)
        if parts:
            parts.append(b"")
        self._batch, self._lines = records, b"\n".join(parts)
        return self._lines

    def _learn(self, declaration: Declaration) -> tuple[bytes, Callable[..., Any]]:
        """What stands between the time and the fields, and what makes the fields of a record."""
        names = tuple(field.name for field in declaration.fields)
        head: dict[str, Any] = {"level": declaration.level.name}
        if declaration.audit:
            head["audit"] = True
        head |= {"component": declaration.component, "msg": declaration.message, "code": declaration.code}
        if self._node and "node" not in names:
            head["node"] = self._node
        known = self._known[declaration] = (b'",' + _encode(head)[1:-1], _shape(names))
        return known

    def _repaired(self, declaration: Declaration, fields: Any) -> bytes:
        """The fields with what JSON cannot say spelt in text.

        Bytes of a request that are no UTF-8 arrive as lone surrogates. Whoever sends them must
        not be able to keep a record from being written.
        """
        kind = type(fields)
        try:
            return _encode(kind(*(_plain(getattr(fields, name)) for name in kind.__struct_fields__)))
        except _FAULTS as problem:
            raise Unwritable(f"{declaration.code}: {problem}") from None


class NativeDialect:
    """Entries as the journal holds them; what other dialects are turned into, to be searched."""

    name = "native"

    def write(self, entry: Entry) -> bytes:
        """See `Dialect.write`."""
        try:
            return _encode(ordered(entry))
        except _FAULTS:
            raise Unwritable("a value that has no JSON form") from None

    def read(self, line: bytes) -> Entry:
        """See `Dialect.read`."""
        return self.understand(object_of(line))

    def understand(self, found: dict[str, Any]) -> Entry:
        """The record that an object tells of. Raises Unreadable."""
        if "time" not in found or "msg" not in found:
            raise Unreadable("no time or no message")
        head = {name: found.pop(name, None) for name in HEAD}
        head["time"] = instant_of(head["time"])
        if head["audit"] not in (None, True):
            raise Unreadable("an audit mark that is not true")
        return entry_of(head, flattened(found))


_SCOPE = (
    "server.request.id",
    "trace.id",
    "session.ref",
    "auth.user_id",
    "server.request.client_ip",
)


def _shape(names: tuple[str, ...]) -> Callable[..., Any]:
    """A structure that is written as the fields of one event: what the scope knows, then the event's own.

    It is written in half the time of a dict. What the scope does not know (an empty text) is left
    out, and so is what the scope knows under the name of a field of the event's own.
    """
    scope = [(f"s{place}", name) for place, name in enumerate(_SCOPE)]
    own = [(f"f{place}", name) for place, name in enumerate(names)]
    fields: list[tuple[str, Any, Any]] = [(attribute, Any, "") for attribute, _ in scope]
    fields += [(attribute, Any, msgspec.UNSET) for attribute, _ in own]
    rename = {attribute: name if name not in names else f"-{name}" for attribute, name in scope}
    made = msgspec.defstruct(
        "Fields", fields, omit_defaults=True, rename=rename | dict(own), gc=False, frozen=True
    )
    hidden = [place for place, name in enumerate(_SCOPE) if name in names]
    if not hidden:
        return made

    def make(*values: Any) -> Any:
        seen = list(values)
        for place in hidden:
            seen[place] = ""
        return made(*seen)

    return make


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, (tuple, list, frozenset)):
        return [_plain(each) for each in value]
    return value
