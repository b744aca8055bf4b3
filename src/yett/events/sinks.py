"""The newest records, in memory. Where else records go: the journal, and `outputs`."""

import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from yett.events.dialects import Native, Unwritable
from yett.events.pipeline import Record
from yett.events.query import Query


class Ring:
    """The newest records, in memory. It answers the same queries as the journal."""

    def __init__(self, size: int, *, node: str = "") -> None:
        self._records: deque[Record] = deque(maxlen=size)
        self._node = node

    def write(self, records: list[Record]) -> None:
        self._records.extend(records)

    def close(self) -> None:
        """Keep what is there: it may still be asked for."""

    def __len__(self) -> int:
        return len(self._records)

    def search(self, query: Query) -> Iterator[dict[str, Any]]:
        """The records that match, in the order asked for."""
        native = Native(self._node)
        records = list(self._records)
        if query.is_newest_first:
            records.reverse()
        left = query.limit
        for record in records:
            with contextlib.suppress(Unwritable):
                entry = msgspec.json.decode(native.line(record))
                if query.matches(entry):
                    yield entry
                    left -= 1
                    if not left:
                        return
