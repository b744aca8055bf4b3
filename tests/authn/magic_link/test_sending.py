"""Asking for a link: limits, and nothing that tells who exists."""

import asyncio
from dataclasses import replace

import pytest
from tests.authn.magic_link.conftest import ADA, BOB, DESK, SETTINGS

from yett.authn.device_code import DeviceCodeSettings, Origin
from yett.authn.magic_link import Fault, NotStarted, Started, events


def said(heard):
    return [emitter for emitter, _ in heard("magiclink")]


async def test_a_link_is_mailed_to_the_address_of_the_directory_in_its_owners_language(place, heard):
    await place.data.set("preferences", "bob", {"language": "de-AT"})

    started = await place.ask("BOB@example.test")

    ((to, language, fields),) = place.post.mails
    assert (to, language) == ("Bob@Example.test", "de-AT")
    assert (fields["minutes"], fields["browser"]) == ("10", "Firefox on Windows, 192.0.2.7")
    assert started.check not in fields.values()
    assert 10 <= int(started.check) <= 99
    assert started.device_code not in repr(started)
    assert said(heard) == [events.address_passed, events.email_passed, events.queued]


async def test_the_store_holds_neither_the_token_nor_the_device_code(place):
    started = await place.ask()
    token, _ = place.mailed()

    kept = b"".join(key.encode() + record.value for key, record in await place.records._records.list(""))

    assert token.encode() not in kept
    assert started.device_code.encode() not in kept


async def test_who_has_no_account_gets_the_same_answer_and_no_mail(place, heard):
    place.directory.change("bob", replace(BOB, is_disabled=True))

    outcomes = [await place.ask(email) for email in ("nobody@example.test", "bob@example.test")]

    assert all(isinstance(outcome, Started) for outcome in outcomes)
    assert place.post.mails == []
    assert heard("magiclink").count((events.nobody, {"reason": Fault.NOBODY})) == 2
    assert "nobody@" not in str(heard())


async def test_the_answer_does_not_wait_for_anything_that_depends_on_the_person(place):
    steps = []
    for email in ("ada@example.test", "nobody@example.test"):
        waiting = asyncio.get_running_loop().create_task(
            place.links.initiate(email, DESK, device="desk", to="/")
        )
        count = 0
        while not waiting.done():
            assert place.post.mails == [] or email.startswith("nobody")
            await asyncio.sleep(0)
            count += 1
        steps.append(count)
        await place.settle()

    assert steps[0] == steps[1]


async def test_an_address_of_several_people_is_nobodys(place, heard):
    place.directory.change("bob", replace(BOB, email=ADA.email))

    await place.ask()

    assert place.post.mails == []
    assert heard("magiclink")[-1] == (events.ambiguous, {"people": 2})


async def test_links_go_to_allowed_domains_only(place, heard):
    place.links.apply(replace(SETTINGS, allowed_domains=("example.org",)))

    assert isinstance(await place.ask(), Started)

    assert place.post.mails == []
    assert heard("magiclink")[-1] == (events.nobody, {"reason": Fault.DENIED})


async def test_one_network_gets_so_many_links(place, heard):
    place.links.apply(replace(SETTINGS, max_per_address=2))
    for last in ("1", "2"):
        v6 = Origin(f"2001:db8::{last}", "")
        assert isinstance(await place.ask(f"{last}@example.test", origin=v6), Started)

    refused = await place.ask(origin=Origin("2001:db8::3", ""))

    assert refused == NotStarted(Fault.THROTTLED, pytest.approx(1800))
    assert said(heard)[-1] is events.address_throttled
    assert isinstance(await place.ask(origin=Origin("2001:db8:0:1::3", "")), Started)


async def test_one_mailbox_gets_so_many_links_and_the_visitor_sees_no_difference(place, heard):
    place.links.apply(replace(SETTINGS, max_per_email=1))
    await place.ask()

    assert isinstance(await place.ask(), Started)

    assert len(place.post.mails) == 1
    assert said(heard)[-1] is events.email_throttled
    assert isinstance(await place.ask(origin=Origin("203.0.113.5", "")), Started)
    assert len(place.post.mails) == 2, "a stranger's requests do not use up those of the owner"
    for last in range(10):
        await place.ask(origin=Origin(f"203.0.113.{last + 10}", ""))
    assert len(place.post.mails) == 4


async def test_without_a_device_code_there_is_no_link(place, heard):
    place.codes.apply(DeviceCodeSettings(enabled=False))

    assert await place.ask() == NotStarted(Fault.UNAVAILABLE)

    assert said(heard)[-1] is events.no_device_code
    assert place.post.mails == []


async def test_a_link_that_is_not_kept_is_not_sent(place, heard):
    place.records.broken_prefix = "magic/"

    assert await place.ask() == NotStarted(Fault.UNAVAILABLE)

    assert said(heard)[-1] is events.link_not_kept
    assert place.post.mails == []


async def test_a_mail_that_does_not_go_out_is_told_to_operators_only(place, heard):
    place.post.is_open = False

    assert isinstance(await place.ask(), Started)

    assert said(heard)[-1] is events.not_dispatched


async def test_a_language_that_cannot_be_found_out_does_not_keep_the_mail_back(place):
    place.records.broken_prefix = "languages"

    await place.ask()

    assert place.post.mails[0][1] == ""


async def test_what_is_no_address_or_comes_while_links_are_off_is_refused(place):
    assert await place.ask("hunter2") == NotStarted(Fault.MALFORMED)
    place.links.apply(replace(SETTINGS, enabled=False))
    assert await place.ask() == NotStarted(Fault.DISABLED)
    assert not place.links.is_enabled
