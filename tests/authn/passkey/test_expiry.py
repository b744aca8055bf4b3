import asyncio
from datetime import timedelta

import pytest

from yett.authn.passkey import Expiry, PasskeySettings, events
from yett.notify import MailKind

DAY = 86400.0


@pytest.fixture
def expiry(passkeys, records, people, letters, clock, tasks):
    return Expiry(passkeys.keyrings, records, people, letters, PasskeySettings(), clock, tasks)


@pytest.fixture
def another(passkeys, records, people, letters, clock, tasks):
    return Expiry(passkeys.keyrings, records, people, letters, PasskeySettings(), clock, tasks)


def said(heard):
    return [each for each, _ in heard("webauthn.expiration")]


def reminders(post):
    return [mail for mail in post.mails if mail[0] is MailKind.PASSKEY_EXPIRING]


async def test_people_are_told_twice_before_a_passkey_runs_out(expiry, passkeys, enrol, clock, post, heard):
    _, kept = await enrol(passkeys)
    told_on = []
    for day in range(370):
        before = len(reminders(post))
        await expiry.look()
        if len(reminders(post)) > before:
            told_on.append(365 - day)
        clock.advance(DAY)
    assert told_on == [14, 3]
    assert (events.reminded, {"user": "ada", "hash": kept.hash, "days": 14}) in heard("webauthn.expiration")
    assert heard("webauthn.expiration")[-1] == (
        events.check_completed, {"people": 1, "reminded": 0, "expired": 1},
    )  # fmt: skip


async def test_the_check_comes_once_in_its_interval_whatever_is_restarted(expiry, another, clock, heard):
    await expiry.look()
    await expiry.look()
    await another.look()
    assert said(heard) == [events.check_started, events.check_completed, events.check_skipped]
    clock.advance(DAY)
    await another.look()
    assert said(heard)[3:] == [events.check_started, events.check_completed]


async def test_a_clock_that_steps_back_does_not_put_the_check_off(expiry, clock, heard):
    await expiry.look()
    clock.advance(-400 * DAY)
    await expiry.look()
    assert said(heard).count(events.check_started) == 2


@pytest.mark.parametrize("settings", [{"reminders": ()}, {"enabled": False}])
async def test_where_nobody_is_to_be_told_that_is_said_once(expiry, settings, heard):
    expiry.settings = PasskeySettings(**settings)
    await expiry.look()
    await expiry.look()
    assert said(heard) == [events.check_disabled]


async def test_without_a_mail_server_there_is_no_check(expiry, post, heard):
    post.is_configured = False
    await expiry.look()
    post.is_configured = True
    await expiry.look()
    assert said(heard) == [events.check_disabled, events.check_started, events.check_completed]


async def test_a_lock_that_another_node_holds_is_respected_until_it_ends(expiry, records, clock, heard):
    await records.create("authn/passkey/expiry/lock", b"another", lifetime=900.0)
    await expiry.look()
    assert heard("webauthn.expiration") == [(events.lock_failed, {"held": True, "error": ""})]
    clock.advance(900)
    await expiry.look()
    assert said(heard)[-1] is events.check_completed
    assert await records.get("authn/passkey/expiry/lock") is None


@pytest.mark.parametrize(
    ("operation", "part", "expected"),
    [
        ("get", "expiry/last", [events.not_scheduled]),
        ("create", "expiry/lock", [events.lock_failed]),
        ("list", "moduledata", [events.check_started, events.load_all_failed]),
        ("put", "expiry/last", [events.check_started, events.not_scheduled, events.check_completed]),
        ("delete", "expiry/lock", [events.check_started, events.check_completed, events.lock_failed]),
    ],
)
async def test_what_the_store_fails_to_do_is_said(expiry, records, heard, operation, part, expected):
    records.fails = lambda name, key: name == operation and part in key
    await expiry.look()
    assert said(heard) == expected


async def test_a_store_that_goes_on_failing_is_not_told_every_minute(expiry, records, heard):
    records.fails = lambda _, key: "expiry/last" in key
    await expiry.look()
    await expiry.look()
    assert said(heard) == [events.not_scheduled]


async def test_a_directory_without_anybody_is_told(expiry, passkeys, enrol, people, heard):
    await enrol(passkeys)
    people.table.clear()
    await expiry.look()
    assert heard("webauthn.expiration")[-1] == (events.nobody_known, {"people": 1})


async def test_a_mail_that_did_not_go_out_is_tried_again(expiry, passkeys, enrol, clock, post):
    await enrol(passkeys)
    clock.advance(360 * DAY)
    post.takes = False
    await expiry.look()
    clock.advance(DAY)
    post.takes = True
    await expiry.look()
    clock.advance(DAY / 2)
    await expiry.look()
    assert len(reminders(post)) == 2


async def test_a_note_that_cannot_be_written_is_said(expiry, passkeys, enrol, clock, records, heard):
    await enrol(passkeys)
    clock.advance(360 * DAY)
    records.fails = lambda name, key: name == "replace" and "moduledata" in key
    await expiry.look()
    assert events.not_scheduled in said(heard)


async def test_whoever_is_gone_is_not_written_to(expiry, passkeys, enrol, clock, post):
    await enrol(passkeys, "bob")
    clock.advance(360 * DAY)
    await expiry.look()
    assert reminders(post) == []


async def test_it_looks_by_itself(expiry, heard):
    expiry.settings = PasskeySettings(check_every=timedelta(minutes=1))
    await expiry.start()
    async with asyncio.timeout(5):
        while events.check_completed not in said(heard):  # noqa: ASYNC110 - a task says it
            await asyncio.sleep(0)
