import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st
from tests.pki.making import DAY, make

from yett.pki import DEFAULT, Installed, Reason, Refused, Source
from yett.pki.certificates.model import Parsed
from yett.pki.certificates.rules import judge, parse, select
from yett.pki.names import covers

NOW = 1_800_000_000.0
WIKI = make("wiki.example.com", "*.example.org", "192.0.2.1")
OTHER = make("other.example.com")
ENCRYPTED = load_pem_private_key(WIKI.key, None).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
)
WEAK = make("wiki.example.com", key=rsa.generate_private_key(65537, 1024))


def test_a_chain_and_its_key_are_understood():
    parsed = parse(WIKI.chain + OTHER.chain, WIKI.key)
    assert isinstance(parsed, Parsed)
    assert parsed.names == ("wiki.example.com", "*.example.org", "192.0.2.1")
    assert parsed.serial == f"{WIKI.certificate.serial_number:x}"
    assert (parsed.not_before, parsed.not_after) == (NOW - DAY, NOW + 30 * DAY)
    assert WIKI.key.decode() not in repr(parsed)


@pytest.mark.parametrize(
    ("chain", "key", "reason"),
    [
        (b"", WIKI.key, Reason.UNREADABLE),
        (b"rubbish", WIKI.key, Reason.UNREADABLE),
        (WIKI.key, WIKI.key, Reason.UNREADABLE),
        (WIKI.chain[:200] + WIKI.chain[210:], WIKI.key, Reason.UNREADABLE),
        (WIKI.chain, b"", Reason.UNREADABLE),
        (WIKI.chain, b"\xff" * 100, Reason.UNREADABLE),
        (WIKI.chain, WIKI.chain, Reason.UNREADABLE),
        (WIKI.chain, ENCRYPTED, Reason.UNREADABLE),
        (WIKI.chain, OTHER.key, Reason.KEY_MISMATCH),
        (OTHER.chain + WIKI.chain, WIKI.key, Reason.KEY_MISMATCH),
        (WEAK.chain, WEAK.key, Reason.WEAK_KEY),
        (WIKI.chain + b"\n" * (256 * 1024), WIKI.key, Reason.TOO_LARGE),
        (WIKI.chain, WIKI.key + b"\n" * (32 * 1024), Reason.TOO_LARGE),
        (WIKI.chain * 11, WIKI.key, Reason.CHAIN_TOO_LONG),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(chain, key, reason):
    verdict = parse(chain, key)
    assert isinstance(verdict, Refused)
    assert verdict.reason is reason


def test_sizes_at_the_limit_are_taken():
    chain = WIKI.chain * 10
    assert isinstance(parse(chain.ljust(256 * 1024, b"\n"), WIKI.key.ljust(32 * 1024, b"\n")), Parsed)


def test_a_kind_of_key_that_servers_do_not_use_is_refused():
    key = dsa.generate_private_key(2048)
    verdict = parse(make("a.example.com", key=key).chain, WIKI.key)
    assert isinstance(verdict, Refused)
    assert verdict.reason is Reason.WEAK_KEY


def test_an_edwards_key_is_taken():
    key = ed25519.Ed25519PrivateKey.generate()
    made = make("a.example.com", key=key)
    assert isinstance(
        parse(made.chain, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())), Parsed
    )


@given(st.binary(max_size=400), st.binary(max_size=400), st.integers(0, len(WIKI.chain)))
def test_any_bytes_get_a_verdict(chain, key, cut):
    for text in (chain, WIKI.chain[:cut] + chain + WIKI.chain[cut:]):
        assert isinstance(parse(text, key), (Parsed, Refused))
        assert isinstance(parse(text, WIKI.key), (Parsed, Refused))


@pytest.mark.parametrize(
    ("name", "now", "reason"),
    [
        ("wiki.example.com", NOW, None),
        ("a.example.org", NOW, None),
        ("*.example.org", NOW, None),
        ("192.0.2.1", NOW, None),
        (DEFAULT, NOW, None),
        ("example.org", NOW, Reason.NAME_MISMATCH),
        ("a.b.example.org", NOW, Reason.NAME_MISMATCH),
        ("*.example.com", NOW, Reason.NAME_MISMATCH),
        ("192.0.2.2", NOW, Reason.NAME_MISMATCH),
        ("wiki.example.com", NOW + 30 * DAY - 1, None),
        ("wiki.example.com", NOW + 30 * DAY, Reason.EXPIRED),
        (DEFAULT, NOW + 30 * DAY, Reason.EXPIRED),
        ("wiki.example.com", NOW - DAY, None),
        ("wiki.example.com", NOW - DAY - 1, Reason.NOT_YET_VALID),
    ],
)
def test_a_certificate_stands_for_its_names_in_its_time(name, now, reason):
    parsed = parse(WIKI.chain, WIKI.key)
    assert isinstance(parsed, Parsed)
    verdict = judge(parsed, name, now=now)
    assert (verdict.reason if verdict else None) is reason


PARSED = parse(WIKI.chain, WIKI.key)
PLACES = ("wiki.example.com", "*.example.com", "a.b.example.com", "*.b.example.com", "192.0.2.1")


@given(
    st.sets(st.sampled_from((*PLACES, DEFAULT))),
    st.sampled_from(
        (*PLACES, "Other.Example.Com.", "q.b.example.com", "b.example.com", "x.y.z", "bad name", "é", "")
    ),
)
def test_what_is_shown_covers_the_name_or_is_the_default(places, asked):
    table = {place: Installed(place, Source.MANUAL, PARSED, 1) for place in places}
    shown = select(table, asked)
    spelled = asked.lower().removesuffix(".")
    if spelled in table:
        assert shown is table[spelled]
    elif shown is not None and shown.name != DEFAULT:
        assert covers(shown.name, spelled)
    else:
        assert shown is table.get(DEFAULT)
        assert not any(covers(place, spelled) for place in places)
