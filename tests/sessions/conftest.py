"""Sessions on a real store in memory, a clock that stands still, and stores that fail when told to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from yett.kernel import Supervisor
from yett.sessions import Sessions, SessionSettings, SessionType
from yett.store import MemoryRecords, StoreUnavailable

HOST = "wiki.example.org"
SIGN_IN = "login.example.org"


class Flaky:
    """Records of which chosen operations fail; `operations` counts them all, from 1.

    `applies` makes a failing operation take effect all the same, as when only its answer is lost.
    """

    def __init__(self, inner: MemoryRecords) -> None:
        self.inner = inner
        self.operations = 0
        self.fails: Callable[[int, str, str], bool] = lambda _number, _name, _key: False
        self.applies = False
        self.before: Callable[[str, str], Any] | None = None
        self.after: Callable[[str, str], Any] | None = None
        self.is_durable = True

    def heal(self) -> None:
        self.operations = 0
        self.fails = lambda _number, _name, _key: False

    def watch(self, prefix: str) -> Any:
        return self.inner.watch(prefix)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)

        async def operate(key: str, *values: Any, **options: Any) -> Any:
            self.operations += 1
            number = self.operations
            if self.before is not None:
                waited = self.before(name, key)
                if waited is not None:
                    await waited
            await asyncio.sleep(0)
            if self.fails(number, name, key):
                if self.applies:
                    await method(key, *values, **options)
                raise StoreUnavailable("the disk is full")
            answer = await method(key, *values, **options)
            if self.after is not None:
                waited = self.after(name, key)
                if waited is not None:
                    await waited
            return answer

        return operate


class Node:
    """One node: sessions on a store, usually shared with other nodes."""

    def __init__(self, records: Any, clock: Any, settings: SessionSettings, **options: Any) -> None:
        self.tasks = Supervisor()
        self.sessions = Sessions(records, settings, clock, self.tasks, **options)

    async def stop(self) -> None:
        await self.sessions.stop()
        await self.tasks.stop()


@pytest.fixture
async def memory(clock) -> AsyncIterator[MemoryRecords]:
    records = MemoryRecords(clock)
    await records.open()
    yield records
    await records.close()


@pytest.fixture
def records(memory) -> Flaky:
    return Flaky(memory)


@pytest.fixture
async def start(records, clock) -> AsyncIterator[Callable[..., Any]]:
    """Start one more node; by default on the common store."""
    nodes = []

    async def start_node(*, on: Any = None, at: Any = None, settings: Any = None, **options: Any) -> Sessions:
        node = Node(on or records, at or clock, settings or SessionSettings(), **options)
        nodes.append(node)
        await node.sessions.start()
        return node.sessions

    yield start_node
    records.heal()
    for node in nodes:
        await node.stop()


@pytest.fixture
async def sessions(start) -> Sessions:
    return await start()


@pytest.fixture
def sign_in():
    """Make the usual pair: a sign-on, and a session at an application that hangs on it."""

    async def make(sessions: Sessions, user: str = "ada") -> tuple[Any, Any]:
        sign_on = await sessions.create(SessionType.SIGN_ON, user, audience=SIGN_IN)
        at_app = await sessions.create(
            SessionType.AUTHENTICATED, user, audience=HOST, parent=sign_on.session.ref
        )
        return sign_on, at_app

    return make


@pytest.fixture
def until():
    """Wait for a condition, a few seconds at most."""

    async def wait(condition: Callable[[], Any]) -> None:
        give_up = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < give_up, "the condition did not come true"
            await asyncio.sleep(0.001)

    return wait
