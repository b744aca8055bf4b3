"""Half-finished sign-ins: found, tried so often, used once."""

import asyncio
from datetime import timedelta

import pytest
from tests.signin.house import HOST

from yett.sessions import SessionType
from yett.signin import MFASettings, events
from yett.signin.pending import Missing, Pending
from yett.store import StoreUnavailable


@pytest.fixture
def pending(house):
    return Pending(house.sessions, house.records, MFASettings(), house.clock, audience=HOST)


@pytest.fixture
async def begun(house):
    return await house.sessions.create(SessionType.MFA_PENDING, "ada", audience=HOST)


async def test_a_half_finished_sign_in_is_found_by_its_token(pending, begun, heard):
    assert await pending.find(begun.token) == begun.session
    assert heard("signin") == [
        (events.validating, {}),
        (events.validated, {"user": "ada", "session": begun.session.ref}),
    ]


@pytest.mark.parametrize("kind", [each for each in SessionType if each is not SessionType.MFA_PENDING])
async def test_no_other_session_is_one(pending, house, kind, heard):
    other = await house.sessions.create(kind, "ada", audience=HOST)
    assert await pending.find(other.token) is Missing.OVER
    assert heard("signin")[-1] == (events.not_valid, {})


@pytest.mark.parametrize("token", ["", "no token", "x" * 1000])
async def test_no_other_text_is_one(pending, token):
    assert await pending.find(token) is Missing.OVER


async def test_one_for_another_host_is_none_here(pending, house):
    other = await house.sessions.create(SessionType.MFA_PENDING, "ada", audience="elsewhere.test")
    assert await pending.find(other.token) is Missing.OVER


async def test_it_runs_out(pending, begun, clock):
    clock.advance(601)
    assert await pending.find(begun.token) is Missing.OVER


class Slow:
    """Sessions that never answer."""

    async def validate(self, *_, **__):
        await asyncio.Event().wait()


class Broken:
    """Sessions whose store is away."""

    async def validate(self, *_, **__):
        raise StoreUnavailable("the disk is full")


@pytest.mark.parametrize("sessions", [Slow(), Broken()])
async def test_when_nobody_knows_nobody_goes_on(house, begun, heard, sessions):
    quick = MFASettings(check_timeout=timedelta(milliseconds=100))
    pending = Pending(sessions, house.records, quick, house.clock, audience=HOST)
    assert await pending.find(begun.token) is Missing.UNAVAILABLE
    assert await pending.use(begun.token, begun.session) is Missing.UNAVAILABLE
    said = [event for event, _ in heard("signin")]
    assert said == [events.validating, events.validation_failed, events.retrieving, events.retrieval_failed]


async def test_so_many_tries_and_no_more(pending, begun):
    assert [await pending.count_try(begun.session) for _ in range(7)] == [4, 3, 2, 1, 0, *[Missing.OVER] * 2]


async def test_of_fifty_tries_at_once_five_are_counted(pending, begun):
    left = await asyncio.gather(*(pending.count_try(begun.session) for _ in range(50)))
    assert sorted(each for each in left if each is not Missing.OVER) == [0, 1, 2, 3, 4]


async def test_a_try_that_cannot_be_counted_is_none(pending, begun, house, heard):
    house.records.is_broken = True
    assert await pending.count_try(begun.session) is Missing.UNAVAILABLE
    house.records.is_broken = False
    await house.records.put(f"signin/tries/{begun.session.ref}", b"many")
    assert await pending.count_try(begun.session) is Missing.UNAVAILABLE
    assert [event for event, _ in heard("signin")] == [events.try_not_counted] * 2


async def test_it_is_used_once(pending, begun, heard):
    used = await asyncio.gather(*(pending.use(begun.token, begun.session) for _ in range(50)))
    assert [each for each in used if not isinstance(each, Missing)] == [begun.session]
    assert (events.retrieved, {"user": "ada", "session": begun.session.ref}) in heard("signin")
    assert await pending.find(begun.token) is Missing.OVER


async def test_one_that_ended_meanwhile_is_not_used(pending, begun):
    await pending.end(begun.session)
    assert await pending.use(begun.token, begun.session) is Missing.OVER


async def test_a_store_that_fails_lets_nobody_on(pending, begun, house):
    house.records.broken_prefix = "signin/used/"
    assert await pending.use(begun.token, begun.session) is Missing.UNAVAILABLE


async def test_tries_of_one_sign_in_wait_for_each_other_and_for_no_others(pending):
    async with pending.turn("one"):
        assert pending.turn("one").locked()
        assert not pending.turn("other").locked()
    # Nothing is remembered of it.
    assert not pending.turn("one").locked()
    assert len(pending._turns) == 0
