import asyncio

import pytest

from yett.proxy.balancing import outbox as module
from yett.proxy.balancing.outbox import Outbox
from yett.store import StoreUnavailable


class Store:
    def __init__(self):
        self.written = []
        self.troubles = []
        self.is_down = False

    def write(self, value):
        async def job():
            await asyncio.sleep(0)
            if self.is_down:
                raise StoreUnavailable("down")
            self.written.append(value)

        return job


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def outbox(store):
    outbox = Outbox()
    outbox.put = lambda name, value: outbox.post(name, store.write(value), store.troubles.append)
    return outbox


async def test_writes_are_made_in_order_and_only_the_newest_of_each_name(outbox, store):
    for name, value in (("a", 1), ("b", 2), ("a", 3)):
        outbox.put(name, value)
    assert await outbox.flush()
    assert store.written == [3, 2]
    assert len(outbox) == 0


async def test_what_fails_is_said_and_kept(outbox, store):
    store.is_down = True
    outbox.put("a", 1)
    outbox.put("b", 2)
    assert not await outbox.flush()
    assert store.troubles == ["StoreUnavailable: down"] * 2
    store.is_down = False
    assert await outbox.flush()
    assert store.written == [1, 2]


async def test_something_newer_replaces_what_failed(outbox, store):
    store.is_down = True
    outbox.put("a", 1)
    flushing = asyncio.ensure_future(outbox.flush())  # noqa: TID251 - a test watches over its own task
    await asyncio.sleep(0)
    outbox.put("a", 2)
    await flushing
    store.is_down = False
    await outbox.flush()
    assert store.written == [2]


async def test_what_was_cut_off_is_written_later(outbox, store):
    outbox.put("a", 1)
    outbox.put("b", 2)
    flushing = asyncio.ensure_future(outbox.flush())  # noqa: TID251 - a test watches over its own task
    await asyncio.sleep(0)
    flushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    await outbox.flush()
    assert sorted(store.written) == [1, 2]


async def test_a_store_that_is_away_for_long_does_not_fill_the_memory(outbox, store):
    store.is_down = True
    for number in range(module._MOST + 5):
        outbox.put(str(number), number)
    assert len(outbox) == module._MOST


async def test_it_writes_by_itself_and_tries_again(outbox, store, until, monkeypatch):
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.001)
    store.is_down = True
    outbox.put("a", 1)
    running = asyncio.ensure_future(outbox.run())  # noqa: TID251 - a test watches over its own task
    await until(lambda: len(store.troubles) > 1)
    store.is_down = False
    await until(lambda: store.written == [1])
    outbox.put("b", 2)
    await until(lambda: store.written == [1, 2])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
