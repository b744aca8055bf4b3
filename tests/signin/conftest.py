"""Sign-in hosts for every test of this room."""

from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.signin.house import build
from tests.signin.place import ADA, ADDRESS, ORIGIN, Breakable, Browser, People, Place, Standings, Words

from yett.kernel import Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.pages import http_error
from yett.sessions import Sessions, SessionSettings
from yett.signin import Flow, Memory, MFASettings, SignIn, SignInSettings
from yett.store import ClusterSettings, MemoryRecords, ModuleData

__all__ = ["ADA", "ADDRESS", "ORIGIN", "Breakable", "Browser", "People", "Place", "Standings", "Words"]


@pytest.fixture
async def place(clock):
    records = Breakable(MemoryRecords(clock))
    tasks = Supervisor()
    sessions = Sessions(records, SessionSettings(), clock, tasks)
    await sessions.start()
    people, words = People(ADA), Words(ada="correct horse", bob="staple")
    sealer = Sealer(MasterKey(bytes(32)), "signin.form")
    settings = SignInSettings(help="Call extension 4711.")
    data = ModuleData(records, ClusterSettings())
    factors = Standings()
    flow = Flow(
        sessions, people, Memory(data), factors, settings, MFASettings(), audience="login.example.test"
    )
    front = SignIn(flow, words, sealer, settings, clock, origin=ORIGIN)
    app = Starlette(routes=front.routes, exception_handlers={HTTPException: http_error})
    yield Place(front, app, people, words, sessions, records, data, sealer, flow, factors)
    await sessions.stop()
    await tasks.stop()


@pytest.fixture
async def house(clock):
    """The same with second factors."""
    tasks = Supervisor()
    house = await build(clock, tasks)
    yield house
    await house.sessions.stop()
    await tasks.stop()


@pytest.fixture
async def visitor(house):
    """A browser in front of the house."""
    async with house.browser() as client:
        yield client


@pytest.fixture
async def browser(place):
    async with place.browser() as client:
        yield client


@pytest.fixture
def disabled_ada():
    return replace(ADA, is_disabled=True)
