"""Writing something more about a session into it, while others write too."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from yett.sessions import encoding, rules
from yett.sessions.mirror import Entry, Mirror
from yett.sessions.model import Session
from yett.sessions.steady import SteadyTime
from yett.store import Records

_TRIES = 16


class Annotation:
    """Changes metadata."""

    def __init__(self, records: Records, mirror: Mirror, time: SteadyTime) -> None:
        self._records = records
        self._mirror = mirror
        self._time = time

    async def annotate(self, ref: str, metadata: Mapping[str, str]) -> Session | None:
        """See `Sessions.annotate`. Raises StoreUnavailable."""
        for _ in range(_TRIES):
            entry = self._mirror.by_ref(ref)
            if entry is None:
                return None
            new = replace(entry.session, metadata=MappingProxyType({**entry.session.metadata, **metadata}))
            rules.check(new.module_key, new.audience, new.metadata)
            lifetime = new.expires_at - self._time.now()
            if lifetime <= 0:
                return None
            version = await self._records.replace(
                encoding.record_key(entry.digest),
                encoding.encode(new),
                version=entry.version,
                lifetime=lifetime,
            )
            if self._mirror.entries.get(entry.digest) is not entry:
                # Ended or given another token while we wrote; the next look tells which.
                continue
            if version is not None:
                if version > entry.version:
                    entry.update(new, version)
                return new
            if not await self._read_again(entry):
                return None
        return None

    async def _read_again(self, entry: Entry) -> bool:
        """Somebody wrote in between: take over what they wrote; False when it is gone or cannot be read."""
        found = await self._records.get(encoding.record_key(entry.digest))
        if found is None:
            # The watch tells of it.
            return False
        try:
            session = encoding.decode(found.value)
        except (encoding.UnknownType, encoding.Unreadable):
            return False
        if found.version > entry.version:
            entry.update(session, found.version)
        return True
