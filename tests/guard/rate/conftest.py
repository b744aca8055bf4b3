"""Requests as the engine makes them, and a guard on a store in memory."""

import pytest
from tests.guard.asking import ask

from yett.guard.rate import RateGuard, RateSettings
from yett.kernel import Supervisor
from yett.store import MemoryRecords


@pytest.fixture(name="ask")
def ask_fixture():
    return ask


@pytest.fixture
def records(clock):
    return MemoryRecords(clock)


@pytest.fixture
async def tasks():
    supervisor = Supervisor()
    yield supervisor
    await supervisor.stop()


@pytest.fixture
async def guard(records, clock, tasks):
    """`await guard(requests=…)` starts one more guard on the same store."""
    made = []

    async def start(*, identify=None, **settings):
        options = {} if identify is None else {"identify": identify}
        one = RateGuard(records, RateSettings(**settings), clock, tasks, **options)
        await one.start()
        made.append(one)
        return one

    yield start
    for one in made:
        await one.stop()
