"""The index of sessions in the store: by owner and ref, the digests of the tokens.

Usually there is one digest. While a session is regenerated there are two, and a digest whose
record is gone may linger; whoever ends the session deletes whatever is listed. Entries expire
with the longest life of their session.
"""

from collections.abc import Iterable

from yett.sessions import encoding, events
from yett.sessions.model import Session
from yett.store import Records

_TRIES = 8
_GRACE = 60.0
"""Seconds that an entry outlives its session: a session without an entry must not exist."""


class Index:
    """What revoking all sessions of somebody relies on."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def create(self, session: Session, digest: str, now: float) -> bool:
        """List a new session; False when the ref is taken."""
        key = encoding.index_key(session.module_key, session.ref)
        lifetime = session.ends_at - now + _GRACE
        return await self._records.create(key, digest.encode(), lifetime=lifetime) is not None

    async def digests(self, session: Session) -> tuple[str, ...]:
        """The tokens listed for a session; nothing when it is not listed."""
        found = await self._records.get(encoding.index_key(session.module_key, session.ref))
        return _split(found.value) if found is not None else ()

    async def add(self, session: Session, digest: str, now: float) -> bool:
        """List one more token; False when the session is not listed, because it is being ended."""
        return await self._change(session, now, add=digest)

    async def drop(self, session: Session, digest: str, now: float) -> None:
        """List one token less; the others stay."""
        await self._change(session, now, drop=digest)

    async def repair(self, session: Session, digest: str, now: float) -> None:
        """List a session that ought to be listed."""
        if not await self.create(session, digest, now):
            await self.add(session, digest, now)

    async def take(self, module_key: str, ref: str) -> tuple[str, ...]:
        """Strike a session off; the tokens that were listed."""
        found = await self._records.take(encoding.index_key(module_key, ref))
        return _split(found.value) if found is not None else ()

    async def of_owner(self, module_key: str) -> dict[str, tuple[str, ...]]:
        """Every listed session of one owner, by ref."""
        prefix = encoding.owner_prefix(module_key)
        found = await self._records.list(prefix)
        return {key.removeprefix(prefix): _split(record.value) for key, record in found}

    async def all(self) -> dict[str, tuple[str, ...]]:
        """Every entry by its key in the store."""
        return {key: _split(record.value) for key, record in await self._records.list(encoding.INDEX)}

    async def strike(self, key: str) -> None:
        """Delete an entry that lists nothing any more, by its key in the store."""
        await self._records.delete(key)
        events.index_cleaned(session=key.rpartition("/")[2])

    async def _change(self, session: Session, now: float, *, add: str = "", drop: str = "") -> bool:
        key = encoding.index_key(session.module_key, session.ref)
        lifetime = max(session.ends_at - now, 0.0) + _GRACE
        for _ in range(_TRIES):
            found = await self._records.get(key)
            if found is None:
                return False
            listed = dict.fromkeys(_split(found.value))
            listed.pop(drop, None)
            if add:
                listed[add] = None
            value = _join(listed)
            if value == found.value:
                return True
            if await self._records.replace(key, value, version=found.version, lifetime=lifetime) is not None:
                return True
        return False


def _split(value: bytes) -> tuple[str, ...]:
    return tuple(value.decode("ascii", "replace").split())


def _join(digests: Iterable[str]) -> bytes:
    return " ".join(digests).encode()
