"""Belongings of people who come and go, on a store that can fail."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from tests.store.faults import FaultyRecords

from yett.identity import Person, PersonChanged
from yett.identity.belongings import Belongings, IdentitySettings
from yett.kernel import FrozenClock, Supervisor
from yett.store import ClusterSettings, MemoryRecords, ModuleData

ADA = Person("ada", "Ada", "", (), is_disabled=False, source="local", id="1")
NEXT = replace(ADA, id="2")


@dataclass
class Place:
    """Everything a test may turn."""

    belongings: Belongings
    data: ModuleData
    records: FaultyRecords
    clock: FrozenClock
    tasks: Supervisor
    known: dict = field(default_factory=dict)

    def person(self, name):
        return self.known.get(name)

    def put(self, person, *, name="ada", is_told=True):
        """Let somebody have a name from now on."""
        before = self.known.pop(name, None)
        if person is not None:
            self.known[name] = person
        if is_told:
            self.belongings.told(PersonChanged(name, person, was_disabled=False, before=before))

    async def become(self, person, *, name="ada"):
        self.put(person, name=name)
        await self.settle()

    async def settle(self):
        """Let the work in the background come to its end."""
        while len(self.tasks):  # noqa: ASYNC110 - the supervisor has no event for it
            await asyncio.sleep(0)


@pytest.fixture
async def place(clock):
    records, tasks = FaultyRecords(MemoryRecords(clock)), Supervisor()
    data = ModuleData(records, ClusterSettings())
    place = Place(None, data, records, clock, tasks)
    place.belongings = Belongings(data, place, IdentitySettings(), clock, tasks)
    place.put(ADA, is_told=False)
    yield place
    await tasks.stop()
