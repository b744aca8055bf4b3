"""A webhook's other end."""

import pytest
from tests.notify.notices.hook import Hook


@pytest.fixture
async def hook():
    made = await Hook().start()
    yield made
    await made.stop()
