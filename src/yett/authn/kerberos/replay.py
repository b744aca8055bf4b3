"""Tokens that were used, so that none is good twice (RFC 4120, section 3.2.3), on whichever node."""

import hashlib

from yett.store import Records

_PREFIX = "kerberos/used/"


class Used:
    """Remembers authenticators by their digest."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def is_first(self, authenticator: bytes, *, lifetime: float) -> bool:
        """Whether this is the first use; of any number of callers exactly one hears yes. Raises StoreUnavailable."""
        key = _PREFIX + hashlib.sha256(authenticator).hexdigest()
        return await self._records.create(key, b"", lifetime=lifetime) is not None
