"""Conditions on single fields of an entry: `status>=500`, `groups_held=staff`, `reason`.

A condition is asked twice, like the query it belongs to: `needles` for the bytes that a matching
line surely holds, `holds` for the entry itself.
"""

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

import msgspec

from yett.events.comparing import Operator, Test, is_only_text, number_in, test_for, value_of
from yett.events.declare import catalogue

CARRIED = (
    "time",
    "level",
    "audit",
    "component",
    "msg",
    "code",
    "node",
    "seq",
    "chain",
    "server.request.id",
    "trace.id",
    "session.ref",
    "auth.user_id",
    "server.request.client_ip",
)
"""What any record may carry besides its event's own fields."""

_SHORT = {
    "user": "auth.user_id",
    "session": "session.ref",
    "request": "server.request.id",
    "trace": "trace.id",
    "message": "msg",
}
"""Other names that people use; a field that is really called so comes first."""

_WRITTEN = re.compile(
    r"""\s*(?:"(?P<exact>[^"]+)"|(?P<name>[A-Za-z_][\w.-]*))\s*(?:(?P<operator>!=|<=|>=|=|~|<|>)(?P<value>.*))?""",
    re.DOTALL,
)
_LONGEST = 2000
_REMEMBERED = 100_000
_LONGEST_NUMBER = 40
_NUMERIC = frozenset(b"-0123456789")
"""What a number in JSON begins with."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What one field has to be. Raises ValueError for a value that the operator cannot compare with.

    A list meets a condition when one of its entries does. `!=` is met by a field that is there and is
    something else (in a list: by none of its entries being it).
    """

    field: str
    operator: Operator
    value: str = ""
    _test: Test = attribute(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "operator", Operator(self.operator))
        put(self, "_test", test_for(self.operator, self.value))

    def holds(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry meets it."""
        value = value_of(entry, self.field)
        if value is None:
            return False
        if isinstance(value, list):
            if self.operator is Operator.IS_NOT:
                return all(map(self._test, value))
            return bool(value) if self.operator is Operator.IS_THERE else any(map(self._test, value))
        return self._test(value)

    def needles(self) -> tuple[bytes, ...]:
        """Bytes that every flat line with a matching entry holds, the rarest first."""
        found = [encoded(self.field)]
        if self.operator is Operator.IS and self.value and is_only_text(self.value):
            found.insert(0, encoded(self.value))
        return tuple(found)

    def sieve(self) -> "Sieve | None":
        """What tells from a number's own bytes that a line cannot match; None where numbers do not matter."""
        compares = self.operator not in {Operator.HOLDS, Operator.IS_THERE}
        return Sieve(self.field, self._test) if compares and number_in(self.value) is not None else None

    def __str__(self) -> str:
        return (
            self.field if self.operator is Operator.IS_THERE else f"{self.field}{self.operator}{self.value}"
        )


class Sieve:
    """Looks at a field's value in a line without decoding the line.

    It says no only of numbers, which end at a comma or a brace; of anything else it does not know.
    """

    def __init__(self, field: str, test: Test) -> None:
        self.pattern = re.compile(re.escape(encoded(field)) + rb":([^,}]{1,%d})" % _LONGEST_NUMBER)
        self._test = test
        self._known: dict[bytes, bool] = {}

    def passes(self, value: bytes) -> bool:
        """Whether what the pattern found may belong to a line that matches."""
        if value[0] not in _NUMERIC or len(value) == _LONGEST_NUMBER:
            # Texts are not remembered: strangers choose them, and how long they are.
            return True
        answer = self._known.get(value)
        if answer is None:
            number = number_in(value.decode("utf-8", "replace"))
            answer = number is None or self._test(number)
            if len(self._known) < _REMEMBERED:
                self._known[value] = answer
        return answer


def parse_condition(text: str, known: Collection[str] | None = None) -> Condition:
    """A condition as people write it. Raises ValueError, which says what is wrong and what would be right.

    `known` are the names there are, None to take any. A name in double quotes is taken as it is.
    """
    found = _WRITTEN.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(
            f"{text[:100]!r} is no condition: write a field, one of = != ~ < > <= >= and a value, "
            "or a field alone for records that have it"
        )
    name = found["exact"] or found["name"]
    if known is not None and not found["exact"]:
        name = field_named(name, known)
    operator = Operator(found["operator"] or Operator.IS_THERE)
    return Condition(name, operator, (found["value"] or "").strip())


def known_fields() -> frozenset[str]:
    """The names of all fields that a record of ours can have, by what is declared at this moment."""
    declared = (each.name for event in catalogue.events.values() for each in event.fields)
    return frozenset(CARRIED).union(declared)


def field_named(name: str, known: Collection[str]) -> str:
    """The field that somebody means: by its name, a usual other name, or the end of a dotted one.

    Raises ValueError, naming what is near.
    """
    if name in known:
        return name
    if name in _SHORT:
        return _SHORT[name]
    ends = sorted(each for each in known if each.endswith(f".{name}"))
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise ValueError(f"{name!r} could be {' or '.join(ends)}")
    near = _nearest(name, known)
    hint = f"did you mean {near}?" if near else "`yett reference log` lists all"
    raise ValueError(f"no record has a field {name!r}; {hint}")


def _nearest(name: str, known: Collection[str]) -> str:
    by_end = {each.rpartition(".")[2]: each for each in known} | _SHORT | {each: each for each in known}
    found = difflib.get_close_matches(name[:100].lower(), list(by_end), n=1, cutoff=0.6)
    return by_end[found[0]] if found else ""


def encoded(text: str) -> bytes:
    """A text as it stands in a line, with its quotes."""
    # Text from a command line may hold lone surrogates; no record does.
    return msgspec.json.encode(text.encode("utf-8", "backslashreplace").decode())
