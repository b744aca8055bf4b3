"""The request that a proxy asks about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.trust import Networks
from yett.proxy.forward_auth.model import Asked, Malformed
from yett.proxy.forward_auth.original import (
    Fields,
    bare,
    from_either,
    from_forwarded,
    from_original,
    parse_url,
)

PROXIES = Networks(("10.0.0.0/8",))
ORIGINAL = (b"X-Original-Method: GET", b"X-Original-URL: https://app.example.test/a?b=c")
FORWARDED = (
    b"X-Forwarded-Method: GET", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: app.example.test",
    b"X-Forwarded-Uri: /a?b=c",
)  # fmt: skip


def original(*lines):
    return from_original(Fields(lines), PROXIES)


def forwarded(*lines, **more):
    return from_forwarded(Fields(lines), PROXIES, **more)


def either(*lines):
    return from_either(Fields(lines), PROXIES)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.test/", ("https", "a.test", 0, "/", "")),
        ("HTTPS://A.test.:8443/B?c#", None),
        ("https://A.test.:8443/B?c", ("https", "a.test", 8443, "/B", "c")),
        ("wss://a.test/x", ("https", "a.test", 0, "/x", "")),
        ("ws://a.test/x", ("http", "a.test", 0, "/x", "")),
        ("http://[::1]:80/", ("http", "[::1]", 80, "/", "")),
    ],
)
def test_an_address_is_taken_apart(url, parts):
    assert parse_url(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "", "/x", "a.test/x", "//a.test/x", "ftp://a.test/", "https:///x", "https://u@a.test/", "https://u:p@a.test/",
        "https://a.test:99999/", "https://a.test:/", "https://a test/", "https://a.test/x y", "https://a.test/#x",
        "https://a.test\\b/", "https://a..test/", "https://a.test/\n", "https://ä.test/", "https://" + "a" * 9000,
        "https://a.test", "https://a.test?/admin", "https://a.test#/admin", "https://a.test@/admin", "https://a.test*",
        "https, http://a.test/", "https://a.test, b.test/",
    ],
)  # fmt: skip
def test_an_address_with_two_readings_is_none(url):
    assert parse_url(url) is None


@given(st.text(max_size=50))
def test_any_text_is_an_address_or_none(text):
    found = parse_url(text)
    assert found is None or found[3].startswith("/")


def test_both_families_name_the_same():
    first, second = original(*ORIGINAL), forwarded(*FORWARDED)
    assert isinstance(first, Asked)
    assert first == second
    assert first.url == "https://app.example.test/a?b=c"
    assert either(*ORIGINAL) == either(*FORWARDED) == either(*ORIGINAL, *FORWARDED) == first


@pytest.mark.parametrize(
    "forged",
    [
        b"X-Forwarded-Uri: /public", b"X-Forwarded-Method: OPTIONS", b"X-Original-URL: https://app.example.test/public",
    ],
)  # fmt: skip
def test_a_client_cannot_speak_for_the_proxy_of_the_other_family(forged):
    theirs = FORWARDED if forged.startswith(b"X-Original") else ORIGINAL
    assert isinstance(either(*theirs, forged), Malformed)


def test_where_both_families_disagree_neither_is_believed():
    other = (b"X-Original-Method: GET", b"X-Original-URL: https://app.example.test/public")
    assert isinstance(either(*FORWARDED, *other), Malformed)


@pytest.mark.parametrize("line", [*ORIGINAL, b"X-Original-URL: https://app.example.test/public"])
def test_what_is_there_twice_is_refused(line):
    assert isinstance(original(*ORIGINAL, line), Malformed)


@pytest.mark.parametrize("line", FORWARDED)
def test_each_part_has_to_be_there_once(line):
    assert isinstance(forwarded(*FORWARDED, line), Malformed)
    assert isinstance(forwarded(*(each for each in FORWARDED if each != line)), Malformed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"X-Forwarded-Uri", b"@evil.test/x"), (b"X-Forwarded-Uri", b".evil.test/x"), (b"X-Forwarded-Uri", b"x"),
        (b"X-Forwarded-Uri", b"?x"), (b"X-Forwarded-Uri", b"/x#y"), (b"X-Forwarded-Uri", b"/x y"),
        (b"X-Forwarded-Host", b"app.example.test/public?"), (b"X-Forwarded-Host", b"a.test, b.test"),
        (b"X-Forwarded-Host", b"u@a.test"), (b"X-Forwarded-Proto", b"https, http"),
        (b"X-Forwarded-Proto", b"javascript"),
        (b"X-Forwarded-Method", b"GET POST"), (b"X-Forwarded-Method", b"x" * 40),
    ],
)  # fmt: skip
def test_parts_cannot_reach_into_one_another(name, value):
    lines = [line for line in FORWARDED if not line.startswith(name + b":")]
    assert isinstance(forwarded(*lines, name + b": " + value), Malformed)


def test_what_the_question_itself_says_counts_more_than_fields():
    asked = forwarded(*FORWARDED, method="POST", host="other.test:8443", uri="/secret")
    assert (asked.method, asked.url) == ("POST", "https://other.test:8443/secret")


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("garbage, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("", ""),
    ],
)
def test_the_client_is_read_from_the_right(value, client):
    assert original(*ORIGINAL, f"X-Forwarded-For: {value}".encode()).client == client


def test_a_client_that_is_no_address_is_not_guessed():
    assert isinstance(original(*ORIGINAL, b"X-Forwarded-For: 203.0.113.9, unknown"), Malformed)
    assert original(*ORIGINAL).client == ""


@pytest.mark.parametrize(
    ("lines", "is_script", "wants_page"),
    [
        ((b"Accept: text/html",), False, True),
        ((b"Accept: text/html", b"Sec-Fetch-Mode: navigate"), False, True),
        ((b"Accept: text/html", b"Sec-Fetch-Mode: cors"), False, False),
        ((b"Accept: */*",), False, False),
        ((), False, False),
        ((b"Accept: text/html", b"X-Requested-With: xmlhttprequest"), True, False),
    ],
)
def test_browsers_are_told_from_scripts_and_programs(lines, is_script, wants_page):
    asked = original(*ORIGINAL, *lines)
    assert (asked.is_script, asked.wants_page) == (is_script, wants_page)


def test_cookies_in_pieces_are_one_list():
    asked = bare(Fields([b"Cookie: a=1", b"cookie: b=2", b"Authorization: x", b"Authorization: y"]))
    assert (asked.cookie, asked.authorization) == (b"a=1; b=2", b"x, y")
