"""Choosing among mappings of the same path by method, header fields and query.

The path alone decides where a request belongs; what is not taken there goes nowhere else. So a
condition that fails never leads to a mapping with a shorter path and a laxer rule. Clients choose
their header and query freely: conditions sort requests, they prove nothing.
"""

import enum
from dataclasses import dataclass
from urllib.parse import parse_qsl

from yett.net.http import Request

_MOST_PARAMETERS = 1000


class Comparison(enum.Enum):
    """How a value is compared."""

    PRESENT = "present"
    ABSENT = "absent"
    EQUALS = "equals"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that a request has to carry. A value that is there several times has to fit each time."""

    name: str
    """In lower case for a header field, whose names are compared so."""
    comparison: Comparison
    value: str = ""

    def holds(self, values: list[str]) -> bool:
        """Whether these values of the field or parameter do."""
        match self.comparison:
            case Comparison.ABSENT:
                return not values
            case Comparison.EQUALS:
                return bool(values) and all(value == self.value for value in values)
            case Comparison.PREFIX:
                return bool(values) and all(value.startswith(self.value) for value in values)
        return bool(values)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one mapping asks of a request besides host and path."""

    methods: frozenset[bytes] = frozenset()
    """Empty for all; where GET is, HEAD is, too."""
    fields: tuple[Condition, ...] = ()
    query: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.methods or self.fields or self.query)

    @property
    def rank(self) -> tuple[int, bool]:
        """Whoever asks for more is asked first; among those, whoever names methods."""
        return -len(self.fields) - len(self.query), not self.methods

    def hold(self, request: Request) -> bool:
        """Whether the request carries everything; its method is another question."""
        if not all(each.holds(_values(request, each.name)) for each in self.fields):
            return False
        if not self.query:
            return True
        parameters = _parameters(request.target)
        return parameters is not None and all(
            each.holds([value for name, value in parameters if name == each.name]) for each in self.query
        )


@dataclass(frozen=True, slots=True)
class WrongMethod:
    """There is something here, and this method cannot be used on it."""

    allow: bytes
    """The value of Allow (RFC 9110, section 10.2.1)."""


def allowed(methods: frozenset[bytes]) -> bytes:
    """The value of Allow for these methods."""
    return b", ".join(sorted(methods))


def _values(request: Request, name: str) -> list[str]:
    """Every value of a header field; a name with "_" counts too, since upstreams take it for "-"."""
    found = []
    for line in request.lines:
        each, _, value = line.partition(b":")
        if each.decode("latin-1").lower().replace("_", "-") == name:
            found.append(value.strip(b" \t").decode("latin-1"))
    return found


def _parameters(target: bytes) -> list[tuple[str, str]] | None:
    """The parameters of a query, decoded once; None when there are too many to look at."""
    query = target.partition(b"?")[2].decode("ascii", "replace")
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return None
