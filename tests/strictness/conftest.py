"""One server and one upstream for all rows."""

import pytest
from tests.strictness.stage import Stage


@pytest.fixture(scope="module")
async def stage():
    started = await Stage().start()
    yield started
    await started.stop()
