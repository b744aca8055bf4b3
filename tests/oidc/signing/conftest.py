"""Signing keys over a store that fails when told to."""

import pytest
from tests.store.faults import FaultyRecords

from yett.kernel import Supervisor
from yett.keys import MasterKey
from yett.oidc.signing import Algorithm, Signing, SigningSettings
from yett.store import MemoryRecords

ISSUER = "https://login.example.test"
MASTER = MasterKey(b"m" * 32)
ONE = SigningSettings(algorithms=(Algorithm.ES256,))
TWO = SigningSettings(algorithms=(Algorithm.ES256, Algorithm.EDDSA))


@pytest.fixture
async def records(clock):
    records = FaultyRecords(MemoryRecords(clock))
    yield records
    await records._inner.close()


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


@pytest.fixture
async def node(records, clock, tasks):
    """Makes nodes on the one store."""
    made = []

    async def make(settings=ONE, *, master=MASTER, is_started=True):
        signing = Signing(records, master, settings, clock, tasks, issuer=ISSUER)
        made.append(signing)
        if is_started:
            await signing.start()
        return signing

    yield make
    for signing in made:
        await signing.stop()


@pytest.fixture
async def signing(node):
    return await node()
