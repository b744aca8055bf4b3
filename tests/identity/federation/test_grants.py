import asyncio

import pytest

from yett.identity.federation import Grants, Identity
from yett.identity.federation.model import TokenSet
from yett.keys import MasterKey, Sealer

THERE = Identity("https://idp.example", "1")
TOKENS = TokenSet("the access token", "Bearer", "", "the refresh token")


@pytest.fixture
def grants(records, clock):
    return Grants(records, Sealer(MasterKey(bytes(32)), "test"), clock)


async def keep(grants, tokens=TOKENS, every=60.0):
    return await grants.keep("acme", THERE, tokens, every=every, lifetime=3600.0)


async def test_tokens_are_kept_sealed_and_taken_once(grants, records):
    number = await keep(grants)
    ((_, record),) = await records.list("federation/grants/")
    assert b"token" not in record.value.replace(b"_token", b"")
    taken = await asyncio.gather(*(grants.take(number) for _ in range(50)))
    (grant,) = [each for each in taken if each is not None]
    assert (grant.access_token, grant.refresh_token) == ("the access token", "the refresh token")
    assert "the refresh token" not in repr(grant)


async def test_of_many_who_find_that_it_is_time_one_asks(grants, clock):
    number = await keep(grants)
    assert await grants.claim(number, 60.0) is None
    clock.advance(61)
    claimed = await asyncio.gather(*(grants.claim(number, 60.0) for _ in range(50)))
    assert sum(each is not None for each in claimed) == 1
    clock.advance(61)
    assert await grants.claim(number, 60.0)


async def test_newer_tokens_take_the_place_of_those_that_were_claimed(grants, clock):
    number = await keep(grants)
    clock.advance(61)
    grant = await grants.claim(number, 60.0)
    assert await grants.renew(grant, TokenSet("a2", "Bearer", "", "r2"), 60.0)
    assert not await grants.renew(grant, TokenSet("a3", "Bearer", "", "r3"), 60.0)
    clock.advance(61)
    again = await grants.claim(number, 60.0)
    assert (again.access_token, again.refresh_token) == ("a2", "r2")
    assert await grants.renew(again, TokenSet("a4", "Bearer"), 60.0)
    assert (await grants.take(number)).refresh_token == "r2"


async def test_what_is_not_asked_about_is_never_claimed(grants, clock):
    number = await keep(grants, every=0.0)
    clock.advance(3000)
    assert await grants.claim(number, 60.0) is None
    assert await grants.take(number)


async def test_long_access_tokens_are_left_out_and_long_refresh_tokens_are_not_kept(grants):
    number = await keep(grants, TokenSet("a" * 20_000, "Bearer", "", "r"))
    grant = await grants.take(number)
    assert (grant.access_token, grant.refresh_token) == ("", "r")
    assert await keep(grants, TokenSet("a", "Bearer", "", "r" * 20_000)) == ""
    assert await keep(grants, TokenSet("a" * 20_000, "Bearer")) == ""


async def test_it_is_not_kept_for_ever(grants, clock):
    number = await keep(grants)
    clock.advance(3601)
    assert await grants.take(number) is None
    assert await grants.claim(number, 60.0) is None


async def test_what_cannot_be_read_is_nothing(grants, records):
    number = await keep(grants)
    await records.put(f"federation/grants/{number}", b"?")
    assert await grants.claim(number, 60.0) is None
    assert await grants.take(number) is None
    assert await grants.take("nothing") is None
