"""Tasks that end with the test."""

import pytest

from yett.kernel import Supervisor


@pytest.fixture
async def tasks():
    supervisor = Supervisor()
    yield supervisor
    await supervisor.stop()
