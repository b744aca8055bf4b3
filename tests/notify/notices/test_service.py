"""Operators are told of what they asked for: at once or in digests, each thing once, whatever fails."""

import asyncio
import threading
from datetime import timedelta

import pytest
from tests.journeys.mail_server import MailServer, text_of
from tests.notify.notices.hook import SECRET, is_signed

from yett.events import WARN, current_scope, event, pipeline
from yett.kernel import FrozenClock
from yett.notify.mail import Mailer, MailSettings, Security, SMTPSettings
from yett.notify.notices import (
    Notice,
    Notifier,
    NotifySettings,
    RuleSettings,
    Severity,
    WebhookSettings,
    events,
)
from yett.notify.notices.model import WebhookFailure
from yett.store import MemoryRecords, StoreUnavailable


@event("notices.trial", WARN, "A trial went wrong")
def trial_failed(number: int) -> None:
    """Only a test says it."""


@pytest.fixture
def server():
    with MailServer() as running:
        yield running


@pytest.fixture
def records(clock):
    return MemoryRecords(clock)


@pytest.fixture
async def make_notifier(tasks, clock, server, hook, records):
    made = []

    async def make(*rules, url="", node="n1", records=records, **changes):
        webhook = WebhookSettings(name="pager", url=url or hook.url, secret=SECRET, allow_private=True)
        settings = NotifySettings(
            rule=rules, webhook=(webhook,), retry_pause=timedelta(milliseconds=10), **changes
        )
        smtp = SMTPSettings(
            host="127.0.0.1", port=server.port, security=Security.NONE, sender="y@example.org", attempts=1
        )
        mailer = Mailer(smtp, MailSettings(), tasks, clock, host="yett.example.org")
        notifier = Notifier(settings, mailer, records, tasks, clock, node=node, tick=0.02)
        made.append((notifier, mailer))
        await notifier.start()
        return notifier

    yield make
    for notifier, mailer in made:
        await notifier.stop()
        await mailer.stop()


def rule(name="r", **more):
    given = {"codes": ("*",), "webhooks": ("pager",), **more}
    return RuleSettings(name=name, **given)


def notice(number=0, **more):
    given = {"kind": "a.b", "severity": Severity.WARN, "text": f"Notice {number}", **more}
    return Notice(**given)


async def until(condition):
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def kept(notifier, count):
    """Wait until that many notices are kept for digests."""
    async with asyncio.timeout(15):
        while len(await notifier._digests._space.list("kept/")) != count:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


def said(heard, *wanted):
    return [each for each in heard("notify") if each[0] in wanted]


async def test_a_notice_reaches_whom_its_rule_names_by_mail_and_webhook(make_notifier, hook, server, heard):
    notifier = await make_notifier(
        rule("both", mail=("ops@example.org", "boss@example.org")), rule("errors", severity=Severity.ERROR)
    )
    notifier.tell(notice(7, user="alice", fields={"door": "front"}))
    (post,) = await hook.wait_for(1)
    assert is_signed(*hook.posts[0])
    assert (post["rule"], post["message"], post["fields"]) == ("both", "Notice 7", {"door": "front"})
    mails = await server.wait_for(2)
    assert {str(mail["To"]) for mail in mails} == {"ops@example.org", "boss@example.org"}
    assert "alice" in text_of(mails[0])
    await until(lambda: said(heard, events.webhook_ok))
    assert notifier.health().is_well
    assert said(heard, events.health_checked)[-1][1]["channels"] == 2


async def test_ten_things_in_a_window_are_one_digest_from_two_nodes(
    make_notifier, hook, server, clock, heard
):
    nodes = [await make_notifier(rule(digest=True, mail=("ops@example.org",)), node=name) for name in "ab"]
    for number in range(10):
        nodes[number % 2].tell(notice(number))
    await until(lambda: not any(node._queue for node in nodes))
    await kept(nodes[0], 10)
    clock.advance(900)
    (post,) = await hook.wait_for(1)
    (mail,) = await server.wait_for(1)
    assert (post["type"], post["count"], post["events"]) == ("digest", 10, {"a.b": 10})
    assert str(mail["Subject"]) == "[Yett] 10 notices: r"
    assert "Notice 9" in text_of(mail)
    await kept(nodes[0], 0)
    clock.advance(900)
    for node in nodes:
        await node._send_digests()
    assert (len(hook.posts), len(server.mails)) == (1, 1)
    assert not said(heard, events.digest_email_failed, events.digest_webhook_failed)


async def test_a_flood_becomes_a_digest(make_notifier, hook, clock):
    notifier = await make_notifier(rule(), at_once=3)
    for number in range(20):
        notifier.tell(notice(number))
    await hook.wait_for(3)
    await kept(notifier, 17)
    clock.advance(900)
    *_, last = await hook.wait_for(4)
    assert (last["type"], last["count"]) == ("digest", 17)


async def test_one_thing_told_many_times_on_many_nodes_is_told_once(make_notifier, hook):
    nodes = [await make_notifier(rule(), node=str(number)) for number in range(5)]
    for _ in range(10):
        for node in nodes:
            node.tell(notice(1, id="certificate 5 ends"))
    nodes[0].tell(notice(2))
    await until(lambda: not any(node._queue for node in nodes))
    posts = await hook.wait_for(2)
    assert sorted(post["message"] for post in posts) == ["Notice 1", "Notice 2"]


async def test_whoever_tells_from_a_thread_does_not_wait(make_notifier, hook):
    notifier = await make_notifier(rule())
    thread = threading.Thread(target=notifier.tell, args=(notice(1),))
    thread.start()
    thread.join()
    await hook.wait_for(1)


async def test_records_of_the_log_are_told_but_not_those_of_telling(make_notifier, hook, heard):
    notifier = await make_notifier(rule(severity=Severity.INFO))
    stop = pipeline.listen(lambda record: notifier.sink.write([record]))
    try:
        hook.answers = [400]
        trial_failed(number=5)
        await hook.wait_for(1)
        await until(lambda: said(heard, events.webhook_failed))
        await notifier._send_digests()
    finally:
        stop()
    assert not notifier._queue
    assert len(hook.posts) == 1
    assert notifier._is_own(notifier._scope.request_id)
    assert current_scope().request_id != ""


async def test_what_fails_is_said_and_holds_up_nobody(make_notifier, hook, server, heard):
    notifier = await make_notifier(rule(mail=("ops@example.org",)))
    hook.answers = [400]
    server.recipients = ["550 5.1.1 No"]
    notifier.tell(notice(1))
    await until(lambda: len(said(heard, events.webhook_failed, events.email_failed)) == 2)
    (failed,) = said(heard, events.webhook_failed)
    assert failed[1]["reason"] is WebhookFailure.REFUSED
    assert failed[1]["status"] == 400
    (unmailed,) = said(heard, events.email_failed)
    assert unmailed[1]["email"] == "o***@example.org"
    assert not notifier.health().is_well
    notifier.tell(notice(2))
    await hook.wait_for(2)
    await server.wait_for(1)
    assert "k-9f2" not in str(heard())
    assert SECRET not in str(heard())


async def test_a_digest_that_reached_nobody_goes_out_again(make_notifier, hook, server, clock, heard):
    notifier = await make_notifier(rule(digest=True, mail=("ops@example.org",)))
    hook.answers = [400]
    server.recipients = ["550 5.1.1 No"]
    notifier.tell(notice(1))
    await kept(notifier, 1)
    clock.advance(900)
    await until(lambda: len(said(heard, events.digest_webhook_failed, events.digest_email_failed)) == 2)
    clock.advance(900)
    first, second = await hook.wait_for(2)
    assert first == second
    assert len(await server.wait_for(1)) == 1


async def test_a_hanging_webhook_holds_up_nobody_and_its_line_is_bounded(make_notifier, hook, server, heard):
    hook.hangs = True
    notifier = await make_notifier(rule(mail=("ops@example.org",)), queue=10, at_once=1000, retries=0)
    for number in range(5):
        for inner in range(6):
            notifier.tell(notice(number * 6 + inner))
        await until(lambda: not notifier._queue)
    assert len(await server.wait_for(5)) >= 5
    await until(lambda: said(heard, events.dropped))
    names = {fields["receiver"] for _, fields in said(heard, events.dropped)}
    assert "webhook pager" in names
    assert sum(channel.dropped for channel in notifier.health().channels) > 0


async def test_the_common_queue_is_bounded_before_anybody_reads_it(make_notifier, heard):
    notifier = await make_notifier(rule(digest=True), queue=10)
    for number in range(25):
        notifier.tell(notice(number))
    assert len(notifier._queue) == 10
    await until(lambda: said(heard, events.dropped))
    assert said(heard, events.dropped)[0][1] == {"receiver": "all", "count": 15}


class Broken(MemoryRecords):
    async def create(self, *_args, **_more):
        raise StoreUnavailable("full")


async def test_a_store_out_of_reach_costs_digests_and_nothing_at_once(make_notifier, hook, heard):
    notifier = await make_notifier(rule("now"), rule("later", digest=True), records=Broken(FrozenClock()))
    notifier.tell(notice(1, id="x"))
    (post,) = await hook.wait_for(1)
    assert post["rule"] == "now"
    await until(lambda: said(heard, events.digest_unavailable))
    assert said(heard, events.not_deduplicated)


async def test_other_settings_hold_for_the_next_notice_and_lose_none(make_notifier, hook):
    notifier = await make_notifier(rule("old"))
    for number in range(5):
        notifier.tell(notice(number))
    await until(lambda: not notifier._queue)
    await notifier.apply(NotifySettings(rule=(rule("new"),), webhook=notifier._settings.webhook))
    notifier.tell(notice(9))
    posts = await hook.wait_for(6)
    assert sorted(post["rule"] for post in posts) == ["new", *["old"] * 5]
    await notifier.apply(NotifySettings())
    notifier.tell(notice(10))
    assert not notifier._queue


async def test_a_webhook_can_be_tried_out(make_notifier, hook):
    notifier = await make_notifier(rule())
    assert await notifier.try_webhook("other") is None
    assert (await notifier.try_webhook("pager")).status == 204
    (post,) = await hook.wait_for(1)
    assert post["type"] == "test"
