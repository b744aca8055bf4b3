"""Opening a link, deciding, and the browser that waits."""

import asyncio
from dataclasses import replace

import pytest
from tests.authn.magic_link.conftest import ADA, BOB

from yett.authn.magic_link import (
    MAX_TRIES,
    Action,
    Authorized,
    DeniedByPerson,
    Fault,
    Over,
    Preview,
    Proven,
    Refused,
    SignInHere,
    Waiting,
    events,
)


def said(heard, *components):
    return [emitter for emitter, _ in heard(*components)]


async def test_the_browser_that_asked_is_let_in_once(place, heard):
    started = await place.ask()
    assert await place.links.poll(started.device_code) is Waiting.PENDING
    assert not await place.links.is_decided(started.device_code)

    preview = await place.look()
    assert isinstance(preview, Preview)
    assert (preview.email, preview.to, preview.is_same_browser) == ("ada@example.test", "/wanted", False)
    assert await place.authorize(started) == Authorized("ada")

    assert await place.links.is_decided(started.device_code)
    assert await place.links.poll(started.device_code) == Proven("ada")
    assert await place.links.poll(started.device_code) == Over(Fault.GONE)
    assert said(heard, "magiclink.preverify", "magiclink.verify") == [events.previewed, events.authorized]


async def test_looking_uses_nothing_up(place):
    started = await place.ask()
    before = await place.records._records.list("")

    for _ in range(20):
        assert isinstance(await place.look(), Preview)

    assert await place.records._records.list("") == before
    assert await place.authorize(started) == Authorized("ada")


async def test_of_fifty_simultaneous_decisions_exactly_one_counts(place):
    started = await place.ask()
    actions = [Action.SIGN_IN_HERE, Action.DENY]

    outcomes = await asyncio.gather(*(place.decide(actions[number % 2]) for number in range(50)))

    assert sum(not isinstance(outcome, Refused) for outcome in outcomes) == 1
    assert outcomes.count(Refused(Fault.GONE)) == 49
    assert await place.links.poll(started.device_code) == Over(Fault.DENIED)


async def test_of_fifty_simultaneous_polls_exactly_one_is_proven(place):
    started = await place.ask()
    await place.authorize(started)

    answers = await asyncio.gather(*(place.links.poll(started.device_code) for _ in range(50)))

    assert answers.count(Proven("ada")) == 1
    assert answers.count(Over(Fault.GONE)) == 49


async def test_signing_in_here_lets_the_other_browser_wait_in_vain(place, heard):
    started = await place.ask()

    assert await place.decide(Action.SIGN_IN_HERE) == SignInHere("ada", "/wanted", is_same_browser=False)

    assert await place.links.poll(started.device_code) == Over(Fault.DENIED)
    assert said(heard, "magiclink.verify") == [events.signin_here]


async def test_a_denied_link_lets_nobody_in(place, heard):
    started = await place.ask()

    assert await place.decide(Action.DENY) == DeniedByPerson()

    assert await place.links.poll(started.device_code) == Over(Fault.DENIED)
    assert await place.authorize(started) == Refused(Fault.GONE)
    assert said(heard, "magiclink.verify") == [events.denied, events.refused]


async def test_without_the_number_the_other_browser_is_not_let_in(place, heard):
    started = await place.ask()
    wrong = "10" if started.check != "10" else "11"

    for left in (2, 1):
        assert await place.decide(Action.AUTHORIZE, check=wrong) == Refused(Fault.WRONG_CHECK, left)
    assert await place.decide(Action.AUTHORIZE, check="") == Refused(Fault.WRONG_CHECK, 0)

    assert await place.authorize(started) == Refused(Fault.GONE)
    assert await place.links.poll(started.device_code) == Over(Fault.DENIED)
    assert heard("magiclink.verify")[0] == (
        events.refused,
        {"action": Action.AUTHORIZE, "reason": Fault.WRONG_CHECK, "client_address": "192.0.2.99"},
    )


async def test_fifty_guesses_at_once_are_no_more_than_three(place):
    started = await place.ask()
    numbers = [f"{number}" for number in range(10, 100) if f"{number}" != started.check][:50]

    outcomes = await asyncio.gather(*(place.decide(Action.AUTHORIZE, check=number) for number in numbers))

    assert sum(outcome.fault is Fault.WRONG_CHECK for outcome in outcomes) == MAX_TRIES
    assert await place.authorize(started) == Refused(Fault.GONE)


async def test_a_directory_that_cannot_be_asked_costs_no_tries(place):
    started = await place.ask()
    place.is_reachable = False
    for _ in range(MAX_TRIES + 1):
        assert await place.authorize(started) == Refused(Fault.UNAVAILABLE)
    place.is_reachable = True
    assert await place.authorize(started) == Authorized("ada")


async def test_the_browser_that_asked_needs_no_number(place):
    started = await place.ask()

    assert (await place.look(device="desk")).is_same_browser
    assert await place.decide(Action.AUTHORIZE, device="desk") == Authorized("ada")

    assert await place.links.poll(started.device_code) == Proven("ada")


async def test_a_link_with_the_seal_of_another_is_refused_and_stays_good(place, heard):
    one = await place.ask(to="/one")
    await place.ask("bob@example.test", to="/two")
    mixed = (place.mailed(0)[0], place.mailed(1)[1])

    assert await place.look(link=mixed) == Refused(Fault.FORGED)
    assert await place.decide(Action.SIGN_IN_HERE, link=mixed) == Refused(Fault.FORGED)
    assert said(heard, "magiclink.preverify") == [events.not_previewed]
    assert await place.authorize(one, link=place.mailed(0)) == Authorized("ada")


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\ud800", "x" * 10_000])
async def test_what_is_no_link_is_refused(place, token):
    await place.ask()
    sealed = place.mailed()[1]

    assert isinstance(await place.look(link=(token, sealed)), Refused)
    assert isinstance(await place.decide(Action.DENY, link=(token, sealed)), Refused)
    assert isinstance(await place.look(link=(place.mailed()[0], token)), Refused)


async def test_a_link_ends_with_its_time(place):
    started = await place.ask()

    place.clock.advance(600)

    assert await place.look() == Refused(Fault.EXPIRED)
    assert await place.authorize(started) == Refused(Fault.EXPIRED)
    assert await place.links.poll(started.device_code) == Over(Fault.EXPIRED)
    assert await place.links.is_decided(started.device_code)


@pytest.mark.parametrize(
    "now_they_are",
    [
        None,
        replace(ADA, is_disabled=True),
        replace(ADA, email="new@example.test"),
    ],
)
async def test_who_a_link_is_for_is_looked_up_when_it_is_used(place, now_they_are):
    started = await place.ask()
    place.directory.change("ada", now_they_are)

    assert await place.authorize(started) == Refused(Fault.NOBODY)
    assert await place.decide(Action.SIGN_IN_HERE) == Refused(Fault.NOBODY)


async def test_an_address_that_has_two_owners_by_now_signs_in_neither(place):
    started = await place.ask()
    place.directory.change("bob", replace(BOB, email=ADA.email))

    assert await place.authorize(started) == Refused(Fault.NOBODY)


async def test_a_directory_that_does_not_answer_lets_nobody_in_and_leaves_the_link_good(place, heard):
    started = await place.ask()
    place.is_reachable = False

    assert await place.authorize(started) == Refused(Fault.UNAVAILABLE)
    assert events.verify_lookup_failed in said(heard, "magiclink.verify")

    place.is_reachable = True
    assert await place.authorize(started) == Authorized("ada")
    place.is_reachable = False
    assert await place.links.poll(started.device_code) == Over(Fault.UNAVAILABLE)
    assert said(heard, "magiclink.poll") == [events.poll_lookup_failed]


async def test_a_person_who_is_out_when_the_browser_asks_is_not_let_in(place, heard):
    started = await place.ask()
    await place.authorize(started)
    place.directory.change("ada", replace(ADA, is_disabled=True))

    assert await place.links.poll(started.device_code) == Over(Fault.NOBODY)

    assert heard("magiclink.poll") == [(events.user_invalid, {"user": "ada"})]


async def test_a_browser_that_asks_too_often_is_slowed_down(place):
    started = await place.ask()

    assert await place.links.poll(started.device_code) is Waiting.PENDING
    assert await place.links.poll(started.device_code) is Waiting.SLOW_DOWN


async def test_without_the_store_the_browser_waits_on(place, heard):
    started = await place.ask()
    place.records.is_broken = True

    assert await place.links.poll(started.device_code) is Waiting.SLOW_DOWN
    assert said(heard, "magiclink.poll") == [events.poll_failed]
    assert not await place.links.is_decided(started.device_code)
    assert await place.look() == Refused(Fault.UNAVAILABLE)
    assert await place.authorize(started) == Refused(Fault.UNAVAILABLE)

    place.records.is_broken = False
    assert await place.authorize(started) == Authorized("ada")


async def test_a_browser_that_cannot_be_told_is_not_reported_as_let_in(place, heard):
    started = await place.ask()
    place.records.broken_prefix = "device/"

    assert await place.authorize(started) == Refused(Fault.UNAVAILABLE)

    assert events.not_authorized in said(heard, "magiclink.verify")
    place.records.broken_prefix = ""
    assert await place.authorize(started) == Refused(Fault.GONE)
    assert await place.links.poll(started.device_code) is Waiting.PENDING


# When people go.


async def test_links_of_somebody_who_is_out_lead_nowhere(place, heard):
    waiting = await place.ask()
    link = place.mailed()
    confirmed = await place.ask(device="sofa")
    await place.authorize(confirmed, link=place.mailed())
    of_bob = await place.ask("bob@example.test", device="bob's")
    place.directory.change("ada", None)
    heard.forget()

    assert await place.links.forget("ada") == 1
    assert await place.links.forget("ada") == 0
    # What was confirmed is a device code by now.
    assert await place.codes.forget("ada") == 2

    assert (events.forgotten, {"user": "ada", "links": 1}) in heard("magiclink")
    place.directory.change("ada", ADA)
    assert await place.decide(Action.AUTHORIZE, check=waiting.check, link=link) == Refused(Fault.GONE)
    for each in (waiting, confirmed):
        assert isinstance(await place.links.poll(each.device_code), Over)
    assert await place.links.poll(of_bob.device_code) is Waiting.PENDING
