"""What may be shown once: the ids of assertions and proofs, until they would be refused anyway."""

import hashlib

from yett.store import Records


class Once:
    """Ids that were shown, on all nodes."""

    def __init__(self, records: Records, purpose: str) -> None:
        self._records = records
        self._prefix = f"oidc/once/{purpose}/"

    async def is_first(self, owner: str, ident: str, *, lifetime: float) -> bool:
        """Whether nobody has shown this id of this owner before; of any number at once one is the first.

        Raises StoreUnavailable.
        """
        # Both come from outside. The length keeps one owner from writing another's name into an id.
        text = f"{len(owner)}:{owner}:{ident}".encode("utf-8", "surrogatepass")
        key = self._prefix + hashlib.sha256(text).hexdigest()
        return await self._records.create(key, b"", lifetime=max(lifetime, 1.0)) is not None
