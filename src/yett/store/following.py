"""What a node keeps in its own memory of some records, in step with the store.

What must stay true:
  the watch is opened before the first reading, so nothing falls between the two;
  whatever interrupts following (changes that came too fast, a store that is away, a fault of whoever hears of
  them), everything is read anew before it goes on.
"""

from collections.abc import Awaitable, Callable

from yett.store.records import Change, Changes, Records
from yett.store.watch import WatchOverrun


class Follower:
    """Follows the records below a prefix for somebody who has a memory of them.

    `load` makes that memory what the store is, `hear` takes in one change, `missed` is told that changes were lost.
    """

    __slots__ = ("_changes", "_hear", "_is_current", "_load", "_missed", "_prefix", "_records")

    def __init__(
        self,
        records: Records,
        prefix: str,
        *,
        load: Callable[[], Awaitable[object]],
        hear: Callable[[Change], Awaitable[None] | None],
        missed: Callable[[], None] | None = None,
    ) -> None:
        self._records = records
        self._prefix = prefix
        self._load = load
        self._hear = hear
        self._missed = missed
        self._changes: Changes | None = None
        self._is_current = False

    async def open(self) -> None:
        """Watch from now on, and load. What that raises goes on to the caller; the watch stays."""
        self.watch()
        await self.load()

    def watch(self) -> None:
        """Watch from now on; `follow` loads, if nobody does before."""
        self._changes = self._records.watch(self._prefix)
        self._is_current = False

    async def load(self) -> None:
        """Make the memory what the store is now."""
        await self._load()
        self._is_current = True

    async def close(self) -> None:
        """End the watch; `follow` returns."""
        changes, self._changes = self._changes, None
        if changes is not None:
            await changes.aclose()

    async def follow(self) -> None:
        """Hear of changes until the watch is closed. Whatever is raised, it may be called again, and goes on."""
        while self._changes is not None:
            if not self._is_current:
                await self.load()
            # Until proven otherwise: whatever ends the loop below, something may have been missed.
            self._is_current = False
            try:
                async for change in self._changes:
                    waiting = self._hear(change)
                    if waiting is not None:
                        await waiting
            except WatchOverrun:
                if self._missed is not None:
                    self._missed()
                continue
            return
