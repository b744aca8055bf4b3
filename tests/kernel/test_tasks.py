import asyncio

import pytest

from yett.kernel import Supervisor, events
from yett.kernel.tasks import pause_after


class Pauses:
    """Sleeping that takes no time, or for ever, and keeps what it was asked for."""

    def __init__(self, *, at_most=10_000):
        self.asked = []
        self.at_most = at_most

    async def __call__(self, seconds):
        self.asked.append(seconds)
        await asyncio.sleep(0 if len(self.asked) < self.at_most else 3600)


@pytest.fixture
async def pauses():
    return Pauses(at_most=12)


@pytest.fixture
async def tasks(pauses, clock):
    supervisor = Supervisor(sleep=pauses, clock=clock)
    yield supervisor
    await supervisor.stop()


async def until(condition):
    """Let the others work until the condition holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a turn of the loop at a time, not a span of time
            await asyncio.sleep(0)


async def test_something_is_done_once_and_its_end_recorded(tasks, heard):
    done = []

    async def work():
        done.append(True)

    await tasks.run(work(), name="work")
    assert done == [True]
    assert heard("kernel.task") == [(events.task_ended, {"task": "work"})]
    await until(lambda: len(tasks) == 0)


async def test_a_failure_of_what_was_wanted_once_is_recorded(tasks, heard):
    async def work():
        raise OSError("disk full")

    await tasks.run(work(), name="work")
    assert heard("kernel.task") == [
        (events.task_failed, {"task": "work", "error": "OSError: disk full", "restarts": 0})
    ]


async def test_what_is_kept_is_started_again_with_growing_pauses(tasks, pauses, heard):
    runs = []

    async def work():
        runs.append(True)
        raise ValueError("again")

    tasks.keep(work, name="work")
    await until(lambda: len(pauses.asked) == 12)
    assert pauses.asked == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60, 60]
    assert len(runs) == 12
    assert [fields["restarts"] for _, fields in heard("kernel.task")] == list(range(1, 13))


async def test_a_task_that_did_well_for_a_while_is_started_again_at_once(tasks, pauses, clock):
    runs = []

    async def work():
        runs.append(True)
        clock.advance(61 if len(runs) == 4 else 1)
        raise ValueError("again")

    tasks.keep(work, name="work")
    await until(lambda: len(runs) >= 6)
    assert pauses.asked[:6] == [0.2, 0.4, 0.8, 0.2, 0.4, 0.8]


@pytest.mark.parametrize("restarts", [1, 2, 10, 1_000_000])
def test_no_pause_is_longer_than_a_minute(restarts):
    assert 0.2 <= pause_after(restarts) <= 60


async def test_what_is_kept_may_come_to_its_end(tasks, pauses, heard):
    async def work():
        pass

    await tasks.keep(work, name="work")
    assert pauses.asked == []
    assert heard("kernel.task") == [(events.task_ended, {"task": "work"})]


async def test_something_is_done_again_and_again_after_a_pause(tasks, pauses):
    seen = []

    async def work():
        seen.append(len(pauses.asked))

    tasks.every(30, work, name="work")
    await until(lambda: len(pauses.asked) == 12)
    assert pauses.asked == [30] * 12
    assert seen == list(range(1, 12))


async def test_something_is_done_at_once_when_that_is_asked(tasks, pauses):
    seen = []

    async def work():
        seen.append(len(pauses.asked))

    tasks.every(30, work, name="work", at_once=True)
    await until(lambda: len(seen) == 3)
    assert seen == [0, 1, 2]


async def test_a_failure_does_not_end_what_is_done_again_and_again(tasks, pauses, heard):
    seen = []

    async def work():
        seen.append(True)
        if len(seen) == 1:
            raise ValueError("once")

    tasks.every(30, work, name="work", at_once=True)
    await until(lambda: len(seen) == 3)
    assert pauses.asked[:2] == [0.2, 30]
    assert [emitter for emitter, _ in heard("kernel.task")] == [events.task_failed]


async def test_stop_cancels_everything_and_waits_for_the_ends(heard):
    tasks = Supervisor()
    ends = []

    async def work():
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            ends.append(True)

    tasks.run(work(), name="one")
    tasks.keep(work, name="two")
    tasks.every(1, work, name="three", at_once=True)
    await asyncio.sleep(0)
    assert len(tasks) == 3
    await tasks.stop()
    assert ends == [True] * 3
    assert len(tasks) == 0
    assert heard("kernel.task") == []


async def test_stop_waits_for_what_starts_on_the_way():
    tasks = Supervisor()
    ends = []

    async def last():
        try:
            await asyncio.sleep(3600)
        finally:
            ends.append("last")

    async def first():
        try:
            await asyncio.sleep(3600)
        finally:
            tasks.run(last(), name="last")
            await asyncio.sleep(0)
            ends.append("first")

    tasks.run(first(), name="first")
    await asyncio.sleep(0)
    await tasks.stop()
    assert ends == ["first", "last"]


async def test_a_task_may_stop_its_own_supervisor():
    tasks = Supervisor()
    async with asyncio.timeout(5):
        await tasks.run(tasks.stop(), name="stopper")


async def test_stop_waits_out_a_pause_by_cutting_it_short():
    tasks = Supervisor()

    async def fails():
        raise ValueError

    tasks.keep(fails, name="fails")
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await tasks.stop()
