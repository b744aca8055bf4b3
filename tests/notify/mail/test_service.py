"""Mails to people: what is sent, what is not, and what is said of either."""

import asyncio
import dataclasses
from datetime import timedelta

import pytest
from tests.journeys.mail_server import MailServer, html_of, text_of

from yett.notify.mail import Mailer, MailFailure, MailKind, MailSettings, Security, SMTPSettings, events
from yett.notify.mail.model import REQUIRED
from yett.notify.mail.service import _SAID

LINK = "https://yett.example.org/signin/magic_link?token=secret-token"
FIELDS = {
    MailKind.OTP: {"code": "918273"},
    MailKind.MAGIC_LINK: {"link": LINK},
    MailKind.PASSKEY_EXPIRING: {"expires_at": "2099-01-01T00:00:00+00:00"},
    MailKind.VPN_KEY_EXPIRING: {"expires_at": "2099-01-01T00:00:00+00:00"},
    MailKind.INVITATION: {"link": LINK},
    MailKind.NOTICE: {"subject": "s", "text": "t"},
    MailKind.DIGEST: {"rule": "r", "count": "2", "details": "d"},
    MailKind.GENERIC: {"subject": "s", "text": "t"},
}


def fields_of(kind):
    """What a mail of that kind cannot do without."""
    return dict.fromkeys(REQUIRED.get(kind, ()), "x") | FIELDS.get(kind, {})


@pytest.fixture
def server():
    with MailServer() as running:
        yield running


def settings_for(server, **changes):
    made = SMTPSettings(
        host="127.0.0.1", port=server.port, security=Security.NONE, sender="Yett <yett@example.org>",
        retry_pause=timedelta(milliseconds=10), attempts=2,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


@pytest.fixture
async def make_mailer(tasks, clock):
    made = []

    async def make(smtp, mail=None, **more):
        more.setdefault("verify_link", lambda link: link == LINK)
        mailer = Mailer(smtp, mail or MailSettings(), tasks, clock, host="yett.example.org", **more)
        made.append(mailer)
        await mailer.start()
        return mailer

    yield make
    for mailer in made:
        await mailer.stop()


@pytest.mark.parametrize("kind", MailKind)
async def test_each_kind_is_sent_and_said_with_a_masked_address(kind, make_mailer, server, heard):
    mailer = await make_mailer(settings_for(server))
    assert await mailer.send(kind, "alice@example.org", fields=fields_of(kind))
    (mail,) = await server.wait_for(1)
    assert str(mail["To"]) == "alice@example.org"
    assert text_of(mail)
    assert html_of(mail)
    ((event, fields),) = heard("smtp")
    assert event is _SAID.get(kind, (events.sent,))[0]
    assert fields["kind"] is kind
    assert fields["email"] == "a***@example.org"
    assert mail["Message-ID"] == f"<{fields['message_id']}>"


@pytest.mark.parametrize("kind", MailKind)
async def test_each_kind_that_is_refused_is_said_without_its_contents(kind, make_mailer, server, heard):
    server.replies = ["554 5.7.1 I dislike 918273 and " + LINK]
    mailer = await make_mailer(settings_for(server))
    assert not await mailer.send(kind, "alice@example.org", fields=fields_of(kind))
    ((event, fields),) = heard("smtp")
    assert event is _SAID.get(kind, (None, events.failed))[1]
    assert fields["reason"] is MailFailure.REFUSED
    assert fields["error"] == "554 5.7.1"


async def test_without_a_server_nothing_is_sent_and_that_is_said(make_mailer, heard):
    mailer = await make_mailer(SMTPSettings())
    assert not mailer.is_configured
    assert not await mailer.send(MailKind.TEST, "alice@example.org")
    assert heard("smtp")[0][1]["reason"] is MailFailure.NOT_CONFIGURED


@pytest.mark.parametrize(
    "to", ["", "alice", "alice@example.org\r\nBcc: eve@example.org", "a@b.org, eve@b.org", "\ud800@b.org"]
)
async def test_what_is_no_address_gets_no_mail(make_mailer, server, heard, to):
    mailer = await make_mailer(settings_for(server))
    assert not await mailer.send(MailKind.TEST, to)
    assert heard("smtp")[0][1]["reason"] is MailFailure.BAD_ADDRESS
    assert server.connections == 0


async def test_a_mail_that_would_say_nothing_is_not_sent(make_mailer, server, heard):
    mailer = await make_mailer(settings_for(server))
    assert not await mailer.send(MailKind.OTP, "alice@example.org")
    assert heard("smtp")[0][1]["reason"] is MailFailure.BAD_FIELDS


@pytest.mark.parametrize(
    "link",
    [LINK + "x", LINK.replace("https", "http"), LINK + "\r\nX", LINK + " x", LINK + "\u202e", "javascript:alert(1)",
     "https://evil.example/"],
)  # fmt: skip
async def test_a_link_that_is_not_ours_is_blocked_and_put_on_record(make_mailer, server, heard, link):
    mailer = await make_mailer(settings_for(server), verify_link=lambda text: text.startswith(LINK[:30]) and
                               text.rstrip("\r\nX \u202e") == LINK)  # fmt: skip
    assert not await mailer.send(MailKind.MAGIC_LINK, "alice@example.org", fields={"link": link})
    assert heard("smtp") == [(events.magic_link_blocked, {"email": "a***@example.org"})]
    assert events.magic_link_blocked.declaration.audit
    assert server.connections == 0


async def test_links_are_blocked_until_somebody_can_verify_them(make_mailer, server, heard):
    mailer = await make_mailer(settings_for(server), verify_link=None)
    assert not await mailer.send(MailKind.MAGIC_LINK, "alice@example.org", fields={"link": LINK})
    mailer.verify_links_with(lambda link: link == LINK)
    assert await mailer.send(MailKind.MAGIC_LINK, "alice@example.org", fields={"link": LINK})
    assert [event for event, _ in heard("smtp")] == [events.magic_link_blocked, events.magic_link_sent]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (MailKind.PASSKEY_EXPIRING, events.passkey_expired_already),
        (MailKind.VPN_KEY_EXPIRING, events.vpn_key_expired_already),
    ],
)
async def test_nobody_is_reminded_of_what_has_ended_already(make_mailer, server, heard, kind, said):
    mailer = await make_mailer(settings_for(server))
    fields = {"expires_at": "2026-01-01T00:00:00+00:00"}
    assert not await mailer.send(kind, "alice@example.org", fields=fields)
    assert heard("smtp") == [(said, {"email": "a***@example.org"})]
    assert server.connections == 0


async def test_the_language_is_the_persons_or_the_settings(make_mailer, server):
    mailer = await make_mailer(settings_for(server), MailSettings(language="de"))
    await mailer.send(MailKind.OTP, "alice@example.org", fields={"code": "1"})
    await mailer.send(MailKind.OTP, "alice@example.org", language="en-GB", fields={"code": "1"})
    first, second = await server.wait_for(2)
    assert str(first["Subject"]) == "Ihr Anmeldecode für Yett"
    assert str(second["Subject"]) == "Your sign-in code for Yett"


@pytest.mark.parametrize(
    ("kind", "said"),
    [(MailKind.OTP, events.rendered_plainly), (MailKind.DIGEST, events.digest_rendered_plainly)],
)
async def test_a_broken_template_falls_back_to_plain_text(make_mailer, server, heard, tmp_path, kind, said):
    (tmp_path / "layout.html").write_text("{% broken %}")
    mailer = await make_mailer(settings_for(server), MailSettings(templates=tmp_path))
    assert await mailer.send(kind, "alice@example.org", fields=FIELDS[kind])
    (mail,) = await server.wait_for(1)
    assert mail.get_content_type() == "text/plain"
    ((event, fields),) = heard("notify")
    assert event is said
    assert fields["error"].startswith("TemplateSyntaxError")


async def test_a_token_that_ended_is_on_record_whether_or_not_its_owner_can_be_told(
    make_mailer, server, heard
):
    mailer = await make_mailer(settings_for(server))
    assert await mailer.token_ended("alice", "alice@example.org", fields={"name": "ci"})
    assert not await mailer.token_ended("bob", "", fields={"name": "ci\nx"})
    said = heard("smtp")
    assert said[0] == (events.token_expired, {"user": "alice", "token": "ci"})
    assert said[1][0] is events.token_expired_sent
    assert said[2] == (events.token_expired, {"user": "bob", "token": "ci x"})
    assert len(said) == 3


async def test_other_settings_hold_for_the_next_mail(make_mailer, server):
    mailer = await make_mailer(settings_for(server))
    await mailer.send(MailKind.TEST, "alice@example.org")
    with MailServer() as other:
        await mailer.apply(settings_for(other, sender="gate@example.org"), MailSettings(product="Gate"))
        assert await mailer.send(MailKind.TEST, "alice@example.org")
        (mail,) = await other.wait_for(1)
        assert str(mail["From"]) == "gate@example.org"
        assert str(mail["Subject"]) == "Test mail from Gate"
        await mailer.apply(SMTPSettings(), MailSettings())
        assert not mailer.is_configured
    assert len(server.mails) == 1


async def test_many_mails_at_once_all_arrive_whole(make_mailer, server):
    mailer = await make_mailer(settings_for(server))
    await asyncio.gather(
        *(mailer.send(MailKind.OTP, f"p{n}@example.org", fields={"code": f"{n:06}"}) for n in range(50))
    )
    for mail in await server.wait_for(50):
        number = int(str(mail["To"])[1:].partition("@")[0])
        assert f"{number:06}" in text_of(mail)
