import hashlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.asking import ask

from yett.guard.pow import PowSettings, check_pow, rules
from yett.guard.pow.model import Check, Kept

FORM = ("Content-Type", "application/x-www-form-urlencoded")
OWN = ("Origin", "https://app.example")


@pytest.mark.parametrize(
    ("digest", "bits", "check"),
    [
        ("00ff", 8, Check.PASSED),
        ("00ff", 9, Check.PARTIAL_BYTE),
        ("007f", 9, Check.PASSED),
        ("01ff", 7, Check.PASSED),
        ("01ff", 8, Check.FULL_BYTE),
        ("0100", 16, Check.FULL_BYTE),
        ("ffff", 0, Check.PASSED),
        ("80ff", 1, Check.PARTIAL_BYTE),
        ("0000", 15, Check.PASSED),
    ],
)
def test_leading_zero_bits_are_counted_by_bytes_and_then_by_bits(digest, bits, check):
    assert rules.check_bits(bytes.fromhex(digest) + b"\xff" * 30, bits) is check


@given(st.binary(min_size=32, max_size=32), st.integers(0, 32))
def test_a_hash_passes_if_and_only_if_its_number_is_small_enough(digest, bits):
    is_small = int.from_bytes(digest, "big") < 1 << (256 - bits)
    assert (rules.check_bits(digest, bits) is Check.PASSED) is is_small


def test_what_is_judged_is_the_hash_of_challenge_and_number():
    assert rules.digest_of("abc", "42") == hashlib.sha256(b"abc42").digest()


@pytest.mark.parametrize(("waiting", "bits"), [(0, 0), (6, 0), (7, 1), (13, 2), (50, 4), (100, 4)])
def test_challenges_get_harder_while_many_are_open(waiting, bits):
    assert rules.extra_bits(waiting, 100, 4) == bits


def test_no_load_asks_for_more_than_anybody_could_do():
    assert rules.difficulty(PowSettings(difficulty=28), 8) == 32


@pytest.mark.parametrize(
    ("seconds", "used"), [(300, 300), (0, 300), (1.2, 300), (1.3, 1.3), (-5, 300), (3600, 3600), (3601, 300)]
)
def test_a_time_in_which_nobody_could_answer_is_not_used(seconds, used):
    assert rules.ttl_of(PowSettings(ttl=timedelta(seconds=seconds))) == used


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix", "unix"),
        ("", ""),
    ],
)
def test_a_client_is_an_address_or_its_share_of_ipv6(address, network):
    assert rules.network_of(address) == network


@pytest.mark.parametrize(
    ("address", "is_within"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.0.0.1", False),
        ("unix", False),
        ("2001:db8::1", True),
    ],
)
def test_networks_are_excepted_however_an_address_is_written(address, is_within):
    assert rules.is_within(address, rules.parse_networks(("10.0.0.0/8", "2001:db8::/32"))) is is_within


def test_networks_that_are_none_are_named_with_the_reason():
    (mistake,) = check_pow(PowSettings(except_networks=("10.0.0.0/8", "10.0.0.0/33")))
    assert mistake.key == "protection.pow.except_networks[1]"
    assert mistake.value == "10.0.0.0/33"


@pytest.mark.parametrize(
    ("path", "is_below"),
    [("/api", True), ("/api/x", True), ("/apix", False), ("/%61pi", False), ("/api;x", False), ("/", False)],
)
def test_paths_are_excepted_in_whole_segments_and_one_spelling(path, is_below):
    assert rules.is_below(path, ("/api",)) is is_below


@pytest.mark.parametrize(
    ("method", "fields", "more", "is_navigation"),
    [
        ("GET", [("Accept", "text/html")], {}, True),
        ("POST", [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")], {}, True),
        ("GET", [("Accept", "text/html"), ("Sec-Fetch-Mode", "cors")], {}, False),
        ("GET", [("Accept", "*/*")], {}, False),
        ("GET", [], {}, False),
        ("PUT", [("Accept", "text/html")], {}, False),
        ("GET", [("Accept", "text/html")], {"upgrade": b"websocket"}, False),
    ],
)
def test_a_page_is_for_those_who_can_see_it(method, fields, more, is_navigation):
    assert rules.is_navigation(ask(method=method, fields=fields, **more)) is is_navigation


@pytest.mark.parametrize(
    ("fields", "is_preflight"),
    [
        ([OWN, ("Access-Control-Request-Method", "PUT")], True),
        ([OWN], False),
        ([("Access-Control-Request-Method", "PUT")], False),
    ],
)
def test_a_preflight_cannot_carry_a_pass(fields, is_preflight):
    assert rules.is_preflight(ask(method="OPTIONS", fields=fields)) is is_preflight
    assert not rules.is_preflight(ask(method="POST", fields=fields))
    assert not rules.is_preflight(ask(method="OPTIONS", fields=fields, length=1))


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ([FORM, OWN], FORM[1]),
        ([FORM, ("Sec-Fetch-Site", "same-origin")], FORM[1]),
        ([("Content-Type", "multipart/form-data; boundary=Xy"), OWN], "multipart/form-data; boundary=Xy"),
        ([FORM], Kept.FOREIGN),
        ([FORM, ("Origin", "null")], Kept.FOREIGN),
        ([FORM, ("Origin", "https://evil.example")], Kept.FOREIGN),
        ([FORM, ("Origin", "https://app.example.evil.example")], Kept.FOREIGN),
        ([FORM, ("Origin", "https://app.example:8443")], Kept.FOREIGN),
        ([FORM, OWN, ("Sec-Fetch-Site", "same-site")], Kept.FOREIGN),
        ([FORM, OWN, ("Sec-Fetch-Site", "none")], Kept.FOREIGN),
        ([FORM, OWN, ("Origin", "https://evil.example")], Kept.FOREIGN),
        ([FORM, FORM, OWN], Kept.NONE),
        ([OWN], Kept.NONE),
        ([("Content-Type", "application/json"), OWN], Kept.NONE),
        ([("Content-Type", "text/plain"), OWN], Kept.NONE),
        ([("Content-Type", "multipart/form-data; boundary=" + "x" * 300), OWN], Kept.NONE),
        ([("Content-Type", "multipart/form-data; boundary=\x80"), OWN], Kept.NONE),
    ],
)
def test_only_a_form_of_this_very_site_is_sent_again(fields, kept):
    assert rules.keepable(ask(method="POST", length=10, fields=fields), 100) == kept


def test_a_form_is_kept_up_to_the_limit_and_never_without_one():
    def kept(limit, **body):
        return rules.keepable(ask(method="POST", fields=[FORM, OWN], **body), limit)

    assert kept(100, length=100) == FORM[1]
    assert kept(100, length=101) is Kept.TOO_LARGE
    assert kept(100, chunked=True) == FORM[1]
    assert kept(0, length=1) is Kept.NONE
    assert kept(100) is Kept.NONE
