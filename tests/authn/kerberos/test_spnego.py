import asyncio
import base64
import os

import pytest
from tests.authn.kerberos.conftest import person
from tests.kdc import HOST

from yett.authn.kerberos import Accepted, PrincipalSettings, Reason, Rejected, events, library
from yett.authn.kerberos.model import Binding, Match
from yett.events import Scope, enter_scope, leave_scope
from yett.store import StoreUnavailable

BOUND = b"tls-server-end-point:" + b"a" * 32


def text(token):
    return base64.b64encode(token).decode()


def said(heard):
    return [
        event for event, _ in heard("kerberos.security", "kerberos.spnego") if "keytab" not in event.__name__
    ]


async def test_a_ticket_of_the_realm_signs_its_person_in_and_proves_us_to_the_browser(
    kerberos, kdc, tickets, heard
):
    scope = enter_scope(Scope(client_address="192.0.2.7"))
    try:
        verdict = await kerberos.spnego.accept(text(kdc.token(tickets["alice"])))
    finally:
        leave_scope(scope)

    assert isinstance(verdict, Accepted)
    assert (verdict.name, verdict.principal) == ("alice", "alice@CORP.TEST")
    assert verdict.answer
    assert verdict.authenticated_at > 1_700_000_000
    assert (
        events.spnego_successful,
        {"user": "alice", "principal": "alice@CORP.TEST", "client_address": "192.0.2.7"},
    ) in heard("kerberos")
    assert text(verdict.answer) not in repr(verdict)


async def test_a_bare_kerberos_token_is_as_good_as_one_in_spnego(kerberos, kdc, tickets):
    token = kdc.token(tickets["alice"], mechanism="1.2.840.113554.1.2.2")

    assert isinstance(await kerberos.spnego.accept(text(token)), Accepted)


async def test_of_fifty_uses_of_one_token_at_once_exactly_one_gets_in(make, kdc, tickets, heard):
    nodes = [await make(), await make()]
    token = text(kdc.token(tickets["alice"]))

    verdicts = await asyncio.gather(*(nodes[n % 2].spnego.accept(token) for n in range(50)))

    assert sum(isinstance(verdict, Accepted) for verdict in verdicts) == 1
    assert verdicts.count(Rejected(Reason.REPLAY)) == 49
    assert said(heard).count(events.spnego_failed) == 49


async def test_a_used_ticket_in_another_wrapping_is_still_a_used_one(kerberos, kdc, tickets):
    bare = kdc.token(tickets["alice"], mechanism="1.2.840.113554.1.2.2")
    assert isinstance(await kerberos.spnego.accept(text(bare)), Accepted)

    assert await kerberos.spnego.accept(text(wrapped(bare))) == Rejected(Reason.REPLAY)


def wrapped(bare):
    """A bare token of Kerberos in a SPNEGO one, as anybody can make it."""

    def element(tag, content):
        size = len(content)
        length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
        return bytes([tag]) + length + content

    kerberos, spnego = bytes.fromhex("06092a864886f712010202"), bytes.fromhex("06062b0601050502")
    init = element(0xA0, element(0x30, kerberos)) + element(0xA2, element(0x04, bare))
    return element(0x60, spnego + element(0xA0, element(0x30, init)))


@pytest.mark.parametrize(
    ("token", "reason", "event"),
    [
        ("A" * 40_000, Reason.TOO_LARGE, events.token_too_large),
        ("", Reason.NOT_BASE64, events.spnego_not_decoded),
        ("no base64!", Reason.NOT_BASE64, events.spnego_not_decoded),
        ("YII=\n", Reason.NOT_BASE64, events.spnego_not_decoded),
        ("ÿÿÿÿ", Reason.NOT_BASE64, events.spnego_not_decoded),
        (text(b"\x60\x82"), Reason.MALFORMED, events.spnego_not_unmarshalled),
        (text(bytes(500)), Reason.MALFORMED, events.spnego_not_unmarshalled),
        (
            "TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==",
            Reason.NTLM,
            events.spnego_not_unmarshalled,
        ),
    ],
)
async def test_what_is_no_token_is_refused_before_the_library_sees_it(kerberos, heard, token, reason, event):
    heard.forget()

    assert await kerberos.spnego.accept(token) == Rejected(reason)
    assert [each for each, _ in heard("kerberos")] == [event]


async def test_a_token_that_was_tampered_with_is_refused(kerberos, kdc, tickets, heard):
    token = bytearray(kdc.token(tickets["alice"]))
    token[-20] ^= 1

    verdict = await kerberos.spnego.accept(text(bytes(token)))

    assert isinstance(verdict, Rejected)
    assert verdict.reason in {Reason.REFUSED, Reason.MALFORMED}
    assert events.spnego_successful not in said(heard)


async def test_a_ticket_for_another_service_is_refused_even_with_its_key_in_the_keytab(
    make, kdc, tickets, tmp_path
):
    both = tmp_path / "both.keytab"
    both.write_bytes(kdc.keytab.read_bytes() + kdc.export("HTTP/other.localhost").read_bytes()[2:])
    both.chmod(0o600)
    kerberos = await make(keytab=both)
    # The KDC gives alice a ticket for the other service; its name is a web server's like ours.
    other = await make(keytab=both, service_host="other.localhost")
    token = text(kdc.token(tickets["alice"], host="other.localhost"))

    assert await kerberos.spnego.accept(token) == Rejected(Reason.OTHER_SERVICE)
    assert isinstance(await other.spnego.accept(token), Accepted)


async def test_a_ticket_that_was_made_with_a_key_before_ours_is_refused(kerberos, kdc, tickets, heard):
    token = kdc.token(tickets["alice"], host="other.localhost")

    assert await kerberos.spnego.accept(text(token)) == Rejected(Reason.OTHER_SERVICE)
    assert heard("kerberos.security")[-1][1]["principal"] == ""


async def test_a_token_of_another_time_is_refused(make, kdc, tickets):
    kerberos = await make(krb5_conf=kdc.strict)
    token = kdc.token(tickets["alice"])
    acceptor = kerberos.keys.acceptor

    def refusal():
        try:
            library.accept(token, acceptor)
        except library.LibraryRefused as problem:
            return problem.reason
        return None

    # Its clock skew is one second, and tokens are of the second they were made in.
    async with asyncio.timeout(10):
        while refusal() is None:  # noqa: ASYNC110 - real time has to pass
            await asyncio.sleep(0.1)
    assert await kerberos.spnego.accept(text(token)) == Rejected(Reason.CLOCK_SKEW)


async def test_a_ticket_that_ran_out_is_refused(make, kdc):
    kerberos = await make(krb5_conf=kdc.strict)
    cache = kdc.kinit("alice", "-l", "2s")
    token = kdc.token(cache)

    reasons = []

    async def is_over():
        verdict = await kerberos.spnego.accept(text(token))
        reasons.append(getattr(verdict, "reason", None))
        return reasons[-1] in {Reason.EXPIRED, Reason.CLOCK_SKEW}

    async with asyncio.timeout(15):
        while not await is_over():  # noqa: ASYNC110 - real time has to pass
            await asyncio.sleep(0.2)
    assert set(reasons[1:-1]) <= {Reason.REPLAY}


async def test_somebody_the_directory_does_not_know_is_refused(kerberos, kdc, tickets, heard):
    assert await kerberos.spnego.accept(text(kdc.token(tickets["carol"]))) == Rejected(Reason.UNKNOWN_PERSON)
    assert said(heard) == [events.person_not_found, events.spnego_failed]


async def test_somebody_disabled_is_refused_and_that_is_said(kerberos, kdc, tickets, heard):
    assert await kerberos.spnego.accept(text(kdc.token(tickets["bob"]))) == Rejected(Reason.DISABLED)
    assert said(heard) == [events.spnego_of_disabled]


async def test_an_anonymous_ticket_names_nobody(kerberos, kdc, heard):
    kdc.admin("addprinc -pw anonymous WELLKNOWN/ANONYMOUS") if "WELLKNOWN" not in kdc.admin(
        "listprincs"
    ) else None
    token = kdc.for_somebody("WELLKNOWN/ANONYMOUS@CORP.TEST")

    assert await kerberos.spnego.accept(text(token)) == Rejected(Reason.NO_CREDENTIALS)
    assert said(heard) == [events.spnego_without_credentials]


async def test_a_service_signs_in_only_where_it_is_named(make, people, kdc, heard):
    cache = kdc.kinit_with_keys("HTTP/other.localhost")
    people.table["ci"] = person("ci")
    strict = await make()
    named = await make(
        principal=(PrincipalSettings(principal="HTTP/other.localhost@CORP.TEST", person="ci"),)
    )

    refused = await strict.spnego.accept(text(kdc.token(cache)))
    accepted = await named.spnego.accept(text(kdc.token(cache)))

    assert refused == Rejected(Reason.SERVICE_PRINCIPAL)
    assert events.principal_of_unexpected_type in said(heard)
    assert isinstance(accepted, Accepted)
    assert accepted.name == "ci"


async def test_a_realm_that_is_not_named_is_foreign(make, kdc, tickets):
    kerberos = await make(realms=("OTHER.TEST",))

    assert await kerberos.spnego.accept(text(kdc.token(tickets["alice"]))) == Rejected(Reason.FOREIGN_REALM)


async def test_people_can_be_found_by_their_address_if_just_one_has_it(make, people, kdc, tickets, heard):
    kerberos = await make(match=Match.EMAIL)
    people.table = {"a.lovelace": person("a.lovelace", email="Alice@corp.test")}
    first = await kerberos.spnego.accept(text(kdc.token(tickets["alice"])))
    people.table["twin"] = person("twin", email="alice@CORP.test")
    second = await kerberos.spnego.accept(text(kdc.token(tickets["alice"])))

    assert first.name == "a.lovelace"
    assert second == Rejected(Reason.AMBIGUOUS)
    assert events.lookup_failed in said(heard)


async def test_a_source_that_cannot_be_asked_lets_nobody_in(make, kdc, tickets, heard):
    async def away(name):
        return name != "alice"

    kerberos = await make(sync=away)

    assert await kerberos.spnego.accept(text(kdc.token(tickets["alice"]))) == Rejected(Reason.UNAVAILABLE)
    assert events.lookup_failed in said(heard)


async def test_whoever_their_source_has_no_more_is_not_let_in_though_still_remembered(
    make, kdc, tickets, heard
):
    async def gone(_name):
        return None

    kerberos = await make(sync=gone)

    assert await kerberos.spnego.accept(text(kdc.token(tickets["alice"]))) == Rejected(Reason.UNKNOWN_PERSON)
    assert events.person_not_found in said(heard)


@pytest.mark.parametrize(
    ("mode", "sent", "ours", "reason"),
    [
        (Binding.OFF, None, BOUND, None),
        (Binding.OFF, b"other", BOUND, None),
        (Binding.SENT, None, BOUND, None),
        (Binding.SENT, BOUND, BOUND, None),
        (Binding.SENT, b"other", BOUND, Reason.CHANNEL_BINDING),
        (Binding.REQUIRED, BOUND, BOUND, None),
        (Binding.REQUIRED, None, BOUND, Reason.CHANNEL_BINDING),
        (Binding.REQUIRED, b"other", BOUND, Reason.CHANNEL_BINDING),
        (Binding.REQUIRED, BOUND, b"", Reason.CHANNEL_BINDING),
    ],
)
async def test_a_token_can_be_tied_to_its_tls_connection(make, kdc, tickets, mode, sent, ours, reason):
    kerberos = await make(channel_binding=mode)
    kerberos.spnego.end_point = lambda: ours

    verdict = await kerberos.spnego.accept(text(kdc.token(tickets["alice"], binding=sent)))

    assert getattr(verdict, "reason", None) is reason


async def test_a_store_that_fails_lets_nobody_in(kerberos, records, kdc, tickets, monkeypatch):
    async def fail(*_, **__):
        raise StoreUnavailable

    monkeypatch.setattr(records, "create", fail)
    verdict = await kerberos.spnego.accept(text(kdc.token(tickets["alice"])))

    assert verdict.reason is Reason.UNAVAILABLE


async def test_without_keys_nobody_is_let_in(make, kdc, tickets, tmp_path):
    kerberos = await make(keytab=tmp_path / "missing")
    verdict = await kerberos.spnego.accept(text(kdc.token(tickets["alice"])))

    assert verdict.reason is Reason.UNAVAILABLE


async def test_more_tokens_than_there_is_room_for_are_turned_away(make, kdc, tickets):
    kerberos = await make(parallel_checks=1, waiting_checks=0)
    tokens = [text(kdc.token(tickets["alice"])) for _ in range(8)]

    verdicts = await asyncio.gather(*(kerberos.spnego.accept(token) for token in tokens))

    assert sum(isinstance(verdict, Accepted) for verdict in verdicts) >= 1
    assert any(verdict == Rejected(Reason.BUSY, retry_after=1.0) for verdict in verdicts)


async def test_the_environment_cannot_name_other_keys_or_a_file_to_write_secrets_to(
    make, monkeypatch, tmp_path
):
    monkeypatch.setenv("KRB5_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("KRB5_KTNAME", str(tmp_path / "nowhere"))
    kerberos = await make()

    assert kerberos.keys.acceptor is not None
    assert [name for name in os.environ if name.startswith("KRB5")] == ["KRB5_CONFIG"]
    assert kerberos.keys.service == f"HTTP/{HOST}"
