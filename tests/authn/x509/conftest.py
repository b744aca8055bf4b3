"""An authority, and a server on this machine."""

import pytest
from tests.authn.x509.making import Static, root

from yett.kernel import Supervisor


@pytest.fixture(scope="session")
def ca():
    return root()


@pytest.fixture(scope="session")
def issuing(ca):
    return ca.between()


@pytest.fixture
def static():
    with Static() as running:
        yield running


@pytest.fixture
async def tasks():
    made = Supervisor()
    yield made
    await made.stop()
