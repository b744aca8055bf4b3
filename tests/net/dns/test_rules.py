import contextlib
from datetime import timedelta

import dns.exception
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.dns import DNSSEC, DNSSettings, Found, Missing, Trouble, check_dns, known
from yett.net.dns.model import Answered, Server, Unanswered
from yett.net.dns.rules import BadServer, in_turn, is_believed, judge, lifetime, normal, parse_server, read


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.53", Server("192.0.2.53", 53)),
        ("192.0.2.53:5353", Server("192.0.2.53", 5353)),
        ("2001:db8::53", Server("2001:db8::53", 53)),
        ("[2001:DB8::53]:5353", Server("2001:db8::53", 5353)),
        ("tls://192.0.2.53", Server("192.0.2.53", 853, "192.0.2.53")),
        ("tls://192.0.2.53:8853#DNS.example.org", Server("192.0.2.53", 8853, "dns.example.org")),
        ("tls://[2001:db8::53]#dns.example.org", Server("2001:db8::53", 853, "dns.example.org")),
    ],
)
def test_a_name_server_is_named_by_its_address(text, server):
    assert parse_server(text) == server


@pytest.mark.parametrize(
    "text",
    [
        "", "dns.example.org", "192.0.2.53:0", "192.0.2.53:65536", "192.0.2.999", "192.0.2.53#name", "tls://",
        "tls://dns.example.org", "tls://192.0.2.53#a..b", "https://192.0.2.53", "192.0.2.53:", "[192.0.2.53]x",
        "[::1", "1.2.3.4:1:2", "0177.0.0.1",
    ],
)  # fmt: skip
def test_anything_else_is_no_name_server(text):
    with pytest.raises(BadServer):
        parse_server(text)


@given(st.text())
def test_any_text_is_a_name_server_or_none(text):
    with contextlib.suppress(BadServer):
        parse_server(text)


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("127.0.0.53", True), ("::1", True), ("192.0.2.53", False), ("10.0.0.1", False), ("tls://192.0.2.53", True),
    ],
)  # fmt: skip
def test_a_name_server_is_believed_when_nobody_is_in_between(text, is_so):
    assert is_believed(parse_server(text)) is is_so


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        (DNSSettings(), []),
        (DNSSettings(resolvers=("192.0.2.53",)), []),
        (DNSSettings(resolvers=("nobody", "tls://x", "::1")), ["dns.resolvers", "dns.resolvers"]),
        (DNSSettings(resolvers=("192.0.2.53", "::1"), dnssec=DNSSEC.REQUIRE), ["dns.resolvers"]),
        (DNSSettings(resolvers=("tls://192.0.2.53", "::1"), dnssec=DNSSEC.REQUIRE), []),
        (DNSSettings(dnssec=DNSSEC.REQUIRE), ["dns.dnssec"]),
    ],
)
def test_what_cannot_work_is_a_mistake(settings, keys):
    assert [mistake.key for mistake in check_dns(settings)] == keys


def test_authorities_that_are_none_are_a_mistake(tmp_path):
    (tmp_path / "ca.pem").write_bytes(b"none")
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        assert [mistake.key for mistake in check_dns(DNSSettings(ca_file=path))] == ["dns.ca_file"]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("App.Example.Test.", "app.example.test"),
        ("_http._tcp.x", "_http._tcp.x"),
        ("a" * 63 + ".x", "a" * 63 + ".x"),
        ("a" * 64 + ".x", None),
        (".".join(["a" * 50] * 5), None),
        ("", None),
        (".", None),
        ("a..b", None),
        ("-a.b", None),
        ("a-.b", None),
        ("a b", None),
        ("a\r\nb", None),
        ("a\0b", None),
        ("a/b", None),
        ("ü.test", None),
        ("a\n", None),
    ],
)
def test_what_a_host_name_is(name, form):
    assert normal(name) == form


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("192.0.2.1", ("192.0.2.1",)),
        ("2001:DB8::1", ("2001:db8::1",)),
        ("localhost", ("127.0.0.1", "::1")),
        ("app.localhost", ("127.0.0.1", "::1")),
        ("localhost.test", None),
        ("127.1", None),
    ],
)
def test_addresses_and_this_machine_need_no_name_server(name, addresses):
    found = known(name)
    assert (found.addresses if found else None) == addresses


HEAD = "id 1\nopcode QUERY\nrcode {rcode}\nflags QR RD RA{flags}\n;QUESTION\napp.test. IN A\n;ANSWER\n"


def message(answer="", *, authority="", rcode="NOERROR", flags=""):
    lines = [answer, ";AUTHORITY", authority]
    return dns.message.from_text(
        HEAD.format(rcode=rcode, flags=flags) + "\n".join(filter(None, lines)) + "\n"
    )


SOA = "test. 900 IN SOA ns.test. root.test. 1 2 3 4 60"
SIGNED = "\napp.test. 60 IN RRSIG A 13 2 60 20380101000000 20250101000000 1 test. AAAA"


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (
            message("app.test. 60 IN A 192.0.2.1\napp.test. 60 IN A 192.0.2.2"),
            (("192.0.2.1", "192.0.2.2"), 60),
        ),
        (message("app.test. 60 IN CNAME b.test.\nb.test. 30 IN A 192.0.2.1"), (("192.0.2.1",), 30)),
        # What nobody asked for counts for nothing.
        (message("other.test. 60 IN A 192.0.2.9", authority=SOA), ((), 60)),
        (message(authority=SOA, rcode="NXDOMAIN"), ((), 60)),
        (message("app.test. 60 IN CNAME b.test.", authority=SOA), ((), 60)),
    ],
)
def test_what_an_answer_means(said, meaning):
    answered = read(said, is_believed=True)
    assert (answered.addresses, answered.ttl) == meaning
    assert not answered.is_validated


def test_who_is_not_believed_validates_nothing():
    said = message("app.test. 60 IN A 192.0.2.1" + SIGNED, flags=" AD")
    assert read(said, is_believed=True) == Answered(("192.0.2.1",), 60.0, is_validated=True, is_signed=True)
    assert read(said, is_believed=False) == Answered(("192.0.2.1",), 60.0, is_validated=False, is_signed=True)


@pytest.mark.parametrize(
    ("said", "detail", "is_server_failure"),
    [
        (message(rcode="SERVFAIL"), "SERVFAIL", True),
        (message(rcode="REFUSED"), "REFUSED", False),
        (message("app.test. 60 IN A 192.0.2.1", rcode="NXDOMAIN"), "AnswerForNXDOMAIN", False),
        (
            message("app.test. 60 IN CNAME b.test.\nb.test. 60 IN CNAME app.test."),
            "ChainTooLong",
            False,
        ),
    ],
)
def test_what_is_no_answer(said, detail, is_server_failure):
    assert read(said, is_believed=True) == Unanswered(detail, is_server_failure)


def test_only_so_many_addresses_are_taken():
    many = "\n".join(f"app.test. 60 IN A 10.0.{at // 256}.{at % 256}" for at in range(2000))
    assert len(read(message(many), is_believed=True).addresses) == 32


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(data):
    try:
        said = dns.message.from_wire(b"\0\1\x81\x80" + data)
    except dns.exception.DNSException:
        return
    assert isinstance(read(said, is_believed=True), Answered | Unanswered)


def answered(*addresses, ttl=60.0, is_validated=False):
    return Answered(addresses, ttl, is_validated)


@pytest.mark.parametrize(
    ("answers", "needs_validation", "outcome"),
    [
        ([answered("::1"), answered("192.0.2.1")], False, Found(("::1", "192.0.2.1"))),
        ([answered(), answered()], False, Missing(Trouble.NO_ADDRESS)),
        ([answered(is_validated=True), answered("::1")], True, Missing(Trouble.NOT_VALIDATED)),
        ([answered(), answered()], True, Missing(Trouble.NOT_VALIDATED)),
        (
            [answered(is_validated=True), answered("192.0.2.1", is_validated=True)],
            True,
            Found(("192.0.2.1",), is_validated=True),
        ),
    ],
)
def test_what_both_answers_mean_together(answers, needs_validation, outcome):
    assert judge(answers, needs_validation=needs_validation) == outcome


def test_the_two_kinds_of_addresses_take_turns():
    assert in_turn(["::1", "::2", "1.1.1.1", "::3"]) == ("::1", "1.1.1.1", "::2", "::3")


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ([answered("::1", ttl=60.0), answered("1.1.1.1", ttl=50.0)], 50.0),
        ([answered("::1", ttl=1e9)], 3600.0),
        ([answered("::1", ttl=0.0)], 1.0),
        ([answered(ttl=900.0)], 30.0),
    ],
)
def test_how_long_an_answer_is_kept(answers, kept):
    outcome = judge(answers, needs_validation=False)
    settings = DNSSettings(max_ttl=timedelta(hours=1), negative_ttl=timedelta(seconds=30))
    assert lifetime(answers, outcome, settings) == kept
