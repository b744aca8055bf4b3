"""Keeping local memory in step with the store."""

from yett.events import describe
from yett.kernel import Clock
from yett.store import Change, Follower, Record, Records
from yett.tokens import encoding, events
from yett.tokens.mirror import DEEPEST, Entry, Mirror


class Following:
    """Takes in what other nodes do to tokens."""

    def __init__(self, records: Records, mirror: Mirror, clock: Clock) -> None:
        self._records = records
        self._mirror = mirror
        self._clock = clock
        self.follower = Follower(
            records, encoding.TOKENS, load=self.load, hear=self._hear, missed=events.changes_missed
        )
        self.unsettled: set[str] = set()
        """Tokens whose last change was interrupted before its history was told of it."""

    async def open(self) -> None:
        """Open the watch and load every token. Raises StoreUnavailable."""
        await self.follower.open()
        await self._load_uses()

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
