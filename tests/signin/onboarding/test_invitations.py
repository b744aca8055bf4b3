import asyncio

import pytest

from yett.signin.onboarding import Invitations, OnboardingSettings, events
from yett.store import MemoryRecords


@pytest.fixture
def records(clock):
    return MemoryRecords(clock)


@pytest.fixture
def invitations(records, clock):
    return Invitations(records, OnboardingSettings(), clock)


async def test_an_invitation_is_good_once(invitations, heard, clock):
    made = await invitations.invite("ada", by="operator")
    assert await invitations.look(made.token) == made.invitation
    assert await invitations.look(made.token) == made.invitation
    assert await invitations.take(made.token) == made.invitation
    assert await invitations.take(made.token) is None
    assert await invitations.look(made.token) is None
    assert made.invitation.expires_at == clock.now() + 86400
    assert heard("onboarding") == [(events.invited, {"user": "ada", "by": "operator", "lifetime": 86400.0})]


async def test_of_fifty_who_open_it_at_once_one_gets_on(invitations):
    made = await invitations.invite("ada", by="operator")
    taken = await asyncio.gather(*(invitations.take(made.token) for _ in range(50)))
    assert len([each for each in taken if each is not None]) == 1


async def test_it_runs_out(invitations, clock):
    made = await invitations.invite("ada", by="operator")
    clock.advance(86400)
    assert await invitations.take(made.token) is None
    assert await invitations.list() == ()


async def test_a_new_one_takes_the_place_of_the_one_before(invitations):
    first = await invitations.invite("ada", by="operator")
    second = await invitations.invite("ada", by="operator")
    assert await invitations.take(first.token) is None
    assert await invitations.list() == (second.invitation,)
    assert await invitations.take(second.token) == second.invitation


async def test_it_is_withdrawn(invitations, heard):
    made = await invitations.invite("ada", by="operator")
    assert await invitations.withdraw("ada", by="operator")
    assert not await invitations.withdraw("ada", by="operator")
    assert await invitations.take(made.token) is None
    assert heard("onboarding")[-1] == (events.withdrawn, {"user": "ada", "by": "operator"})


async def test_the_store_holds_no_token(invitations, records):
    made = await invitations.invite("ada", by="operator")
    kept = await records.list("")
    assert kept
    assert not [key for key, record in kept if made.token in key or made.token.encode() in record.value]
    assert made.token not in repr(made)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "../" * 14 + "x", "x" * 100_000, "\x00" * 43])
async def test_what_was_never_given_out_is_no_invitation(invitations, token):
    await invitations.invite("ada", by="operator")
    assert await invitations.look(token) is None
    assert await invitations.take(token) is None


async def test_a_damaged_record_is_no_invitation(invitations, records):
    made = await invitations.invite("ada", by="operator")
    for key, _ in await records.list("signin/invitations/links"):
        await records.put(key, b"{}")
    assert await invitations.take(made.token) is None
