import asyncio

import pytest

from yett.authn.passkey import PasskeySettings
from yett.authn.passkey.ceremonies import Ceremonies
from yett.authn.passkey.model import Asked, Purpose
from yett.events import Scope, enter_scope, leave_scope

ASKED = Asked(Purpose.AUTHENTICATION, "c", "browser", "", "", 0.0, needs_verification=True)


@pytest.fixture
def ceremonies(records, clock):
    return Ceremonies(records, PasskeySettings(), clock)


async def test_of_many_takers_exactly_one_gets_the_question(ceremonies):
    number = await ceremonies.open(ASKED)
    takers = (ceremonies.take(number, Purpose.AUTHENTICATION, "browser") for _ in range(50))
    assert sorted(await asyncio.gather(*takers), key=lambda found: found is None)[:2] == [ASKED, None]


@pytest.mark.parametrize(
    ("purpose", "device"),
    [(Purpose.REGISTRATION, "browser"), (Purpose.AUTHENTICATION, "x"), (Purpose.AUTHENTICATION, "")],
)
async def test_a_wrong_taker_spoils_the_question(ceremonies, purpose, device):
    number = await ceremonies.open(ASKED)
    assert await ceremonies.take(number, purpose, device) is None
    assert await ceremonies.take(number, Purpose.AUTHENTICATION, "browser") is None


async def open_from(ceremonies, address):
    token = enter_scope(Scope(request_id="1", client_address=address))
    try:
        return await ceremonies.open(ASKED)
    finally:
        leave_scope(token)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::{0:x}"])
async def test_strangers_cannot_fill_the_store(records, clock, address):
    ceremonies = Ceremonies(records, PasskeySettings(max_open=100), clock)
    other = await open_from(ceremonies, "198.51.100.7")
    numbers = [await open_from(ceremonies, address.format(number)) for number in range(30)]
    assert len(await records.list("")) == 11
    assert await ceremonies.take(numbers[0], Purpose.AUTHENTICATION, "browser") is None
    assert await ceremonies.take(numbers[-1], Purpose.AUTHENTICATION, "browser") == ASKED
    assert await ceremonies.take(other, Purpose.AUTHENTICATION, "browser") == ASKED


async def test_challenges_are_256_random_bits(ceremonies):
    assert len({ceremonies.challenge() for _ in range(100)}) == 100
    assert len(ceremonies.challenge()) == 43
