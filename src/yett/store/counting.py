"""Records that count what is asked of them, for monitoring; put in front of those that keep."""

import builtins
from collections.abc import Awaitable, Iterator
from time import monotonic
from typing import TypeVar

from yett.kernel.metrics import Distribution, Sample, Tally, counter, histogram
from yett.store.records import Changes, Consistency, Record, Records, StoreUnavailable

T = TypeVar("T")

_BOUNDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)

OPERATIONS = counter(
    "yett_store_operations_total",
    'Operations on the store; the result is "ok", or "unavailable" for those that the store could not do.',
    "operation",
    "result",
)
DURATION = histogram("yett_store_operation_seconds", "How long operations on the store take.", "operation")


class CountedRecords:
    """Hands everything on, and counts it."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._done: Tally[tuple[str, str]] = Tally()
        self._took: dict[str, Distribution] = {}

    def samples(self) -> Iterator[Sample]:
        """What was counted so far."""
        for key, count in self._done.items():
            yield Sample(OPERATIONS, count, key)
        for operation, took in self._took.items():
            yield Sample(DURATION, took.copy(), (operation,))

    async def _count(self, operation: str, work: Awaitable[T]) -> T:
        began = monotonic()
        result = "ok"
        try:
            return await work
        except StoreUnavailable:
            result = "unavailable"
            raise
        finally:
            self._done.add((operation, result))
            took = self._took.get(operation)
            if took is None:
                took = self._took[operation] = Distribution(_BOUNDS)
            took.observe(monotonic() - began)

    async def get(self, key: str) -> Record | None:
        return await self._count("get", self._records.get(key))

    async def put(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,
    ) -> int:
        work = self._records.put(key, value, lifetime=lifetime, consistency=consistency)
        return await self._count("put", work)

    async def create(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,
    ) -> int | None:
        work = self._records.create(key, value, lifetime=lifetime, consistency=consistency)
        return await self._count("create", work)

    async def replace(
        self,
        key: str,
        value: bytes,
        *,
        version: int,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,
    ) -> int | None:
        work = self._records.replace(key, value, version=version, lifetime=lifetime, consistency=consistency)
        return await self._count("replace", work)

    async def take(self, key: str) -> Record | None:
        return await self._count("take", self._records.take(key))

    async def delete(self, key: str) -> bool:
        return await self._count("delete", self._records.delete(key))

    async def list(self, prefix: str) -> builtins.list[tuple[str, Record]]:
        return await self._count("list", self._records.list(prefix))

    def watch(self, prefix: str) -> Changes:
        return self._records.watch(prefix)

    @property
    def is_failing(self) -> bool:
        """Whether the store cannot do anything at the moment."""
        return bool(getattr(self._records, "is_failing", False))

    @property
    def is_durable(self) -> bool:
        return self._records.is_durable
