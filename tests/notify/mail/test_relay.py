"""Handing messages to a real mail server: TLS as wanted, connections kept, refusals understood."""

import asyncio
import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from tests.journeys.mail_server import TLS, MailServer

from yett.notify.mail import SMTPSettings, events
from yett.notify.mail.config import Security
from yett.notify.mail.model import Delivered, Envelope, MailFailure, Undelivered
from yett.notify.mail.relay import Relay, make_context, pause_before, reply

SECURITY = {TLS.NONE: Security.NONE, TLS.STARTTLS: Security.STARTTLS, TLS.IMPLICIT: Security.SSL}


def envelope(to="alice@example.org", *, is_utf8=False):
    data = f"From: yett@example.org\r\nTo: {to}\r\nSubject: Hi\r\n\r\nHi\r\n".encode()
    return Envelope("yett@example.org", to, data, "1@yett.example.org", is_utf8)


def settings_for(server, **changes):
    made = SMTPSettings(
        host="127.0.0.1",
        port=server.port,
        security=SECURITY[server.tls],
        sender="yett@example.org",
        ca_file=server.ca_file if server.tls is not TLS.NONE else None,
        retry_pause=timedelta(milliseconds=10),
        timeout=timedelta(seconds=5),
    )
    return dataclasses.replace(made, **changes)


@pytest.fixture
async def make_relay(tasks):
    made = []

    async def make(server, **changes):
        relay = Relay(settings_for(server, **changes), tasks, host="yett.example.org")
        made.append(relay)
        await relay.start()
        return relay

    yield make
    for relay in made:
        await relay.stop()


@pytest.mark.parametrize("tls", TLS)
async def test_mails_go_over_one_connection_in_each_kind_of_security(make_relay, tls, heard):
    with MailServer(tls=tls) as server:
        relay = await make_relay(server)
        assert await relay.deliver(envelope()) == Delivered(1)
        assert await relay.deliver(envelope("bob@example.org")) == Delivered(1)
        await server.wait_for(2)
        assert server.connections == 1
        assert server.envelopes[1] == ("yett@example.org", ("bob@example.org",))
        await relay.stop()
    assert not heard("smtp")


@pytest.mark.parametrize("tls", [TLS.STARTTLS, TLS.IMPLICIT])
async def test_a_login_follows_tls(make_relay, tls):
    with MailServer(tls=tls, login=("yett", "right")) as server:
        relay = await make_relay(server, username="yett", password="right")
        assert await relay.deliver(envelope()) == Delivered(1)
        assert server.logins == [("yett", "right")]
        wrong = await make_relay(server, username="yett", password="wrong")
        outcome = await wrong.deliver(envelope())
        assert outcome.reason is MailFailure.LOGIN
        assert "wrong" not in outcome.detail
        assert outcome.attempts == 1


@pytest.mark.parametrize("tls", [TLS.STARTTLS, TLS.IMPLICIT])
@pytest.mark.parametrize("case", ["unknown authority", "another name"])
async def test_a_certificate_that_does_not_verify_ends_it(make_relay, tls, case, heard):
    names = ("localhost",) if case == "unknown authority" else ("mail.example.org",)
    with MailServer(tls=tls, names=names, login=("yett", "secret")) as server:
        ca_file = None if case == "unknown authority" else server.ca_file
        relay = await make_relay(server, ca_file=ca_file, username="yett", password="secret")
        outcome = await relay.deliver(envelope())
        assert outcome.reason is MailFailure.CERTIFICATE
        assert outcome.attempts == 1
        assert not server.mails
        assert not server.logins
    assert not heard("smtp")


@pytest.mark.parametrize(
    ("tls", "said"), [(TLS.STARTTLS, events.starttls_unverified), (TLS.IMPLICIT, events.tls_unverified)]
)
async def test_only_a_setting_sends_on_without_verification_and_it_is_said(make_relay, tls, said, heard):
    with MailServer(tls=tls, names=("mail.example.org",)) as server:
        relay = await make_relay(server, skip_tls_verify=True)
        assert await relay.deliver(envelope()) == Delivered(1)
        await server.wait_for(1)
    ((event, fields),) = heard("smtp")
    assert event is said
    assert fields["address"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("tls", [TLS.STARTTLS, TLS.IMPLICIT])
async def test_a_good_certificate_is_verified_all_the_same(make_relay, tls, heard):
    with MailServer(tls=tls) as server:
        relay = await make_relay(server, skip_tls_verify=True)
        assert await relay.deliver(envelope()) == Delivered(1)
    assert not heard("smtp")


async def test_a_server_without_starttls_gets_nothing(make_relay):
    with MailServer() as server:
        relay = await make_relay(server, security=Security.STARTTLS, username="yett", password="secret")
        outcome = await relay.deliver(envelope())
        assert outcome.reason is MailFailure.UNSUPPORTED
        assert not server.mails
        assert not server.logins


async def test_a_passing_refusal_is_tried_again(make_relay):
    with MailServer() as server:
        server.replies = ["451 4.3.0 Try again", "450 4.2.1 Busy"]
        relay = await make_relay(server)
        assert await relay.deliver(envelope()) == Delivered(3)
        assert len(server.mails) == 1


async def test_refusing_again_and_again_ends_it(make_relay):
    with MailServer() as server:
        server.replies = ["451 4.3.0 No https://yett.example.org/secret"] * 5
        relay = await make_relay(server, attempts=2)
        assert await relay.deliver(envelope()) == Undelivered(
            MailFailure.DEFERRED, "451 4.3.0", 2, is_passing=True
        )


async def test_a_lasting_refusal_is_not_tried_again_and_costs_the_next_mail_nothing(make_relay):
    with MailServer() as server:
        server.recipients = ["550 5.1.1 <alice@example.org>: no such user"]
        relay = await make_relay(server)
        assert await relay.deliver(envelope()) == Undelivered(
            MailFailure.REFUSED, "550 5.1.1 … no such user", 1
        )
        assert await relay.deliver(envelope("bob@example.org")) == Delivered(1)
        assert server.envelopes == [("yett@example.org", ("bob@example.org",))]


async def test_a_connection_that_is_cut_in_the_middle_is_made_again(make_relay):
    with MailServer() as server:
        server.drops = 1
        relay = await make_relay(server)
        assert await relay.deliver(envelope()) == Delivered(2)
        assert server.connections == 2


async def test_a_kept_connection_that_the_server_closed_is_no_failure(make_relay):
    with MailServer() as server:
        relay = await make_relay(server)
        await relay.deliver(envelope())
        server.hang_up()
        assert await relay.deliver(envelope()) == Delivered(1)
        assert server.connections == 2


async def test_idle_connections_are_closed(make_relay):
    with MailServer() as server:
        relay = await make_relay(server, idle_timeout=timedelta(0))
        await relay.deliver(envelope())
        await relay._sweep()
        await relay.deliver(envelope())
        assert server.connections == 2


async def test_nobody_there_is_said_after_all_attempts(make_relay):
    with MailServer() as server:
        pass
    relay = await make_relay(server)
    outcome = await relay.deliver(envelope())
    assert (outcome.reason, outcome.attempts) == (MailFailure.UNREACHABLE, 3)


async def test_a_server_that_says_nothing_is_left_in_time(make_relay):
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    server = MailServer()
    server.port = listener.sockets[0].getsockname()[1]
    relay = await make_relay(server, timeout=timedelta(milliseconds=100), attempts=1)
    assert (await relay.deliver(envelope())).reason is MailFailure.TIMEOUT
    patient = await make_relay(server, timeout=timedelta(seconds=60), patience=timedelta(milliseconds=100))
    assert (await patient.deliver(envelope())).reason is MailFailure.TIMEOUT
    assert patient.under_way == 0
    listener.close()
    await listener.wait_closed()


@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\r\n", b"220 " + b"x" * 2_000_000, b"220-a\r\n" * 1000,
     b"554 5.7.1 Go away\r\n", b"220 hi\r\n250 injected\r\n"],
)  # fmt: skip
async def test_a_peer_that_is_no_mail_server_is_a_failure_and_nothing_else(make_relay, greeting):
    async def strange(reader, writer):
        try:
            writer.write(greeting)
            await writer.drain()
            writer.write_eof()
            await reader.read()
        except ConnectionError:
            pass
        writer.close()

    listener = await asyncio.start_server(strange, "127.0.0.1", 0)
    server = MailServer()
    server.port = listener.sockets[0].getsockname()[1]
    relay = await make_relay(server, timeout=timedelta(seconds=2), attempts=1)
    outcome = await relay.deliver(envelope())
    assert isinstance(outcome, Undelivered)
    listener.close()
    await listener.wait_closed()


async def test_no_more_connections_than_allowed_and_no_more_mails_than_wanted(make_relay):
    with MailServer() as server:
        relay = await make_relay(server, connections=2, queue=50)
        outcomes = await asyncio.gather(*(relay.deliver(envelope()) for _ in range(60)))
        assert sum(isinstance(each, Delivered) for each in outcomes) == 50
        assert {each.reason for each in outcomes if isinstance(each, Undelivered)} == {MailFailure.BUSY}
        assert server.connections <= 2
        assert relay.under_way == 0


async def test_addresses_beyond_ascii_need_a_server_that_takes_them(make_relay):
    with MailServer() as server:
        relay = await make_relay(server)
        assert await relay.deliver(envelope("jürgen@example.org", is_utf8=True)) == Delivered(1)
        assert server.envelopes == [("yett@example.org", ("jürgen@example.org",))]
    with MailServer(smtputf8=False) as server:
        relay = await make_relay(server)
        outcome = await relay.deliver(envelope("jürgen@example.org", is_utf8=True))
        assert outcome.reason is MailFailure.UNSUPPORTED


async def test_a_cancelled_mail_leaves_no_half_used_connection(make_relay):
    with MailServer() as server:
        relay = await make_relay(server)
        await relay.deliver(envelope())
        for _ in range(5):
            task = asyncio.ensure_future(relay.deliver(envelope("late@example.org")))  # noqa: TID251 - cancelled here
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await relay.deliver(envelope("bob@example.org")) == Delivered(1)
        assert server.envelopes[-1] == ("yett@example.org", ("bob@example.org",))
        assert relay.under_way == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"host": "mail..example.org"}, MailFailure.UNREACHABLE),
        ({"host": "x" * 64 + ".example.org"}, MailFailure.UNREACHABLE),
        ({"security": Security.SSL, "ca_file": Path("/nowhere/ca.pem")}, MailFailure.TLS),
    ],
)
async def test_settings_that_went_bad_are_a_failure_and_nothing_else(make_relay, changes, reason):
    with MailServer() as server:
        relay = await make_relay(server, attempts=1, **changes)
        assert (await relay.deliver(envelope())).reason is reason


async def test_what_was_said_before_tls_is_not_taken_for_an_answer_within(make_relay):
    commands = []

    async def injecting(reader, writer):
        try:
            writer.write(b"220 hi\r\n")
            commands.append(await reader.readline())
            writer.write(b"250-hi\r\n250 STARTTLS\r\n")
            commands.append(await reader.readline())
            writer.write(b"220 go\r\n250-hi\r\n250 AUTH PLAIN\r\n235 welcome\r\n250 ok\r\n")
            commands.append(await reader.read(1))
        except ConnectionError:
            pass
        writer.close()

    listener = await asyncio.start_server(injecting, "127.0.0.1", 0)
    server = MailServer()
    server.port = listener.sockets[0].getsockname()[1]
    relay = await make_relay(
        server, security=Security.STARTTLS, attempts=1, username="yett", password="secret", ca_file=None
    )
    assert isinstance(await relay.deliver(envelope()), Undelivered)
    assert commands[1] == b"STARTTLS\r\n"
    # The first byte of a TLS handshake, and no command.
    assert commands[2] in {b"\x16", b""}
    listener.close()
    await listener.wait_closed()


def test_authorities_that_cannot_be_read_raise(tmp_path):
    with pytest.raises(OSError):
        make_context(Path(tmp_path / "missing.pem"), is_verified=True)


def test_pauses_grow():
    assert [pause_before(attempt, 2.0) for attempt in (2, 3, 4)] == [2.0, 6.0, 18.0]


@pytest.mark.parametrize(
    ("code", "message", "is_content_shown", "shown"),
    [
        (550, "5.1.1 <alice@example.org>: unknown\nGo\x1b away", False, "550 5.1.1 … unknown Go away"),
        (554, "5.7.1 spam: https://yett.example.org/t=secret", True, "554 5.7.1"),
        (554, "spam 123456", True, "554"),
    ],
)
def test_a_refusal_is_shown_without_addresses_and_contents(code, message, is_content_shown, shown):
    assert reply(code, message, is_content_shown=is_content_shown) == shown


def test_a_servers_words_name_nobody_however_long_they_are():
    assert reply(550, "<alice@example.org>: no such user alice@ here", is_content_shown=False) == (
        "550 … no such user … here"
    )
    # A pattern that began anew at each letter would not come to an end.
    assert reply(550, "a" * 2_000_000, is_content_shown=False) == f"550 {'a' * 196}"
