"""What the tests of certificates start from."""

from collections.abc import AsyncIterator

import pytest
from tests.pki.making import Failing

from yett.kernel import FrozenClock, Supervisor
from yett.keys import MasterKey, Sealer
from yett.pki import Authority, Certificates, PKISettings
from yett.store import MemoryRecords


@pytest.fixture
async def tasks() -> AsyncIterator[Supervisor]:
    supervisor = Supervisor()
    yield supervisor
    await supervisor.stop()


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(b"a cluster key for tests, 32 bytes")


@pytest.fixture
def sealer(master) -> Sealer:
    return Sealer(master, "pki.certificates")


@pytest.fixture
async def records(clock: FrozenClock) -> AsyncIterator[Failing]:
    memory = MemoryRecords(clock)
    yield Failing(memory)
    await memory.close()


@pytest.fixture
async def certificates(records, sealer, clock, tasks) -> AsyncIterator[Certificates]:
    manager = Certificates(records, sealer, clock, tasks)
    await manager.start()
    yield manager
    await manager.stop()


@pytest.fixture
def authority(clock) -> Authority:
    return Authority(None, PKISettings(), clock)
