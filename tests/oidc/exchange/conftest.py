"""One house for each test."""

import pytest
from tests.oidc.exchange.house import build


@pytest.fixture
async def house(clock):
    built = await build(clock)
    async with built.http:
        yield built
    await built.stop()
