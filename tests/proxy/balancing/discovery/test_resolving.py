import socket

import pytest

from yett.proxy.balancing.discovery import LookedUp, Resolved, SystemResolver, Unresolved
from yett.proxy.balancing.discovery.resolving import answer_of


async def test_the_system_knows_localhost():
    found = await SystemResolver().resolve("localhost", 80)
    assert isinstance(found, Resolved)
    assert set(found.addresses) & {"127.0.0.1", "::1"}


async def test_an_address_stands_for_itself():
    assert await SystemResolver().resolve("127.0.0.9", 80) == Resolved(("127.0.0.9",))


async def test_a_name_that_cannot_be_one_is_unresolved():
    assert isinstance(await SystemResolver().resolve("a" * 70 + ".example", 80), Unresolved)


@pytest.mark.parametrize(
    ("problem", "answer"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Resolved),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), Unresolved),
        (socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"), Unresolved),
        (OSError(24, "Too many open files"), Unresolved),
    ],
)
def test_no_addresses_is_an_answer_and_no_answer_is_none(problem, answer):
    assert isinstance(answer_of(problem), answer)


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        (("192.0.2.2", "192.0.2.1", "192.0.2.2"), Resolved(("192.0.2.1", "192.0.2.2"))),
        ((), Resolved(("127.0.0.9",))),
        (socket.gaierror(socket.EAI_NONAME, "the name has no address"), Resolved(())),
        (socket.gaierror(socket.EAI_FAIL, "the answer was not validated"), None),
    ],
)
async def test_whoever_knows_the_addresses_of_backends_is_asked_before_the_system(found, answer):
    async def look_up(_):
        if isinstance(found, OSError):
            raise found
        return found

    outcome = await LookedUp(look_up).resolve("127.0.0.9", 80)
    assert outcome == answer or (answer is None and isinstance(outcome, Unresolved))
