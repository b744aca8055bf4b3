"""Posting to a real HTTP server: signed, tried again when that may help, and to nobody inside."""

import dataclasses
from datetime import timedelta

import pytest
from tests.journeys.mail_server import _context
from tests.notify.notices.hook import SECRET, Hook, is_signed

from yett.kernel import SystemClock
from yett.net.http import Failure, Sent
from yett.notify.notices.config import NotifySettings, WebhookSettings
from yett.notify.notices.model import Told, Untold, WebhookFailure
from yett.notify.notices.webhooks import Courier, Guard, judge

SETTINGS = NotifySettings(retry_pause=timedelta(milliseconds=10))


@pytest.fixture
async def make_courier(tasks):
    made = []

    async def make(url, *, settings=SETTINGS, look_up=None, **changes):
        changes.setdefault("allow_private", True)
        webhook = WebhookSettings(name="pager", url=url, secret=SECRET, **changes)
        courier = Courier(webhook, settings, tasks, SystemClock(), look_up=look_up)
        made.append(courier)
        await courier.start()
        return courier

    yield make
    for courier in made:
        await courier.stop()


async def test_a_post_is_signed_and_says_what_it_is(make_courier, hook):
    courier = await make_courier(hook.url)
    assert await courier.post(b'{"a":1}') == Told(204, 1)
    ((head, body),) = hook.posts
    assert head.startswith("POST /hook?key=k-9f2 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{hook.port}\r\n" in head
    assert "Content-Type: application/json\r\n" in head
    assert "X-Forwarded" not in head
    assert body == b'{"a":1}'
    assert is_signed(head, body)
    assert not is_signed(head, body, "another secret of sixteen")
    assert not is_signed(head, body + b" ")


async def test_a_server_that_fails_is_told_again_under_the_same_delivery(make_courier, hook):
    hook.answers = [500, 0, 503]
    courier = await make_courier(hook.url)
    assert await courier.post(b"{}") == Told(204, 4)
    deliveries = {head.partition("X-Yett-Delivery: ")[2].partition("\r\n")[0] for head, _ in hook.posts}
    assert len(hook.posts) == 4
    assert len(deliveries) == 1
    assert all(is_signed(head, body) for head, body in hook.posts)


async def test_failing_again_and_again_ends_it(make_courier, hook):
    hook.answers = [500] * 9
    courier = await make_courier(hook.url)
    assert await courier.post(b"{}") == Untold(WebhookFailure.FAILED, 4, 500)
    assert len(hook.posts) == 4


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, WebhookFailure.REFUSED), (401, WebhookFailure.REFUSED), (429, WebhookFailure.REFUSED),
     (302, WebhookFailure.REDIRECTED), (307, WebhookFailure.REDIRECTED)],
)  # fmt: skip
async def test_a_refusal_is_final_and_a_redirect_is_not_followed(make_courier, hook, status, reason):
    hook.answers = [status]
    courier = await make_courier(hook.url)
    assert await courier.post(b"{}") == Untold(reason, 1, status)
    assert len(hook.posts) == 1


async def test_a_server_that_hangs_is_left_in_time(make_courier, hook):
    hook.hangs = True
    settings = dataclasses.replace(SETTINGS, timeout=timedelta(milliseconds=100), retries=1)
    courier = await make_courier(hook.url, settings=settings)
    outcome = await courier.post(b"{}")
    assert (outcome.reason, outcome.attempts) == (WebhookFailure.TIMEOUT, 2)


async def test_nobody_there_is_unreachable(make_courier):
    hook = await Hook().start()
    await hook.stop()
    outcome = await (await make_courier(hook.url)).post(b"{}")
    assert (outcome.reason, outcome.attempts) == (WebhookFailure.UNREACHABLE, 4)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0"])
async def test_this_machine_is_refused_however_it_is_written(make_courier, hook, host):
    courier = await make_courier(f"https://{host}:{hook.port}/", allow_private=False)
    outcome = await courier.post(b"{}")
    assert (outcome.reason, outcome.attempts) == (WebhookFailure.PRIVATE_ADDRESS, 1)
    assert not hook.posts


async def test_a_name_that_leads_inside_is_refused_whenever_it_does(make_courier, hook):
    answers = [("93.184.216.34",), ("127.0.0.1",)]

    async def look_up(_host):
        return answers[-1]

    courier = await make_courier(
        f"https://pager.example.org:{hook.port}/", allow_private=False, look_up=look_up
    )
    outcome = await courier.post(b"{}")
    assert outcome.reason is WebhookFailure.PRIVATE_ADDRESS
    assert not hook.posts


async def test_of_several_addresses_only_public_ones_are_tried():
    async def look_up(_host):
        return ("10.0.0.1", "93.184.216.34", "::1", "169.254.169.254")

    assert await Guard(look_up, allow_private=False)("pager.example.org") == ("93.184.216.34",)
    assert len(await Guard(look_up, allow_private=True)("pager.example.org")) == 4


async def test_certificates_are_checked(make_courier, tmp_path):
    hook = await Hook().start(_context(tmp_path, ("localhost",)))
    known = await make_courier(hook.url, ca_file=tmp_path / "ca.pem")
    assert await known.post(b"{}") == Told(204, 1)
    strange = await make_courier(hook.url)
    outcome = await strange.post(b"{}")
    assert (outcome.reason, outcome.attempts) == (WebhookFailure.TLS, 1)
    assert len(hook.posts) == 1
    await known.stop()
    await hook.stop()


def test_what_an_attempt_means():
    assert judge(Sent(200, None, "", 0.1), 1, has_refused=False) == (Told(200, 1), False)
    assert judge(Sent(0, Failure.RESPONSE_MALFORMED, "odd", 0.1), 2, has_refused=False) == (
        Untold(WebhookFailure.UNREACHABLE, 2, detail="odd"),
        True,
    )
