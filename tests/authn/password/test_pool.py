import asyncio
import threading

import pytest

from yett.authn.password.pool import Pool, PoolFull


@pytest.fixture
def pool():
    pool = Pool(1, 1)
    yield pool
    pool.close()


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a thread changes it
            await asyncio.sleep(0.005)


async def test_work_is_done_and_failures_arrive(pool):
    assert await pool.run(lambda a, b: a + b, 1, 2) == 3
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 / 0)
    await until(lambda: not pool.has_line)


async def test_the_line_is_short_and_whoever_hangs_up_keeps_the_place_until_the_work_ends(pool):
    gate, begun = threading.Event(), threading.Event()

    def work():
        begun.set()
        return gate.wait(5)

    async with asyncio.TaskGroup() as group:
        first = group.create_task(pool.run(work))
        await until(begun.is_set)
        second = group.create_task(pool.run(work))
        await asyncio.sleep(0)
        assert pool.has_line
        with pytest.raises(PoolFull):
            await pool.run(work)
        first.cancel()
        await asyncio.sleep(0)
        with pytest.raises(PoolFull):
            await pool.run(work)
        gate.set()
        assert await second
    await until(lambda: not pool.has_line)


async def test_whoever_hangs_up_in_line_gives_the_place_back(pool):
    gate, begun = threading.Event(), threading.Event()

    def work():
        begun.set()
        return gate.wait(5)

    async with asyncio.TaskGroup() as group:
        first = group.create_task(pool.run(work))
        await until(begun.is_set)
        waiting = group.create_task(pool.run(work))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        third = group.create_task(pool.run(work))
        await asyncio.sleep(0)
        gate.set()
        assert await first
        assert await third


async def test_a_closed_pool_takes_no_work(pool):
    pool.close()
    with pytest.raises(RuntimeError):
        await pool.run(lambda: 1)
    assert not pool.has_line
