"""W3C Trace Context: reading what a caller says, and writing what the next one reads.

Read strictly: a value that breaks a rule is treated as if it had not come, and then a new trace
begins (W3C Trace Context, level 1, sections 3.2.2 and 3.3.1). Section numbers below are its.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

SAMPLED = 0x01
_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_KEY = rb"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
_VALUE = rb"[ -+\--<>-~]{0,255}[!-+\--<>-~]"
_MEMBER = re.compile(rb"(" + _KEY + rb")=" + _VALUE)
_MOST_MEMBERS = 32
_LONGEST_STATE = 512
"""Bytes that everybody has to pass on (3.3.1.5). More is not, so that nobody can make heads burst."""


@dataclass(frozen=True, slots=True)
class Parent:
    """Whose child a request is, as its caller says."""

    trace_id: str
    span_id: str
    is_sampled: bool
    state: bytes = b""
    """The tracestate to pass on, checked; empty for none."""


def parse_parent(lines: Sequence[bytes]) -> Parent | None:
    """What the header lines of a request say; None where they say nothing, or nothing that can be believed."""
    parents: list[bytes] = []
    states: list[bytes] = []
    for line in lines:
        # A name begins with "t" in few fields, and most lines are let go at the first byte.
        if line[:1] in {b"t", b"T"}:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"traceparent":
                parents.append(value.strip(b" \t"))
            elif name == b"tracestate":
                states.append(value.strip(b" \t"))
    if len(parents) != 1:
        return None
    found = _TRACEPARENT.fullmatch(parents[0])
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    # Version 255 is forbidden, and only later versions may have more to say (3.2.2.1, 4.3).
    if version == b"ff" or (version == b"00" and more is not None):
        return None
    if not trace_id.strip(b"0") or not span_id.strip(b"0"):
        return None
    return Parent(
        trace_id.decode("ascii"),
        span_id.decode("ascii"),
        bool(int(flags, 16) & SAMPLED),
        _checked_state(states),
    )


def _checked_state(states: Sequence[bytes]) -> bytes:
    """The list of other systems' members; empty when there is none, or when it breaks a rule (3.3.1)."""
    if not states:
        return b""
    members = [member.strip(b" \t") for member in b",".join(states).split(b",")]
    members = [member for member in members if member]
    if len(members) > _MOST_MEMBERS:
        return b""
    keys = set()
    for member in members:
        found = _MEMBER.fullmatch(member)
        if found is None or found[1] in keys:
            return b""
        keys.add(found[1])
    joined = b",".join(members)
    return joined if len(joined) <= _LONGEST_STATE else b""


def lines_of(trace_id: str, span_id: str, *, is_sampled: bool, state: bytes = b"") -> bytes:
    """The header lines for whoever is called next."""
    parent = f"traceparent: 00-{trace_id}-{span_id}-{'01' if is_sampled else '00'}\r\n".encode("ascii")
    return parent + b"tracestate: " + state + b"\r\n" if state else parent
