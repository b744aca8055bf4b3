"""Answers that were given, for as long as they are good, and only so many."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """What is known by name, each for a time of its own. When it is full, the oldest goes."""

    __slots__ = ("_entries", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[str, tuple[float, T]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: str, now: float) -> T | None:
        """What is known, if it is still good."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if now >= entry[0]:
            del self._entries[name]
            return None
        return entry[1]

    def put(self, name: str, value: T, until: float) -> None:
        """Know something until then."""
        self._entries.pop(name, None)
        if len(self._entries) >= self._most:
            del self._entries[next(iter(self._entries))]
        self._entries[name] = (until, value)
