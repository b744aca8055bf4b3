"""The one interface to everything that is kept.

Keys are text such as "sessions/5f2a…", at most 512 characters; values are bytes, at most 1 MiB.
Versions grow with every write of a key. An expired record is gone for every operation at the
instant it expires, whatever sweeping comes later.
"""

import enum
from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

MAX_KEY = 512
MAX_VALUE = 1 << 20


class Record(NamedTuple):
    """A kept value."""

    value: bytes
    version: int
    expires_at: float | None
    """Seconds since the epoch; None for ever."""


class Change(NamedTuple):
    """Something that happened to a key; `record` is None when it was deleted or taken."""

    key: str
    record: Record | None


class Consistency(enum.Enum):
    """What a write waits for. A single node gives both at once."""

    BEST_EFFORT = "best_effort"
    """Accepted here; the others hear of it."""
    QUORUM = "quorum"
    """Written down by a majority before the call returns."""


class StoreUnavailable(Exception):
    """The store could not do what was asked (damaged, full, out of reach). Nothing was changed."""


class Changes(Protocol):
    """Changes as they happen. Whoever watches closes it; after `WatchOverrun` it goes on."""

    def __aiter__(self) -> AsyncIterator[Change]: ...
    async def __anext__(self) -> Change: ...
    async def aclose(self) -> None: ...


class Records(Protocol):
    """Kept values by key. Each method is atomic; StoreUnavailable may come from any of them."""

    async def get(self, key: str) -> Record | None: ...

    async def put(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,
    ) -> int:
        """Write whatever was there before; the new version. `lifetime` is in seconds."""
        ...

    async def create(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,
    ) -> int | None:
        """Write only if there is nothing; the version, or None if there was something."""
        ...

    async def replace(
        self,
        key: str,
        value: bytes,
        *,
        version: int,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,
    ) -> int | None:
        """Write only if the version is still `version`; the new one, or None if it is not."""
        ...

    async def take(self, key: str) -> Record | None:
        """Read and delete at once: of any number of callers exactly one gets the record."""
        ...

    async def delete(self, key: str) -> bool:
        """Whether there was something to delete."""
        ...

    async def list(self, prefix: str) -> list[tuple[str, Record]]:
        """Every live record under a prefix, in key order."""
        ...

    def watch(self, prefix: str) -> Changes:
        """Changes under a prefix from now on; expiry is told too. The watcher closes the iterator.

        A watcher that falls behind gets `WatchOverrun` in place of what was dropped, and lists again.
        """
        ...

    @property
    def is_durable(self) -> bool:
        """Whether what was acknowledged survives the process."""
        ...
