import asyncio

import pytest

from yett.oidc.registration.model import UnusableToken
from yett.oidc.registration.shelf import InitialTokens, Withdrawn
from yett.store import StoreUnavailable


@pytest.fixture
def tokens(office):
    return InitialTokens(office.records)


async def test_a_token_is_good_as_often_as_was_said(tokens, office):
    text = await tokens.make(uses=3, lifetime=60.0, now=office.clock.now())
    outcomes = [await tokens.spend(text, now=office.clock.now()) for _ in range(4)]
    assert outcomes == [None, None, None, UnusableToken.UNKNOWN]


@pytest.mark.parametrize("uses", [1, 7])
async def test_of_fifty_at_once_as_many_get_in_as_it_has_uses(tokens, office, uses):
    text = await tokens.make(uses=uses, lifetime=60.0, now=office.clock.now())
    outcomes = await asyncio.gather(*(tokens.spend(text, now=office.clock.now()) for _ in range(50)))
    assert outcomes.count(None) == uses


async def test_a_token_ends_and_using_it_does_not_make_it_last(tokens, office):
    text = await tokens.make(uses=3, lifetime=60.0, now=office.clock.now())
    office.clock.advance(59)
    assert await tokens.spend(text, now=office.clock.now()) is None
    office.clock.advance(1)
    assert await tokens.spend(text, now=office.clock.now()) is UnusableToken.UNKNOWN


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", UnusableToken.MISSING), ("x", UnusableToken.UNKNOWN), ("rt-" + "x" * 200, UnusableToken.UNKNOWN),
     ("\ud800", UnusableToken.UNKNOWN)],
)  # fmt: skip
async def test_what_is_no_token_is_none(tokens, office, text, reason):
    assert await tokens.spend(text, now=office.clock.now()) is reason


async def test_tokens_are_kept_by_their_hashes(tokens, office):
    text = await tokens.make(uses=1, lifetime=60.0, now=office.clock.now())
    assert all(text not in key and text.encode() not in it.value for key, it in await office.records.list(""))


async def test_what_cannot_be_read_lets_nobody_in(tokens, office):
    text = await tokens.make(uses=1, lifetime=60.0, now=office.clock.now())
    ((key, _),) = await office.records.list("oidc/registration/tokens/")
    await office.records.put(key, b"{")
    assert await tokens.spend(text, now=office.clock.now()) is UnusableToken.UNKNOWN


async def test_without_the_store_nothing_is_used_up(tokens, office):
    text = await tokens.make(uses=1, lifetime=60.0, now=office.clock.now())
    office.records.is_broken = True
    with pytest.raises(StoreUnavailable):
        await tokens.spend(text, now=office.clock.now())
    office.records.is_broken = False
    assert await tokens.spend(text, now=office.clock.now()) is None


async def test_every_node_knows_who_was_revoked(office):
    here, there = Withdrawn(office.records), Withdrawn(office.records)
    await here.follower.open()
    await there.follower.open()
    following = office.tasks.run(there.follower.follow(), name="follow")
    await here.add("dc-x", lifetime=60.0)
    assert "dc-x" in here
    async with asyncio.timeout(5):
        while "dc-x" not in there:  # noqa: ASYNC110 - the task changes it
            await asyncio.sleep(0.001)
        assert await here.remove("dc-x")
        while "dc-x" in there:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
    assert not await here.remove("dc-x")
    await here.add("dc-y", lifetime=60.0)
    later = Withdrawn(office.records)
    await later.follower.open()
    assert "dc-y" in later
    for each in (here, there, later):
        await each.follower.close()
    await following
