"""Every decision about codes by mail, as rows of tables."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.otp import CodeRefused, CodeType, OTPSettings, Refusal, rules
from yett.authn.otp.model import KIND, Kept, Sending
from yett.authn.otp.rules import Standing

NOW = 1_800_000_000.0
SETTINGS = OTPSettings()
KEY = b"k" * 32


def kept(**changes):
    facts = {
        "kind": KIND, "digest": b"", "user": "ada", "email": "ada@example.org", "sent_at": NOW, "expires_at": NOW + 300
    }  # fmt: skip
    return Kept(**(facts | changes))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada.L+x@EXAMPLE.org", "Ada.L+x@example.org"),
        ("o'hara@a-b.example", "o'hara@a-b.example"),
        ("a@localhost", "a@localhost"),
        ("", None),
        ("ada", None),
        ("@example.org", None),
        ("ada@", None),
        ("ada@example.org.", None),
        ("ada@-example.org", None),
        ("ada@exa_mple.org", None),
        ("a b@example.org", None),
        (".ada@example.org", None),
        ("a..b@example.org", None),
        ('"a b"@example.org', None),
        ("ada@evil.example@example.org", None),
        ("ada@example.org\r\nBcc: eve@evil.example", None),
        ("ada@example.org\n", None),
        ("<ada@example.org>", None),
        ("ada@example.org,eve@evil.example", None),
        ("ada@exam\u212ale.org", None),  # the Kelvin sign, whose small letter is a k
        ("\u00e4da@example.org", None),
        ("a" * 65 + "@example.org", None),
        ("ada@" + "a." * 130 + "org", None),
    ],
)
def test_an_address_is_one_mailbox_and_nothing_besides(text, address):
    assert rules.parse_email(text) == address


@pytest.mark.parametrize(
    ("domains", "is_allowed"),
    [
        ((), True),
        (("example.org",), True),
        (("example.com", "example.org"), True),
        (("example.com",), False),
        (("ample.org",), False),
        (("*.example.org",), False),
        (("*.org",), True),
    ],
)
def test_a_domain_is_compared_as_a_whole(domains, is_allowed):
    assert rules.is_allowed("ada@example.org", domains) is is_allowed


def test_a_star_stands_for_what_is_below():
    assert rules.is_allowed("ada@mail.example.org", ("*.example.org",))
    assert not rules.is_allowed("ada@evilexample.org", ("*.example.org",))


@pytest.mark.parametrize(
    ("text", "code_type"),
    [
        ("base20", CodeType.BASE20),
        (" BASE20 ", CodeType.BASE20),
        ("numeric", CodeType.NUMERIC),
        ("", None),
        ("hex", None),
    ],
)
def test_the_type_of_codes_is_one_of_two(text, code_type):
    assert rules.code_type_of(text) is code_type


@pytest.mark.parametrize(
    ("seconds", "ttl"), [(30, 30.0), (3600, 3600.0), (29, None), (3601, None), (0, None)]
)
def test_the_time_of_a_code_has_bounds(seconds, ttl):
    assert rules.ttl_of(OTPSettings(ttl=timedelta(seconds=seconds))) == ttl


def test_a_digest_is_bound_to_browser_and_person_and_key():
    digests = {
        rules.digest_of(key, device, user, code)
        for key in (KEY, b"other key")
        for device in ("d", "e")
        for user in ("ada", "bob")
        for code in ("BCDFGHJK", "BCDFGHJL")
    }
    assert len(digests) == 16


@given(st.text(max_size=80))
def test_whatever_is_typed_has_a_digest_and_only_the_code_has_that_of_the_code(typed):
    right = rules.digest_of(KEY, "d", "ada", "BCDFGHJK")
    assert rules.typed_digest(KEY, "d", "ada", typed) != right
    assert rules.typed_digest(KEY, "d", "ada", "bcdf-ghjk") == right


@pytest.mark.parametrize("text", ["", "d", "\ud800", "x" * 5000, "a/b", "\x00"])
def test_any_text_names_a_place_in_the_store(text):
    assert len(rules.key_of(text)) == 64


@pytest.mark.parametrize(
    ("changes", "at", "standing"),
    [
        ({}, 0, Standing.OPEN),
        ({}, 299.9, Standing.OPEN),
        ({}, 300, Standing.OVER),
        ({}, -60, Standing.OPEN),
        ({}, -61, Standing.OVER),  # made before a clock was put back
        ({"is_spent": True}, 0, Standing.SPENT),
        ({"locked_until": NOW + 900}, 0, Standing.LOCKED),
        ({"locked_until": NOW + 900}, 899.9, Standing.LOCKED),
        ({"locked_until": NOW + 900}, 900, Standing.OVER),
        ({"locked_until": NOW + 60}, 60, Standing.OVER),  # never open again, though its own time is not over
        ({"is_spent": True, "locked_until": NOW + 900}, 0, Standing.SPENT),
    ],
)
def test_what_a_code_is_worth(changes, at, standing):
    assert rules.standing(kept(**changes), NOW + at) is standing


@pytest.mark.parametrize(
    ("changes", "at", "refused"),
    [
        ({}, 0, CodeRefused(Refusal.TOO_SOON, 30.0)),
        ({}, 29, CodeRefused(Refusal.TOO_SOON, 1.0)),
        ({}, 30, None),
        ({}, 300, None),
        ({"resends": 3}, 100, CodeRefused(Refusal.TOO_MANY, 200.0)),
        ({"resends": 3}, 0, CodeRefused(Refusal.TOO_MANY, 300.0)),
        ({"resends": 3}, 300, None),
        ({"is_spent": True}, 0, None),
        ({"locked_until": NOW + 900}, 400, CodeRefused(Refusal.LOCKED, 500.0)),
        ({"locked_until": NOW + 900}, 900, None),
        ({"user": "bob"}, 40, CodeRefused(Refusal.OTHER_EMAIL, 260.0)),
        ({"email": "ada@example.com"}, 40, CodeRefused(Refusal.OTHER_EMAIL, 260.0)),
        ({"user": "bob", "locked_until": NOW + 900}, 40, CodeRefused(Refusal.OTHER_EMAIL, 860.0)),
        ({"user": "bob"}, 300, None),
        ({"user": "bob", "is_spent": True}, 0, None),
    ],
)
def test_who_gets_a_code(changes, at, refused):
    assert rules.judge_request(kept(**changes), "ada", "ada@example.org", SETTINGS, NOW + at) == refused


def test_a_browser_without_a_code_gets_one():
    assert rules.judge_request(None, "ada", "ada@example.org", SETTINGS, NOW) is None


def test_a_resent_code_inherits_the_wrong_tries_and_a_new_one_does_not():
    old = kept(tries=2, resends=1)
    resent, before = rules.next_code(old, "ada", "ada@example.org", b"x", ttl=300, now=NOW + 40)
    assert (resent.tries, resent.resends, before) == (2, 2, 2)
    fresh, before = rules.next_code(old, "ada", "ada@example.org", b"x", ttl=300, now=NOW + 300)
    assert (fresh.tries, fresh.resends, before) == (0, 0, 0)


def test_the_last_wrong_code_locks():
    assert rules.after_wrong(kept(tries=3), SETTINGS, NOW).locked_until == 0.0
    assert rules.after_wrong(kept(tries=4), SETTINGS, NOW).locked_until == NOW + 900


def test_a_locked_code_is_kept_as_long_as_its_lock():
    assert rules.lifetime(kept(locked_until=NOW + 900), NOW) == 900 + rules.LINGER
    assert rules.lifetime(kept(), NOW + 100) == 200 + rules.LINGER


@pytest.mark.parametrize(
    ("sending", "wait"),
    [
        (None, 0.0),
        (Sending(NOW, 1), 0.0),
        (Sending(NOW - 100, 2), 3500.0),
        (Sending(NOW - 3600, 2), 0.0),
        (Sending(NOW + 10, 9), 0.0),  # a clock was put back
    ],
)
def test_a_person_is_sent_so_many_codes_in_an_hour(sending, wait):
    assert rules.wait_of(sending, 2, NOW) == wait


def test_codes_of_a_person_are_counted_within_the_hour():
    assert rules.after_sending(None, NOW) == Sending(NOW, 1)
    assert rules.after_sending(Sending(NOW - 100, 4), NOW) == Sending(NOW - 100, 5)
    assert rules.after_sending(Sending(NOW - 3600, 4), NOW) == Sending(NOW, 1)
