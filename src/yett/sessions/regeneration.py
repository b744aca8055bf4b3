"""How a session gets a new token, so that one planted or seen before a sign-in is worth nothing after it.

The new token is listed and stored while the old one is still good; taking the old one from the
store decides who gets the new one. Whoever comes second finds it gone and undoes its own steps.
"""

from collections.abc import Callable

from yett.events import describe
from yett.sessions import encoding, events, rules
from yett.sessions.endings import Endings
from yett.sessions.following import Following
from yett.sessions.index import Index
from yett.sessions.making import TWICE
from yett.sessions.mirror import Entry, Mirror
from yett.sessions.model import EndReason, Issued, Session
from yett.sessions.steady import SteadyTime
from yett.store import Records, StoreUnavailable


class Regeneration:
    """Exchanges tokens."""

    def __init__(
        self,
        records: Records,
        index: Index,
        mirror: Mirror,
        endings: Endings,
        following: Following,
        time: SteadyTime,
        new_token: Callable[[], str],
    ) -> None:
        self._records = records
        self._index = index
        self._mirror = mirror
        self._endings = endings
        self._following = following
        self._time = time
        self._new_token = new_token

    async def regenerate(self, token: str | bytes) -> Issued | None:
        """See `Sessions.regenerate`."""
        old = encoding.digest(token)
        try:
            entry = self._mirror.entries.get(old) or await self._following.fetch(old)
        except StoreUnavailable as problem:
            events.regeneration_fetch_failed(error=describe(problem))
            return None
        if entry is None or not rules.is_live(entry.session, self._time.now()):
            events.not_found_for_regeneration()
            return None
        session = entry.as_seen()
        try:
            fresh = self._new_token()
        except OSError as problem:
            events.regeneration_generate_failed(session=session.ref, error=describe(problem))
            return None
        new = encoding.digest(fresh)
        version = await self._prepare(session, old, new)
        if version is None or not await self._retire(session, old, new):
            return None
        renewed = await self._settle(session, new, version)
        if renewed is None:
            return None
        await self._unlist(session, old)
        events.regenerated(session=session.ref, module_key=session.module_key)
        return Issued(fresh, renewed.session)

    async def _prepare(self, session: Session, old: str, new: str) -> int | None:
        """List and store the new token while the old one is still good."""
        now = self._time.now()
        try:
            is_listed = await self._index.add(session, new, now)
        except StoreUnavailable as problem:
            events.regeneration_index_failed(session=session.ref, error=describe(problem))
            return None
        if not is_listed:
            # Somebody is ending the session.
            events.not_found_for_regeneration()
            return None
        try:
            version = await encoding.store(self._records, session, new, now)
        except StoreUnavailable as problem:
            events.regeneration_store_failed(session=session.ref, error=describe(problem))
            await self._endings.discard_token(session, new)
            return None
        if version is None:
            events.regeneration_generate_failed(session=session.ref, error=TWICE)
            if new != old:
                await self._unlist(session, new)
        return version

    async def _retire(self, session: Session, old: str, new: str) -> bool:
        """Delete the old token. Whoever finds it gone has lost to another request."""
        self._mirror.bury(old, self._time.now())
        try:
            taken = await self._records.take(encoding.record_key(old))
        except StoreUnavailable as problem:
            events.regeneration_delete_failed(session=session.ref, error=describe(problem))
            await self._endings.discard_token(session, old)
            return True
        if taken is None:
            events.not_found_for_regeneration()
            await self._endings.discard_token(session, new)
        return taken is not None

    async def _settle(self, session: Session, new: str, version: int) -> Entry | None:
        """Make the new token known here, unless the session was ended while it was being made."""
        has_failed = False
        try:
            is_listed = new in await self._index.digests(session)
        except StoreUnavailable as problem:
            events.regeneration_index_failed(session=session.ref, error=describe(problem))
            is_listed, has_failed = False, True
        entry = self._mirror.adopt(new, session, version)
        if entry is not None and is_listed:
            return entry
        if not has_failed:
            events.not_found_for_regeneration()
        if entry is None:
            await self._endings.destroy(session.ref, session.module_key, (new,))
        else:
            await self._endings.revoke((entry,), EndReason.REVOKED)
        return None

    async def _unlist(self, session: Session, digest: str) -> None:
        """Take a token off the index; left there it does no harm."""
        try:
            await self._index.drop(session, digest, self._time.now())
        except StoreUnavailable as problem:
            events.index_not_cleaned(session=session.ref, error=describe(problem))
