"""Device codes from the first question to the answer, on the memory store."""

import asyncio
from dataclasses import replace

import pytest
from tests.authn.device_code.conftest import ADA, ON_HER_LAPTOP, ORIGIN, SETTINGS

from yett.authn.device_code import (
    Completed,
    Declined,
    DeviceCodes,
    Granted,
    NotMade,
    Polled,
    Question,
    Reason,
    Status,
    events,
)
from yett.keys import MasterKey, Sealer
from yett.store import StoreUnavailable


def names(heard):
    return [emitter.declaration.message for emitter, _ in heard("devicecode")]


async def test_a_confirmed_device_gets_its_answer_once(place, heard):
    issued = await place.issue(scope="read write")
    found = await place.find(issued.user_code.lower())
    assert isinstance(found, Question)
    assert (found.offer.client_name, found.offer.scopes) == ("Command line", ("read", "write"))
    assert (found.code.origin.address, found.ref) == ("192.0.2.7", issued.ref)
    assert await place.poll(issued) is Polled.PENDING

    assert await place.approve(issued) == Completed(Status.APPROVED)
    granted = await place.poll(issued)

    assert granted == Granted("ada", "session-1", "cli", "read write", {"token": "t0ken"})
    assert "t0ken" not in repr(granted)
    assert issued.device_code not in repr(issued)
    assert await place.poll(issued) is Polled.UNKNOWN
    assert names(heard) == [
        "Device authorization codes generated",
        "Generated tokens for device authorization",
        "Device authorization completed",
        "Device authorization granted",
    ]


async def test_neither_the_device_code_nor_the_answer_can_be_read_in_the_store(place):
    issued = await place.issue()
    await place.approve(issued)

    kept = b"".join(
        key.encode() + record.value for key, record in await place.records._records.list("device/")
    )

    assert issued.device_code.encode() not in kept
    assert b"t0ken" not in kept


async def test_a_denied_device_hears_it_and_nothing_was_made_for_it(place, heard):
    issued = await place.issue()

    assert await place.deny(issued) == Completed(Status.DENIED)

    assert await place.poll(issued) is Polled.DENIED
    assert place.giver.asked == 0
    assert names(heard)[-1] == "Device authorization denied by user"


async def test_a_decision_is_made_once(place, heard):
    issued = await place.issue()
    await place.deny(issued)

    assert await place.approve(issued) == Declined(Reason.HANDLED)

    assert heard("devicecode.complete")[-1] == (
        events.already_handled,
        {"user": "ada", "code": issued.ref[:16], "status": Status.DENIED},
    )
    assert await place.poll(issued) is Polled.DENIED


async def test_of_fifty_simultaneous_decisions_exactly_one_counts(place, heard):
    issued = await place.issue()

    outcomes = await asyncio.gather(
        *(place.approve(issued) if number % 2 else place.deny(issued) for number in range(50))
    )

    done = [outcome for outcome in outcomes if isinstance(outcome, Completed)]
    assert len(done) == 1
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, Declined)} <= {
        Reason.CONCURRENT,
        Reason.HANDLED,
    }
    assert "Concurrent modification detected (version mismatch)" in names(heard)
    polled = await place.poll(issued)
    assert isinstance(polled, Granted) is (done[0].status is Status.APPROVED)


async def test_of_fifty_simultaneous_questions_exactly_one_gets_the_answer(place):
    issued = await place.issue()
    await place.approve(issued)

    answers = await asyncio.gather(*(place.poll(issued) for _ in range(50)))

    assert sum(isinstance(answer, Granted) for answer in answers) == 1
    assert answers.count(Polled.UNKNOWN) == 49


async def test_of_fifty_simultaneous_questions_about_a_pending_code_one_is_in_time(place):
    issued = await place.issue()

    answers = await asyncio.gather(*(place.poll(issued) for _ in range(50)))

    assert answers.count(Polled.PENDING) == 1
    assert answers.count(Polled.SLOW_DOWN) == 49


async def test_another_client_learns_nothing_and_takes_nothing(place, heard):
    issued = await place.issue()
    await place.approve(issued)
    heard.forget()

    assert await place.poll(issued, client="other") is Polled.UNKNOWN

    assert heard("devicecode") == [
        (
            events.client_mismatch,
            {"client": "other", "issued_to": "cli", "code": issued.ref[:16]},
        )
    ]
    assert isinstance(await place.poll(issued), Granted)


async def test_a_device_that_asks_too_fast_is_slowed_down_on_every_node(place, heard):
    issued = await place.issue()
    other_node = DeviceCodes(place.records, place.sealer, SETTINGS, place.clock)
    assert await place.poll(issued) is Polled.PENDING

    place.clock.advance(1)
    assert await other_node.poll("test", "cli", issued.device_code) is Polled.SLOW_DOWN

    place.clock.advance(6)  # five seconds would have been enough before
    assert await place.poll(issued) is Polled.SLOW_DOWN
    place.clock.advance(15)
    assert await place.poll(issued) is Polled.PENDING
    assert [fields["interval"] for emitter, fields in heard("devicecode.poll")] == [10.0, 15.0]


async def test_a_code_ends_with_its_time_and_says_so_for_a_while(place):
    issued = await place.issue()
    await place.approve(issued)

    place.clock.advance(600)
    assert await place.poll(issued) is Polled.EXPIRED
    late = await place.issue()
    place.clock.advance(599)
    assert (await place.find(late.user_code)).ref == late.ref
    place.clock.advance(1)
    assert isinstance(await place.find(late.user_code), Declined)
    assert await place.approve(late) == Declined(Reason.EXPIRED)
    place.clock.advance(700)
    assert await place.poll(issued) is Polled.UNKNOWN


async def test_nobody_gets_a_code_while_they_are_switched_off(place, heard):
    await place.codes.start()
    place.set(enabled=False)

    assert (await place.issue()).reason is Reason.DISABLED

    place.set(enabled=True)
    assert [emitter for emitter, _ in heard("devicecode.init")] == [
        events.initialized,
        events.disabled,
        events.initialized,
    ]


# Typing codes.


async def test_what_cannot_be_a_code_is_told_apart_and_not_recorded(place, heard):
    assert await place.find("hunter2 is my password") == Declined(Reason.MALFORMED)
    assert heard("devicecode.verify") == [(events.user_code_malformed, {"user": "ada"})]


async def test_guesses_are_limited_for_a_person_and_for_an_address(place, heard):
    place.set(max_wrong_per_person=3, max_wrong_per_address=4)
    issued = await place.issue()

    for _ in range(3):
        assert await place.find("BBBB-BBBB") == Declined(Reason.UNKNOWN)
    throttled = await place.find(issued.user_code, address="203.0.113.1")
    assert throttled.reason is Reason.THROTTLED
    assert throttled.retry_after == pytest.approx(200)
    assert heard("devicecode.verify")[-1][0] is events.guesses_throttled

    bob = replace(ADA, name="bob")
    assert await place.find("BBBB-BBBB", bob) == Declined(Reason.UNKNOWN)
    assert (await place.find(issued.user_code, bob)).reason is Reason.THROTTLED
    assert isinstance(await place.find(issued.user_code, bob, "203.0.113.1"), Question)

    place.clock.advance(201)
    assert isinstance(await place.find(issued.user_code), Question)


async def test_fifty_guesses_at_once_are_no_more_than_are_allowed(place):
    answers = await asyncio.gather(*(place.find("BBBB-BBBB") for _ in range(50)))

    assert [answer.reason for answer in answers].count(Reason.UNKNOWN) == 10


async def test_codes_that_exist_are_no_guesses(place):
    issued = await place.issue()
    for _ in range(40):
        assert isinstance(await place.find(issued.user_code), Question)


async def test_whoever_may_not_confirm_a_client_is_not_asked(place, heard):
    issued = await place.issue()
    place.giver.refuses = True

    assert await place.find(issued.user_code) == Declined(Reason.NOT_ALLOWED)
    assert await place.approve(issued) == Declined(Reason.NOT_ALLOWED)

    assert heard("devicecode.complete")[-1][0] is events.not_allowed
    assert await place.poll(issued) is Polled.PENDING


# What the device gets.


@pytest.mark.parametrize(
    ("reason", "emitter"),
    [
        (NotMade.NOTHING, events.tokens_not_generated),
        (NotMade.NOBODY, events.no_token_response),
        (NotMade.UNFIT, events.token_response_unfit),
    ],
)
async def test_without_an_answer_nothing_is_approved(place, heard, reason, emitter):
    issued = await place.issue()
    place.giver.gives = reason

    assert await place.approve(issued) == Declined(Reason.NO_TOKENS)

    assert heard("devicecode.complete")[-1] == (
        emitter,
        {"user": "ada", "client": "cli", "code": issued.ref[:16], "reason": reason},
    )
    assert await place.poll(issued) is Polled.PENDING


async def test_an_answer_that_is_too_long_to_be_kept_is_refused(place, heard):
    issued = await place.issue()
    place.giver.gives = {"token": "x" * 20_000}

    assert await place.approve(issued) == Declined(Reason.NO_TOKENS)

    assert heard("devicecode.complete")[-1][0] is events.token_response_unfit


async def test_an_answer_that_cannot_be_opened_any_more_is_not_given(place, heard):
    issued = await place.issue()
    await place.approve(issued)
    other_key = DeviceCodes(place.records, Sealer(MasterKey(bytes([1]) * 32), "test"), SETTINGS, place.clock)

    assert await other_key.poll("test", "cli", issued.device_code) is Polled.UNKNOWN

    assert heard("devicecode.poll")[-1][0] is events.answer_unreadable


async def test_the_answer_of_one_device_is_not_given_to_another(place):
    one, other = await place.issue(), await place.issue()
    await place.approve(one)
    await place.approve(other)
    value = (await place.records.get(f"device/codes/{one.ref}")).value
    await place.records.put(f"device/codes/{other.ref}", value)

    assert await place.poll(other) is Polled.UNKNOWN


# Without the store.


async def test_without_the_store_there_is_no_decision(place, heard):
    issued = await place.issue()
    place.records.is_broken = True

    assert await place.approve(issued) == Declined(Reason.UNAVAILABLE)
    assert heard("devicecode.complete")[-1][0] is events.decision_not_stored
    assert await place.find(issued.user_code) == Declined(Reason.UNAVAILABLE)
    assert heard("devicecode.verify")[-1][0] is events.user_code_unavailable
    assert await place.poll(issued) is Polled.UNAVAILABLE
    assert heard("devicecode.poll")[-1][0] is events.lookup_failed

    place.records.is_broken = False
    assert await place.approve(issued) == Completed(Status.APPROVED)


class Forgetful:
    """Records that show an earlier state after `replace`, as a node does that is cut off."""

    def __init__(self, records, *, raises):
        self._records = records
        self._raises = raises
        self._is_behind = False
        self._old = {}

    def __getattr__(self, name):
        return getattr(self._records, name)

    async def replace(self, key, value, **more):
        self._old[key] = await self._records.get(key)
        return await self._records.replace(key, value, **more)

    async def get(self, key):
        if key in self._old:
            if self._raises:
                raise StoreUnavailable("cut off")
            return self._old[key]
        return await self._records.get(key)


@pytest.mark.parametrize("raises", [True, False])
async def test_a_decision_that_the_store_does_not_show_again_is_not_reported_as_made(place, heard, raises):
    codes = DeviceCodes(Forgetful(place.records, raises=raises), place.sealer, SETTINGS, place.clock)
    codes.join("test", place.giver)
    issued = await codes.authorize("test", "cli", ORIGIN)

    outcome = await codes.complete(issued.ref, ON_HER_LAPTOP, is_approved=True, person=ADA)

    assert outcome == Declined(Reason.UNAVAILABLE)
    assert heard("devicecode.complete")[-1][0] is events.decision_unconfirmed


async def test_what_another_program_kept_is_no_code(place):
    issued = await place.issue()
    await place.records.put(f"device/codes/{issued.ref}", b'{"v": 9}')

    assert await place.poll(issued) is Polled.UNKNOWN
    assert await place.find(issued.user_code) == Declined(Reason.UNKNOWN)
    assert await place.approve(issued) == Declined(Reason.UNKNOWN)


async def test_the_waiting_side_can_look_without_taking(place):
    issued = await place.issue()
    await place.approve(issued)

    assert (await place.codes.look(issued.device_code)).status is Status.APPROVED
    assert await place.codes.look("") is None
    assert isinstance(await place.poll(issued), Granted)


async def test_what_somebody_confirmed_who_is_out_reaches_no_device(place, heard):
    issued, other, waiting = await place.issue(), await place.issue(), await place.issue()
    await place.approve(issued)
    await place.approve(other)
    heard.forget()

    assert await place.codes.forget("ada") == 2
    assert await place.codes.forget("ada") == 0
    assert await place.codes.forget("eve") == 0

    assert names(heard) == ["Device codes of a person who is out forgotten"]
    assert await place.poll(issued) is Polled.UNKNOWN
    assert await place.poll(other) is Polled.UNKNOWN
    assert await place.poll(waiting) is Polled.PENDING


async def test_a_store_that_cannot_forget_says_so_to_whoever_tries_again(place):
    await place.approve(await place.issue())
    place.records.is_broken = True
    with pytest.raises(StoreUnavailable):
        await place.codes.forget("ada")
