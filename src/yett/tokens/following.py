"""Keeping local memory in step with the store.

The watch is opened before the first listing, so nothing falls between the two. Whatever interrupts
following, everything is listed anew before it goes on.
"""

from yett.events import describe
from yett.kernel import Clock
from yett.store import Change, Changes, Record, Records, WatchOverrun
from yett.tokens import encoding, events
from yett.tokens.mirror import DEEPEST, Entry, Mirror


class Following:
    """Takes in what other nodes do to tokens."""

    def __init__(self, records: Records, mirror: Mirror, clock: Clock) -> None:
        self._records = records
        self._mirror = mirror
        self._clock = clock
        self._changes: Changes | None = None
        self._is_stale = True
        self.unsettled: set[str] = set()
        """Tokens whose last change was interrupted before its history was told of it."""

    async def open(self) -> None:
        """Open the watch and load every token. Raises StoreUnavailable."""
        self._changes = self._records.watch(encoding.TOKENS)
        self._is_stale = True
        await self.load()
        await self._load_uses()

    async def close(self) -> None:
        """End the watch."""
        if self._changes is not None:
            await self._changes.aclose()
            self._changes = None

    async def follow(self) -> None:
        """Take in changes until the watch is closed."""
        while self._changes is not None:
            if self._is_stale:
                await self.load()
            # Until proven otherwise: whatever ends the loop below, something may have been missed.
            self._is_stale = True
            try:
                async for change in self._changes:
                    self._hear(change)
            except WatchOverrun:
                events.changes_missed()
                continue
            return

    async def load(self) -> None:
        """Make local memory what the store is now."""
        before = list(self._mirror)
        listed = set()
        for key, record in await self._records.list(encoding.TOKENS):
            name = key.removeprefix(encoding.TOKENS)
            listed.add(name)
            if self.take_in(name, record, is_listed=True) is None:
                # It has ended, or can no longer be read: either way it is not good here.
                self._mirror.bury(name, self._clock.now())
        for entry in before:
            if entry.data.key not in listed and self._mirror.entries.get(entry.data.key) is entry:
                self._mirror.bury(entry.data.key, self._clock.now())
        self._is_stale = False
        events.loaded(tokens=len(self._mirror))

    async def _load_uses(self) -> None:
        for key, record in await self._records.list(encoding.USES):
            entry = self._mirror.entries.get(key.removeprefix(encoding.USES))
            if entry is not None and entry.use is None:
                entry.use = encoding.decode_use(record.value)

    def take_in(self, key: str, record: Record, *, is_listed: bool = False) -> Entry | None:
        """Make a stored token known here; None when it is over or cannot be read."""
        try:
            stored = encoding.decode(key, record.value)
        except encoding.Unreadable as problem:
            events.record_unreadable(token_key=key, error=describe(problem))
            return None
        if is_listed and (stored.is_ended or stored.unlogged is not None):
            # What is heard of by the watch is somebody's work in progress; what was lying there is not.
            self.unsettled.add(key)
        return self._mirror.adopt(stored, record.version)

    async def fetch(self, key: str) -> Entry | None:
        """A token that is not known here yet, with those above it. Raises StoreUnavailable."""
        found: Entry | None = None
        wanted = key
        for _ in range(DEEPEST):
            if not wanted or wanted in self._mirror.entries or self._mirror.is_buried(wanted):
                break
            record = await self._records.get(encoding.token_key(wanted))
            entry = self.take_in(wanted, record) if record is not None else None
            if entry is None:
                break
            found = entry if wanted == key else found
            wanted = entry.data.parent
        return found

    async def renew(self, key: str) -> None:
        """Take in what the store has of a token that is known here. Raises StoreUnavailable."""
        record = await self._records.get(encoding.token_key(key))
        if record is not None:
            self.take_in(key, record)

    def _hear(self, change: Change) -> None:
        key = change.key.removeprefix(encoding.TOKENS)
        if change.record is None or self.take_in(key, change.record) is None:
            self._mirror.bury(key, self._clock.now())
