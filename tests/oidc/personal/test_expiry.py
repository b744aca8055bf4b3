import asyncio
from dataclasses import replace
from datetime import timedelta

from tests.oidc.personal.conftest import DAY
from tests.signin.conftest import ADA

from yett.notify import MailKind
from yett.oidc.personal import PersonalExpiry, events


def reminders(desk):
    return [mail for mail in desk.post.mails if mail[0] is MailKind.TOKEN_EXPIRING]


async def test_owners_are_told_once_before_and_once_after(desk, heard):
    made = await desk.make(days=30)
    told_on = []
    for day in range(32):
        before = len(reminders(desk)), len(desk.post.ended)
        await desk.expiry.look()
        after = len(reminders(desk)), len(desk.post.ended)
        told_on += [(day, after)] if after != before else []
        desk.clock.advance(DAY)
    assert told_on == [(23, (1, 0)), (30, (1, 1))]
    assert (events.reminded, {"user": "ada", "token": made.token.id, "days": 7}) in heard("oidc.pat")
    assert desk.personal.shelf.tokens("ada") == ()


async def test_two_nodes_tell_once(desk):
    await desk.make(days=1)
    other = await desk.second()
    both = [desk.expiry, PersonalExpiry(other, desk.people, desk.letters, desk.clock, desk.tasks)]
    desk.clock.advance(0.6 * DAY)
    await asyncio.gather(*(each.look() for each in both))
    assert len(reminders(desk)) == 1
    desk.clock.advance(DAY)
    await asyncio.gather(*(each.look() for each in both))
    assert len(desk.post.ended) == 1
    await other.stop()


async def test_nobody_is_reminded_who_may_not_use_it_any_more(desk):
    await desk.make(days=1)
    desk.clock.advance(0.9 * DAY)
    desk.people.table["ada"] = replace(ADA, is_disabled=True)
    await desk.expiry.look()
    desk.people.table["ada"] = ADA
    desk.use(enabled=False)
    await desk.expiry.look()
    desk.use(enabled=True, remind=timedelta(0))
    await desk.expiry.look()
    assert reminders(desk) == []


async def test_an_end_of_somebody_who_went_is_on_record_all_the_same(desk):
    await desk.make(days=1)
    desk.clock.advance(2 * DAY)
    del desk.people.table["ada"]
    await desk.expiry.look()
    assert [(user, to) for user, to, *_ in desk.post.ended] == [("ada", "")]


async def test_a_store_that_fails_puts_it_off(desk, heard):
    await desk.make(days=1)
    desk.clock.advance(2 * DAY)
    desk.records.broken_prefix = "oidc/personal"
    await desk.expiry.look()
    assert [each for each, _ in heard("oidc.pat.expiry")] == [events.unsettled]
    assert desk.post.ended == []
    desk.records.broken_prefix = ""
    await desk.expiry.look()
    assert len(desk.post.ended) == 1


async def test_the_looking_begins_at_once(desk, eventually):
    await desk.make(days=1)
    desk.clock.advance(2 * DAY)
    await desk.expiry.start()
    await eventually(lambda: desk.post.ended)
