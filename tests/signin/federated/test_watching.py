import asyncio
from datetime import timedelta

import pytest

from yett.signin.federated import events
from yett.signin.machine import Standing
from yett.signin.model import Factor

SOON = timedelta(minutes=10)


async def until(condition):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


@pytest.fixture
async def inside(place, browser):
    place.use(recheck=SOON)
    await place.link()
    await browser.trip()
    return browser


@pytest.mark.usefixtures("inside")
async def test_who_is_welcome_over_there_stays(place, clock):
    clock.advance(601)
    await place.watching.look()
    assert place.idp.count("/token") == 2
    assert place.sessions.live("ada")


async def test_who_is_not_is_signed_out(place, inside, clock, heard):
    place.idp.refresh_tokens.clear()
    clock.advance(601)
    await place.watching.look()
    assert not place.sessions.live("ada")
    assert events.no_longer_vouched in [emitter for emitter, _ in heard("signin.federated")]
    assert (await inside.get("/")).headers["location"] == "/signin"


@pytest.mark.usefixtures("inside")
async def test_who_signs_out_gives_the_tokens_back(place):
    (session,) = place.sessions.live("ada")
    await place.sessions.revoke(session.ref)
    await until(lambda: place.idp.revoked)


async def test_a_sign_in_that_is_not_finished_keeps_them(place, browser):
    await place.link()
    place.factors.table["ada"] = Standing(frozenset({Factor.TOTP}))
    await browser.trip()
    (pending,) = place.sessions.live("ada")
    assert pending.metadata["federated"]
    await place.sessions.revoke(pending.ref)
    await place.watching.look()
    assert not place.idp.revoked


async def test_sessions_of_other_ways_in_are_nobodys_business(place, browser, clock):
    place.use(recheck=SOON)
    await browser.sign_in()
    clock.advance(601)
    await place.watching.look()
    assert place.sessions.live("ada")
    assert not place.idp.asked


async def test_nobody_is_looked_for_where_nobody_is_asked_about(place, browser, clock):
    await place.link()
    await browser.trip()
    clock.advance(601)
    await place.watching.look()
    assert place.idp.count("/token") == 1
