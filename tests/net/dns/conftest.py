"""Name servers on loopback."""

import pytest
from tests.net.dns.nameserver import NameServer


@pytest.fixture
async def nameserver():
    """`await nameserver()` starts one more."""
    made = []

    async def start(**options):
        made.append(await NameServer().start(**options))
        return made[-1]

    yield start
    for server in made:
        server.stop()
