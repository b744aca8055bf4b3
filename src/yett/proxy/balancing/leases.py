"""Who does what only one node should."""

from yett.proxy.balancing import encoding
from yett.store import Records, StoreUnavailable


class Leases:
    """Leases of this node, each held until it ends or is renewed."""

    def __init__(self, records: Records, node: str) -> None:
        self._records = records
        self._node = node.encode()
        self._held: set[str] = set()

    async def hold(self, name: str, lifetime: float) -> bool:
        """Whether this node is to do it for the next `lifetime` seconds.

        While the store does not answer, every node is: done twice is better than not done. A lease
        of a node that is gone counts for nothing.
        """
        key = encoding.LEASE + name
        try:
            record = await self._records.get(key)
            if record is None:
                version = await self._records.create(key, self._node, lifetime=lifetime)
            elif record.value == self._node or await self._is_gone(record.value):
                version = await self._records.replace(
                    key, self._node, version=record.version, lifetime=lifetime
                )
            else:
                version = None
        except StoreUnavailable:
            return True
        if version is None:
            self._held.discard(key)
            return False
        self._held.add(key)
        return True

    async def _is_gone(self, node: bytes) -> bool:
        return await self._records.get(encoding.NODES + node.decode("utf-8", "replace")) is None

    async def release(self) -> None:
        """Let the others go on at once. Leases that cannot be given back end by themselves."""
        for key in self._held:
            try:
                record = await self._records.get(key)
                if record is not None and record.value == self._node:
                    await self._records.delete(key)
            except StoreUnavailable:
                break
        self._held.clear()
