"""Telling owners: in order, within their time, whatever they do."""

import asyncio
import threading
from datetime import timedelta

import pytest
from tests.config.samples import Door, Mail

from yett.config import Snapshot
from yett.config.owners import Owners, in_thread
from yett.kernel import Supervisor

OLD = Snapshot({Door: Door(host="a"), Mail: Mail()})
NEW = Snapshot({Door: Door(host="b"), Mail: Mail()})
SHORT = timedelta(milliseconds=20)
LONG = timedelta(seconds=10)


@pytest.fixture
async def tasks():
    supervisor = Supervisor()
    yield supervisor
    await supervisor.stop()


@pytest.fixture
def owners(tasks):
    return Owners(tasks, grace=SHORT)


async def test_owners_are_told_in_order_with_both_states(owners):
    told = []

    async def first(old, new):
        await asyncio.sleep(0)
        told.append(("first", old, new))

    async def second(old, new):
        told.append(("second", old, new))

    owners.add("first", first, (), LONG)
    owners.add("second", second, (), LONG)
    assert await owners.tell(OLD, NEW) == ()
    assert told == [("first", OLD, NEW), ("second", OLD, NEW)]


async def test_only_owners_of_what_differs_are_told(owners):
    told = []

    async def note(_old, _new):
        told.append(1)

    owners.add("door", note, (Door,), LONG)
    owners.add("mail", note, (Mail,), LONG)
    await owners.tell(OLD, NEW)
    assert len(told) == 1


async def test_an_owner_that_raises_is_named_and_the_next_is_told(owners, printed):
    told = []

    async def broken(_old, _new):
        raise RuntimeError("no\nsocket")

    async def fine(_old, _new):
        told.append(1)

    owners.add("door", broken, (), LONG)
    owners.add("mail", fine, (), LONG)
    assert await owners.tell(OLD, NEW) == ("door",)
    assert told == [1]
    assert printed == [
        "[CONFIG-HOTRELOAD] Config callback panicked",
        "[CONFIG-HOTRELOAD] Owner door: RuntimeError: no socket",
    ]


async def test_an_owner_that_takes_too_long_is_cancelled(owners, printed):
    ended = []

    async def slow(_old, _new):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    owners.add("door", slow, (), SHORT)
    assert await owners.tell(OLD, NEW) == ("door",)
    assert ended == [1]
    assert printed == [
        "[CONFIG-HOTRELOAD] WARN: Config callback timed out (context cancelled)",
        "[CONFIG-HOTRELOAD] Owner door: took longer than 0.02 s",
    ]


async def test_an_owner_that_ignores_being_cancelled_is_left_behind(owners, printed):
    enough = asyncio.Event()

    async def stubborn(_old, _new):
        while not enough.is_set():
            try:
                await enough.wait()
            except asyncio.CancelledError:
                continue

    owners.add("door", stubborn, (), SHORT)
    assert await owners.tell(OLD, NEW) == ("door",)
    enough.set()
    assert printed[2] == "[CONFIG-HOTRELOAD] WARN: Context-aware callback not respecting cancellation"


async def test_a_plain_function_runs_beside_the_loop(owners):
    threads = []
    owners.add("door", in_thread(lambda _old, _new: threads.append(threading.current_thread())), (), LONG)
    assert await owners.tell(OLD, NEW) == ()
    assert threads[0] is not threading.main_thread()


async def test_a_plain_function_that_raises_is_named(owners, printed):
    def broken(_old, _new):
        raise OSError("busy")

    owners.add("door", in_thread(broken), (), LONG, is_blocking=True)
    assert await owners.tell(OLD, NEW) == ("door",)
    assert printed[-1] == "[CONFIG-HOTRELOAD] Owner door: OSError: busy"


async def test_a_plain_function_that_takes_too_long_is_left_behind(owners, printed):
    enough = threading.Event()
    owners.add("door", in_thread(lambda _old, _new: enough.wait(10)), (), SHORT, is_blocking=True)
    assert await owners.tell(OLD, NEW) == ("door",)
    enough.set()
    assert printed[0] == "[CONFIG-HOTRELOAD] WARN: Legacy config callback timed out (goroutine leaked)"
