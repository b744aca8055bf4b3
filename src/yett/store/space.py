"""A part of a store with names of its own."""

import builtins
from collections.abc import AsyncIterator

from yett.store import rules
from yett.store.records import Change, Changes, Consistency, Record, Records


class Space:
    """`Records` under a prefix: the key "a" of `Space(records, "codes")` is "codes/a" in `records`.

    Limits of keys hold for the whole key, prefix included. Spaces can be nested.
    """

    def __init__(self, records: Records, prefix: str) -> None:
        rules.check_key(prefix)
        self._records = records
        self._prefix = prefix.removesuffix("/") + "/"

    async def get(self, key: str) -> Record | None:
        return await self._records.get(self._full(key))

    async def put(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,
    ) -> int:
        return await self._records.put(self._full(key), value, lifetime=lifetime, consistency=consistency)

    async def create(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,
    ) -> int | None:
        return await self._records.create(self._full(key), value, lifetime=lifetime, consistency=consistency)

    async def replace(
        self,
        key: str,
        value: bytes,
        *,
        version: int,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,
    ) -> int | None:
        return await self._records.replace(
            self._full(key), value, version=version, lifetime=lifetime, consistency=consistency
        )

    async def take(self, key: str) -> Record | None:
        return await self._records.take(self._full(key))

    async def delete(self, key: str) -> bool:
        return await self._records.delete(self._full(key))

    async def list(self, prefix: str) -> builtins.list[tuple[str, Record]]:
        start = len(self._prefix)
        return [(key[start:], record) for key, record in await self._records.list(self._prefix + prefix)]

    def watch(self, prefix: str) -> "SpaceWatch":
        return SpaceWatch(self._records.watch(self._prefix + prefix), len(self._prefix))

    @property
    def is_durable(self) -> bool:
        return self._records.is_durable

    def _full(self, key: str) -> str:
        # Without this, the empty key would name the prefix itself.
        rules.check_key(key)
        return self._prefix + key


class SpaceWatch(AsyncIterator[Change]):
    """A watch whose keys are those of the space."""

    def __init__(self, inner: Changes, strip: int) -> None:
        self._inner = inner
        self._strip = strip

    async def __anext__(self) -> Change:
        key, record = await anext(self._inner)
        return Change(key[self._strip :], record)

    async def aclose(self) -> None:
        """End the watch; whoever waits on it is let go."""
        await self._inner.aclose()
