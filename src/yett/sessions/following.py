"""Keeping local memory in step with the store."""

from yett.events import describe
from yett.kernel import time_of
from yett.sessions import encoding, events, rules
from yett.sessions.endings import Endings
from yett.sessions.extension import Extension
from yett.sessions.index import Index
from yett.sessions.mirror import Entry, Mirror
from yett.sessions.model import EndReason
from yett.sessions.steady import SteadyTime
from yett.store import Change, Follower, Record, Records

_YOUNG = 60.0
"""Seconds during which a listed session without a record may still be in the making."""


class Following:
    """Takes in what other nodes, and other programs with the same store, do."""

    def __init__(
        self,
        records: Records,
        index: Index,
        mirror: Mirror,
        endings: Endings,
        extension: Extension,
        time: SteadyTime,
    ) -> None:
        self._records = records
        self._index = index
        self._mirror = mirror
        self._endings = endings
        self._extension = extension
        self._time = time
        self.follower = Follower(
            records, encoding.SESSIONS, load=self.load, hear=self._hear, missed=events.changes_missed
        )

    async def open(self) -> None:
        """Open the watch and load every session. Raises StoreUnavailable."""
        await self.follower.open()
        await self._mend_index()

    async def load(self) -> None:
        """Make local memory what the store is now."""
        before = list(self._mirror.entries.values())
        found = await self._records.list(encoding.SESSIONS)
        listed = set()
        for key, record in found:
            digest = key.removeprefix(encoding.SESSIONS)
            listed.add(digest)
            self.take_in(digest, record)
        for entry in before:
            # Sessions made while the list was on its way are not in `before`.
            if entry.digest not in listed and self._mirror.entries.get(entry.digest) is entry:
                self._endings.vanished(entry, self._why_gone(entry))
        events.loaded(sessions=len(self._mirror.entries))

    def take_in(self, digest: str, record: Record) -> Entry | None:
        """Make a stored session known here; None when it is over or cannot be read."""
        try:
            session = encoding.decode(record.value)
        except encoding.UnknownType as problem:
            events.type_invalid(session=str(problem))
            return None
        except encoding.Unreadable as problem:
            events.record_unreadable(error=describe(problem))
            return None
        now = self._time.now()
        settled = rules.settled(session, now, idle=self._extension.idle)
        if not rules.is_live(settled, now):
            return None
        return self._mirror.adopt(digest, settled, record.version)

    async def fetch(self, digest: str) -> Entry | None:
        """A session that is not known here yet. Raises StoreUnavailable."""
        if self._mirror.is_buried(digest):
            return None
        record = await self._records.get(encoding.record_key(digest))
        return self.take_in(digest, record) if record is not None else None

    def _hear(self, change: Change) -> None:
        digest = change.key.removeprefix(encoding.SESSIONS)
        if change.record is not None:
            entry = self.take_in(digest, change.record)
            parent = entry.session.parent if entry is not None else ""
            if entry is not None and parent and self._mirror.is_session_buried(parent):
                # Made on another node while the sign-on was being ended here.
                self._endings.end_orphan(entry)
            return
        known = self._mirror.entries.get(digest)
        if known is not None:
            self._endings.vanished(known, self._why_gone(known))
        else:
            # A reading that began earlier may still bring it; it must not be taken in then.
            self._mirror.bury(digest, self._time.now())

    def _why_gone(self, entry: Entry) -> EndReason:
        return rules.end_reason(entry.session, self._time.now())

    async def _mend_index(self) -> None:
        """List sessions that are not listed, and strike off entries that list nothing."""
        listed = await self._index.all()
        known = {digest for digests in listed.values() for digest in digests}
        now = self._time.now()
        for entry in list(self._mirror.entries.values()):
            if entry.digest not in known:
                await self._index.repair(entry.session, entry.digest, now)
        for key in listed:
            ref = key.rpartition("/")[2]
            if self._mirror.by_ref(ref) is not None:
                continue
            made = time_of(ref)
            if made is None or made < now - _YOUNG:
                await self._index.strike(key)
