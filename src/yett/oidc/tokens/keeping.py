"""Families in the store, and local memory kept in step with it.

The watch is opened before the first listing, so nothing falls between the two. Whoever revokes puts a grave where the
family was, or would be: it beats whoever is just refreshing it, and whoever is just about to keep it.
"""

import asyncio
from collections.abc import Awaitable, Callable

from yett.events import describe
from yett.kernel import Clock, Supervisor
from yett.oidc.tokens import events, record, texts
from yett.oidc.tokens.mirror import Mirror, without
from yett.oidc.tokens.model import Family
from yett.store import Change, Follower, Record, Records, StoreUnavailable

_GRAVE_LIFETIME = 900.0
"""Seconds that a grave stands: longer than a code is good, and than any news is late."""
_TRIES = 8
"""How often a write of a family is tried that others get ahead of."""


class Keeping:
    """Families by place."""

    def __init__(self, records: Records, tasks: Supervisor) -> None:
        self.mirror = Mirror()
        self._records = records
        self._tasks = tasks
        self._follower = Follower(
            records, texts.FAMILIES, load=self.load, hear=self._hear, missed=events.changes_missed
        )
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load every family and follow the store from now on. Raises StoreUnavailable."""
        await self._follower.open()
        self._running = self._tasks.keep(self._follower.follow, name="oidc.tokens.follow")

    async def stop(self) -> None:
        """Stop following."""
        await self._follower.close()
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    async def load(self) -> None:
        """Make local memory what the store is now."""
        before = self.mirror.places
        found = await self._records.list(texts.FAMILIES)
        for place, kept in found:
            self._take_in(place, kept)
        self.mirror.keep_only({place for place, _ in found}, before)
        events.loaded(grants=len(self.mirror))

    async def create(self, place: str, family: Family, *, now: float) -> bool:
        """Keep a new family; False when there is one already, or a grave."""
        version = await self._records.create(place, record.encode(family), lifetime=_lifetime(family, now))
        if version is None:
            return False
        self.mirror.take_in(place, family, version)
        # Somebody may have ended it meanwhile, whose grave is still to come.
        return self.mirror.knows(place)

    async def replace(self, place: str, family: Family, version: int, *, now: float) -> bool:
        """Keep a family in place of what it was; False when somebody else was faster."""
        kept = await self._records.replace(
            place, record.encode(family), version=version, lifetime=_lifetime(family, now)
        )
        if kept is None:
            return False
        self.mirror.take_in(place, family, kept)
        return self.mirror.knows(place)

    async def find(self, place: str, *, is_fresh: bool = False) -> tuple[Family, int] | None:
        """The family at a place and its version; from the store when it is unknown here, or has to be fresh."""
        entry = self.mirror.at(place)
        if entry is None or is_fresh:
            kept = await self._records.get(place)
            if kept is not None:
                self._take_in(place, kept)
            else:
                self.mirror.drop(place)
            entry = self.mirror.at(place)
        return None if entry is None or entry.family is None else (entry.family, entry.version)

    async def of_owner(self, owner: str) -> list[str]:
        """The places of everything that one owner has in the store."""
        found = await self._records.list(texts.prefix(owner))
        return [place for place, kept in found if kept.value != record.GRAVE]

    async def bury(self, place: str) -> None:
        """End a family for good: here at once, and in the store.

        Raises StoreUnavailable; it is tried again then in the background, until it has worked.
        """
        self.mirror.kill(place)
        try:
            await self._dig(place)
        except StoreUnavailable as problem:
            events.not_revoked(error=describe(problem))
            self._tasks.keep(self._digging(place), name="oidc.tokens.revoke")
            raise

    async def strike(self, place: str, digest: str, clock: Clock) -> None:
        """End one access token of a family: here at once, and in the store. Raises as `bury` does, and tries again."""
        try:
            await self._strike(place, digest, clock)
        except StoreUnavailable as problem:
            events.not_revoked(error=describe(problem))
            self.mirror.strike(place, digest)
            self._tasks.keep(lambda: self._strike(place, digest, clock), name="oidc.tokens.revoke")
            raise

    async def _strike(self, place: str, digest: str, clock: Clock) -> None:
        """Take it out; all of the family, should others be faster again and again."""
        for attempt in range(_TRIES):
            found = await self.find(place, is_fresh=attempt > 0)
            now = clock.now()
            if found is None or now >= found[0].ends_at:
                return
            family, version = found
            if await self.replace(place, without(family, digest), version, now=now):
                return
        self.mirror.kill(place)
        await self._dig(place)

    async def _dig(self, place: str) -> None:
        version = await self._records.put(place, record.GRAVE, lifetime=_GRAVE_LIFETIME)
        self.mirror.take_in(place, None, version)

    def _digging(self, place: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            await self._dig(place)

        return work

    def _hear(self, change: Change) -> None:
        if change.record is None:
            self.mirror.drop(change.key)
        elif not self.mirror.has_seen(change.key, change.record.version):
            self._take_in(change.key, change.record)

    def _take_in(self, place: str, kept: Record) -> None:
        try:
            family = record.decode(kept.value)
        except record.Unreadable as problem:
            events.record_unreadable(error=describe(problem))
            family = None
        if family is not None and texts.place(family.owner, family.ref) != place:
            # Moved by whoever can write the store: a family is good for its own place only.
            family = None
        self.mirror.take_in(place, family, kept.version)


def _lifetime(family: Family, now: float) -> float:
    """Seconds that a family is kept: also when it is over, as the sign that its code was used."""
    return max(family.ends_at - now, _GRAVE_LIFETIME)
