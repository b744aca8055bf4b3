"""Counting what is found, by the values of a field."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from yett.events import texts_of, value_of
from yett.kernel import Table

_MOST = 1_000_000
_NONE, _OTHER = "(none)", "(others)"


class Tally:
    """How often each value occurs. Values beyond a million different ones are counted together."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._counts: Counter[str] = Counter()
        self._others = 0

    def add(self, entry: Mapping[str, Any]) -> None:
        """Count an entry: once for each different thing in a list."""
        value = value_of(entry, self._field)
        for each in {_NONE} if value is None or value == [] else set(texts_of(value)):
            if each in self._counts or len(self._counts) < _MOST:
                self._counts[each] += 1
            else:
                self._others += 1

    def table(self, limit: int) -> Table:
        """The most frequent values first, then by name; 0 means all."""
        rows = sorted(self._counts.items(), key=lambda row: (-row[1], row[0]))
        shown = rows[:limit] if limit else rows
        left = sum(count for _, count in rows[len(shown) :]) + self._others
        if left:
            shown = [*shown, (_OTHER, left)]
        return Table((self._field, "count"), tuple(shown), empty="Nothing found.")
