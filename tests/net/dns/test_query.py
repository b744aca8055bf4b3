import ssl

import dns.rcode
import dns.rdatatype
import pytest
from tests.net.trust.making import make

from yett.net.dns import events
from yett.net.dns.model import Answered, Server, Unanswered
from yett.net.dns.query import ask

A, AAAA = dns.rdatatype.A, dns.rdatatype.AAAA
AUTHORITY = make("authority")
CERTIFICATE = make("ns", "ns.example.test", by=AUTHORITY)


def at(nameserver, tls_name=""):
    return Server("127.0.0.1", nameserver.port, tls_name)


async def put(nameserver, kind=A, *, patience=5.0, name="app.test", tls_name="", context=None):
    return await ask(at(nameserver, tls_name), name, kind, patience=patience, context=context)


def said(heard):
    return [event for event, _ in heard("dns")]


async def test_a_name_server_answers_over_udp(nameserver, heard):
    there = await nameserver()
    there.add("app.test", "192.0.2.1", "192.0.2.2", "2001:db8::1", ttl=60)
    answer = await put(there)
    assert (sorted(answer.addresses), answer.ttl) == (["192.0.2.1", "192.0.2.2"], 60.0)
    assert await put(there, AAAA) == Answered(("2001:db8::1",), 60.0, is_validated=False)
    assert (await put(there, name="no.test")).addresses == ()
    assert there.by_tcp == 0
    assert heard("dns")[0] == (
        events.query_completed,
        {"name": "app.test", "kind": "A", "resolver": f"127.0.0.1:{there.port}", "records": 2},
    )


async def test_an_answer_that_is_too_long_is_asked_for_over_tcp(nameserver):
    there = await nameserver()
    there.add("app.test", "192.0.2.1")
    there.is_truncating = True
    assert (await put(there)).addresses == ("192.0.2.1",)
    assert there.by_tcp == 1


async def test_validation_is_asked_for_and_taken_note_of(nameserver):
    there = await nameserver()
    there.add("app.test", "192.0.2.1")
    there.validates = there.is_signed = True
    answer = await put(there)
    assert (answer.is_validated, answer.is_signed) == (True, True)


@pytest.fixture
def contexts(tmp_path):
    """A name server's context, and that of who asks it."""
    (tmp_path / "ns.pem").write_bytes(CERTIFICATE.pem + CERTIFICATE.key_pem)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "ns.pem")
    return server, ssl.create_default_context(cafile=tmp_path / "ca.pem")


async def test_a_name_server_behind_tls_proves_its_name(nameserver, contexts, heard):
    there = await nameserver(tls=contexts[0])
    there.add("app.test", "192.0.2.1")
    answer = await put(there, tls_name="ns.example.test", context=contexts[1])
    assert answer.addresses == ("192.0.2.1",)
    assert said(heard) == [events.using_tls, events.query_completed]
    heard.forget()
    answer = await put(there, tls_name="other.example.test", context=contexts[1])
    assert "certificate" in answer.detail.lower()
    assert said(heard) == [events.using_tls, events.query_failed]


async def test_who_does_not_answer_is_not_waited_for(nameserver, heard):
    there = await nameserver()
    there.is_silent = True
    assert await put(there, patience=0.05) == Unanswered("no answer in time")
    there.stop()
    assert isinstance(await put(there, patience=0.05), Unanswered)
    assert said(heard) == [events.query_failed] * 2


@pytest.mark.parametrize(
    ("rcode", "event"),
    [(dns.rcode.SERVFAIL, events.server_failure), (dns.rcode.REFUSED, events.query_refused)],
)
async def test_who_answers_that_there_is_no_answer(nameserver, heard, rcode, event):
    there = await nameserver()
    there.rcode = rcode
    answer = await put(there)
    assert answer == Unanswered(dns.rcode.to_text(rcode), event is events.server_failure)
    assert said(heard) == [event]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda wire: wire[:7],
        lambda wire: wire[:-3],
        lambda wire: bytes([wire[0] ^ 1]) + wire[1:],
        lambda wire: wire[:2] + bytes([wire[2] & 0x7F]) + wire[3:],
        lambda wire: wire.replace(b"\3app", b"\3bad", 1),
        lambda wire: wire[:12] + b"\xc0\x0c" * 100,
        lambda _: b"\xff" * 65_000,
    ],
    ids=["none", "short", "cut", "other id", "question", "other name", "pointers", "noise"],
)
async def test_what_does_not_answer_the_question_is_passed_over(nameserver, spoil):
    there = await nameserver()
    there.add("app.test", "192.0.2.1")
    there.spoil = lambda wire: [spoil(wire), wire]
    assert (await put(there)).addresses == ("192.0.2.1",)
    there.spoil = spoil
    assert isinstance(await put(there, patience=0.05), Unanswered)
