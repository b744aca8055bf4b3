"""A store that fails when told to: real records behind it, so whatever succeeds really happened."""

from yett.store import Records, StoreUnavailable


class FaultyRecords:
    """Passes everything on, except the operations it was told to fail."""

    def __init__(self, inner: Records) -> None:
        self._inner = inner
        self.fail_write = 0
        """Which write from now on fails; 0 for none."""
        self.is_down = False
        """Whether everything fails."""

    @property
    def is_durable(self):
        return self._inner.is_durable

    def watch(self, prefix):
        return self._inner.watch(prefix)

    async def get(self, key):
        self._look()
        return await self._inner.get(key)

    async def list(self, prefix):
        self._look()
        return await self._inner.list(prefix)

    async def put(self, key, value, **options):
        self._count()
        return await self._inner.put(key, value, **options)

    async def create(self, key, value, **options):
        self._count()
        return await self._inner.create(key, value, **options)

    async def replace(self, key, value, **options):
        self._count()
        return await self._inner.replace(key, value, **options)

    async def take(self, key):
        self._count()
        return await self._inner.take(key)

    async def delete(self, key):
        self._count()
        return await self._inner.delete(key)

    def _look(self):
        if self.is_down:
            raise StoreUnavailable("the store is down")

    def _count(self):
        self._look()
        if self.fail_write:
            self.fail_write -= 1
            if not self.fail_write:
                raise StoreUnavailable("this write failed")
