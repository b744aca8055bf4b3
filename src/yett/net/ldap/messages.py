"""Messages of LDAP (RFC 4511): requests to bytes, bytes to answers."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from yett.net.ldap import ber
from yett.net.ldap.ber import BadBER, Reader

PAGED = "1.2.840.113556.1.4.319"
"""Results in pages (RFC 2696)."""
POLICY = "1.3.6.1.4.1.42.2.27.8.5.1"
"""What the server's password policy says (draft-behera-ldap-password-policy)."""
EXPIRED = "2.16.840.1.113730.3.4.4"
"""The older word of Netscape's servers for an expired password."""
STARTTLS = "1.3.6.1.4.1.1466.20037"
PASSWORD_MODIFY = "1.3.6.1.4.1.4203.1.11.1"  # noqa: S105 - names an operation (RFC 3062)
_DISCONNECTION = b"1.3.6.1.4.1.1466.20036"

_BIND, _UNBIND, _SEARCH, _MODIFY, _EXTENDED = 0x60, 0x42, 0x63, 0x66, 0x77
_ENTRY, _CONTROLS = 0x64, 0xA0
_RESULTS = {0x61, 0x65, 0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x78}
"""Answers that are, or begin with, a result."""


class Code(enum.IntEnum):
    """Result codes that something here depends on (RFC 4511, appendix A)."""

    SUCCESS = 0
    OPERATIONS_ERROR = 1
    TIME_LIMIT = 3
    SIZE_LIMIT = 4
    CONFIDENTIALITY_REQUIRED = 13
    CONSTRAINT_VIOLATION = 19
    NO_SUCH_OBJECT = 32
    INVALID_CREDENTIALS = 49
    INSUFFICIENT_ACCESS = 50
    BUSY = 51
    UNAVAILABLE = 52
    UNWILLING = 53


class Scope(enum.IntEnum):
    """How far below its base a search looks."""

    BASE = 0
    ONE_LEVEL = 1
    SUBTREE = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its name, and values by the attribute's name in lower case."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Result:
    """How an operation ended. `diagnostic` is the server's own text, unfit for people and for logs as it is."""

    code: int
    diagnostic: str = field(default="", repr=False)
    controls: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    is_disconnection: bool = False


Answer = Entry | Result | None
"""None is something that may be passed over: a reference to another server, an intermediate answer."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an entry."""

    kind: int
    attribute: str
    values: tuple[bytes, ...]

    ADD = 0
    DELETE = 1
    REPLACE = 2


# Requests.


def message(number: int, operation: bytes, controls: Iterable[bytes] = ()) -> bytes:
    """An operation as one message."""
    extra = b"".join(controls)
    return ber.sequence(ber.integer(number), operation, ber.tlv(_CONTROLS, extra) if extra else b"")


def control(oid: str, value: bytes | None = None, *, is_critical: bool = False) -> bytes:
    """A control of a request."""
    return ber.sequence(
        ber.octets(oid),
        ber.boolean(True) if is_critical else b"",
        b"" if value is None else ber.octets(value),
    )


def page(size: int, cookie: bytes) -> bytes:
    """The control that asks for one more page."""
    return control(PAGED, ber.sequence(ber.integer(size), ber.octets(cookie)), is_critical=True)


def bind(dn: str, password: str) -> bytes:
    """A simple bind."""
    return ber.sequence(ber.integer(3), ber.octets(dn), ber.octets(password, 0x80), tag=_BIND)


def unbind() -> bytes:
    """The end of a connection."""
    return ber.tlv(_UNBIND, b"")


def search(
    base: str, scope: Scope, wanted: bytes, attributes: Iterable[str], *, time_limit: int, size_limit: int = 0
) -> bytes:
    """A search that follows no aliases; `wanted` is a compiled filter."""
    return ber.sequence(
        ber.octets(base),
        ber.integer(scope, ber.ENUMERATED),
        ber.integer(0, ber.ENUMERATED),
        ber.integer(size_limit),
        ber.integer(time_limit),
        ber.boolean(False),
        wanted,
        ber.sequence(*(ber.octets(each) for each in attributes)),
        tag=_SEARCH,
    )


def modify(dn: str, changes: Iterable[Change]) -> bytes:
    """A change of one entry."""
    listed = (
        ber.sequence(
            ber.integer(each.kind, ber.ENUMERATED),
            ber.sequence(
                ber.octets(each.attribute),
                ber.sequence(*(ber.octets(value) for value in each.values), tag=ber.SET),
            ),
        )
        for each in changes
    )
    return ber.sequence(ber.octets(dn), ber.sequence(*listed), tag=_MODIFY)


def extended(oid: str, value: bytes | None = None) -> bytes:
    """An extended operation."""
    return ber.sequence(
        ber.octets(oid, 0x80), b"" if value is None else ber.octets(value, 0x81), tag=_EXTENDED
    )


def password_modify(dn: str, old: str, new: str) -> bytes:
    """A change of password (RFC 3062)."""
    value = ber.sequence(ber.octets(dn, 0x80), ber.octets(old, 0x81), ber.octets(new, 0x82))
    return extended(PASSWORD_MODIFY, value)


# Answers.


def parse(data: bytes) -> tuple[int, Answer]:
    """The number and the content of one whole message. Raises BadBER."""
    outer = Reader(data).inside()
    number = outer.integer()
    tag = outer.tag
    if tag is None:
        raise BadBER("a message without an operation")
    begin, end = outer.take(tag)
    if tag == _ENTRY:
        return number, _entry(data, begin, end)
    if tag not in _RESULTS:
        return number, None
    controls = _controls(outer.inside(_CONTROLS)) if outer.tag == _CONTROLS else {}
    return number, _result(Reader(data, begin, end), controls)


def _entry(data: bytes, begin: int, end: int) -> Entry:
    reader = Reader(data, begin, end)
    dn = reader.text()
    begin, end = reader.take(ber.SEQUENCE)
    attributes: dict[str, tuple[bytes, ...]] = {}
    for tag, start, stop in ber.items(data, begin, end):
        parts = list(ber.items(data, start, stop))
        if tag != ber.SEQUENCE or [part[0] for part in parts] != [ber.OCTETS, ber.SET]:
            raise BadBER("an attribute that is none")
        name = data[parts[0][1] : parts[0][2]].decode("ascii", "replace").lower()
        attributes[name] = tuple(bytes(data[a:b]) for _, a, b in ber.items(data, parts[1][1], parts[1][2]))
    return Entry(dn, attributes)


def _result(reader: Reader, controls: Mapping[str, bytes]) -> Result:
    code = reader.integer(ber.ENUMERATED)
    reader.octets()
    diagnostic = reader.octets().decode("utf-8", "replace")
    is_disconnection = False
    while (tag := reader.tag) is not None:
        value = reader.octets(tag)
        is_disconnection |= tag == 0x8A and value == _DISCONNECTION
    return Result(code, diagnostic, controls, is_disconnection)


def _controls(reader: Reader) -> dict[str, bytes]:
    found = {}
    while reader.tag is not None:
        one = reader.inside()
        oid = one.text()
        if one.tag == ber.BOOLEAN:
            one.octets(ber.BOOLEAN)
        found[oid] = one.octets() if one.tag is not None else b""
    return found


def next_page(result: Result) -> bytes:
    """The cookie with which the next page is asked for; empty after the last."""
    if PAGED not in result.controls:
        return b""
    reader = Reader(result.controls[PAGED]).inside()
    reader.integer()
    return reader.octets()


class PolicyError(enum.IntEnum):
    """What is wrong with a password, by the server's policy."""

    EXPIRED = 0
    LOCKED = 1
    CHANGE_AFTER_RESET = 2
    NOT_ALLOWED = 3
    OLD_REQUIRED = 4
    QUALITY = 5
    TOO_SHORT = 6
    TOO_YOUNG = 7
    IN_HISTORY = 8
    TOO_LONG = 9


@dataclass(frozen=True, slots=True)
class Policy:
    """What a server says about a password besides whether it was right."""

    error: PolicyError | None = None
    grace_left: int | None = None
    is_clear: bool = True
    """Whether what it says could be read."""


def policy_of(result: Result) -> Policy:
    """The policy's answer, or that there is one which cannot be read. Raises nothing."""
    try:
        reader = Reader(result.controls.get(POLICY, b"\x30\x00")).inside()
        grace = error = None
        if reader.tag == 0xA0:
            warning = reader.inside(0xA0)
            if warning.tag == 0x81:
                grace = warning.integer(0x81)
        if reader.tag == 0x81:
            error = PolicyError(reader.integer(0x81))
    except ValueError:
        return Policy(is_clear=False)
    if error is None and EXPIRED in result.controls:
        error = PolicyError.EXPIRED
    return Policy(error, grace)
