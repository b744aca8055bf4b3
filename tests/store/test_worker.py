"""Operations run in order and in groups, and a fault of one is nobody else's."""

import asyncio
import threading

import pytest

from yett.store import StoreUnavailable, database
from yett.store.worker import Worker


@pytest.fixture
async def told():
    return []


@pytest.fixture
async def worker(tmp_path, told):
    path = tmp_path / "store.db"
    database.create(path)
    worker = Worker(
        path,
        path.stat().st_ino,
        lambda: database.connect(path, writes=True),
        lambda changes, trouble: told.append((changes, trouble)),
        writes=True,
    )
    worker.start()
    yield worker
    await worker.close()


def count(group):
    return group.connection.execute("SELECT count(*) FROM meta").fetchone()[0]


@pytest.fixture
async def held(worker):
    """A first operation that is running and holds everything up until the gate opens."""
    began, gate = threading.Event(), threading.Event()
    first = worker.submit(lambda _: began.set() or gate.wait(5))
    assert await asyncio.to_thread(began.wait, 5)
    yield gate
    gate.set()
    assert await first


async def test_what_is_queued_while_it_works_shares_one_transaction(worker, told, held):
    groups = asyncio.gather(*(worker.submit(id) for _ in range(50)))
    held.set()

    assert len(set(await groups)) == 1
    assert told == [([], None), ([], None)]


async def test_what_is_submitted_in_one_turn_of_the_loop_shares_one_transaction(worker, told):
    groups = await asyncio.gather(*(worker.submit(id) for _ in range(50)))

    assert len(set(groups)) == 1
    assert told == [([], None)]


async def test_what_was_submitted_just_before_the_end_is_done(worker):
    last = worker.submit(count)
    await worker.close()
    assert await last == 2


async def test_a_fault_in_one_operation_reaches_only_whoever_asked(worker, held):
    fine, broken, again = worker.submit(count), worker.submit(lambda _: {}["missing"]), worker.submit(count)
    held.set()

    assert await fine == await again == 2
    with pytest.raises(KeyError):
        await broken


async def test_what_a_failed_operation_did_is_undone(worker):
    def half(group):
        group.connection.execute("DELETE FROM meta WHERE name = 'schema'")
        raise KeyError

    with pytest.raises(KeyError):
        await worker.submit(half)

    assert await worker.submit(count) == 2


async def test_a_refusal_is_an_answer_and_no_trouble(worker, told):
    def refuse(_):
        raise StoreUnavailable("not this one")

    with pytest.raises(StoreUnavailable, match="not this one"):
        await worker.submit(refuse)

    assert told == [([], None)]


async def test_a_connection_that_breaks_is_made_anew(worker):
    assert await worker.submit(count) == 2
    worker._connection.close()

    with pytest.raises(StoreUnavailable, match="closed database"):
        await worker.submit(count)
    assert await worker.submit(count) == 2


async def test_nothing_is_taken_after_closing(worker):
    last = worker.submit(count)
    await worker.close()

    assert await last == 2
    with pytest.raises(StoreUnavailable, match="closed"):
        worker.submit(count)
    await worker.close()
