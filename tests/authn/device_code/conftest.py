"""Device codes in memory, with a consumer that gives what a test says."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from tests.signin.conftest import ADA, Breakable

from yett.authn.device_code import Approval, DeviceCodes, DeviceCodeSettings, Offer, Origin
from yett.kernel import FrozenClock
from yett.keys import MasterKey, Sealer
from yett.store import MemoryRecords

ORIGIN = Origin("192.0.2.7", "curl/8.1")
SETTINGS = DeviceCodeSettings(enabled=True)
ON_HER_LAPTOP = Approval("ada", "session-1", 1_800_000_000.0, 1_800_010_000.0)


class Unhurried:
    """Records that let others go first at every step, as a disk does: what can come between, does."""

    def __init__(self, records):
        self._records = records

    def __getattr__(self, name):
        whole = getattr(self._records, name)
        if name not in {"get", "put", "create", "replace", "take", "delete", "list"}:
            return whole

        async def in_a_moment(*given, **more):
            await asyncio.sleep(0)
            return await whole(*given, **more)

        return in_a_moment


@dataclass
class Giver:
    """A consumer: whose codes may be confirmed, and what there is for it."""

    gives: object = field(default_factory=lambda: {"token": "t0ken"})
    refuses: bool = False
    asked: int = 0
    offered_to: list = field(default_factory=list)

    def offer(self, code, person, address):
        self.offered_to.append((person.name, address))
        return None if self.refuses else Offer("Command line", tuple(code.scope.split()))

    async def answer(self, code, approval):  # noqa: ARG002 - the port's
        self.asked += 1
        return self.gives


@dataclass
class Place:
    """Everything a test may turn."""

    codes: DeviceCodes
    records: Breakable
    clock: FrozenClock
    giver: Giver
    sealer: Sealer

    async def issue(self, **more):
        return await self.codes.authorize("test", "cli", ORIGIN, **more)

    async def find(self, typed, person=ADA, address="192.0.2.9"):
        return await self.codes.find(typed, person, address)

    async def approve(self, issued, **more):
        return await self.codes.complete(issued.ref, ON_HER_LAPTOP, is_approved=True, person=ADA, **more)

    async def deny(self, issued):
        return await self.codes.complete(issued.ref, ON_HER_LAPTOP, is_approved=False, person=ADA)

    async def poll(self, issued, client="cli"):
        return await self.codes.poll("test", client, issued.device_code)

    def set(self, **changed):
        self.codes.apply(replace(SETTINGS, **changed))


@pytest.fixture
def place(clock):
    records = Breakable(Unhurried(MemoryRecords(clock)))
    sealer = Sealer(MasterKey(bytes(32)), "test")
    codes = DeviceCodes(records, sealer, SETTINGS, clock)
    giver = Giver()
    codes.join("test", giver)
    return Place(codes, records, clock, giver, sealer)
