"""Decisions about magic links, row by row."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authn.magic_link.conftest import ADA, DESK

from yett.authn.magic_link import Action, Fault, rules
from yett.authn.magic_link.model import Link

LINK = Link("ada@example.test", "ref", "desk", "47", DESK, 1000.0, 1600.0)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("ada@example.test", "ada@example.test"),
        (" Ada.Lovelace+x@Example.TEST ", "ada.lovelace+x@example.test"),
        ("ada@example.test\r\nBcc: eve@example.test", None),
        ("ada@example.test,eve@example.test", None),
        ("<ada@example.test>", None),
        ("ada @example.test", None),
        ("ada@@example.test", None),
        ("ada@", None),
        ("@example.test", None),
        ("ada@-example.test", None),
        ("ada@example.test-", None),
        ("ada@x", None),
        ("ad\u0131@example.test", None),  # a dotless i, whose capital is an I
        ("\u212a@example.test", None),  # the Kelvin sign, whose small letter is a k
        ("a" * 65 + "@example.test", None),
        ("a@" + "b" * 300, None),
        ("hunter2", None),
        ("", None),
    ],
)
def test_an_address_is_folded_or_is_none(typed, address):
    assert rules.fold_address(typed) == address


@given(st.text(max_size=300))
def test_whatever_is_typed_is_one_plain_line_or_nothing(typed):
    address = rules.fold_address(typed)
    assert address is None or (
        address.isascii() and address.isprintable() and " " not in address and address == address.lower()
    )


@pytest.mark.parametrize(
    ("email", "domains", "is_allowed"),
    [
        ("ada@example.test", (), True),
        ("ada@example.test", ("example.test",), True),
        ("ada@evilexample.test", ("example.test",), False),
        ("ada@sub.example.test", ("example.test",), False),
        ("ada@sub.example.test", ("*.example.test",), True),
        ("ada@example.test", ("*.example.test",), False),
        ("ada@evilexample.test", ("*.example.test",), False),
    ],
)
def test_links_go_to_allowed_domains_only(email, domains, is_allowed):
    assert rules.is_allowed(email, domains) is is_allowed


@pytest.mark.parametrize("token", ["", "x" * 42, "x" * 44, "x" * 42 + "/", "x" * 42 + "\n", "ß" * 43])
def test_what_cannot_be_a_token_is_not_looked_for(token):
    assert rules.fingerprint(token) is None


@pytest.mark.parametrize(
    ("action", "device", "is_needed"),
    [
        (Action.AUTHORIZE, "phone", True),
        (Action.AUTHORIZE, "", True),
        (Action.AUTHORIZE, "desk", False),
        (Action.SIGN_IN_HERE, "phone", False),
        (Action.DENY, "phone", False),
    ],
)
def test_the_number_is_asked_for_where_another_browser_is_let_in(action, device, is_needed):
    assert rules.needs_check(LINK, action, device) is is_needed


def test_a_browser_that_keeps_no_cookies_is_never_the_same():
    assert not rules.is_same_browser(replace(LINK, device=""), "")


@pytest.mark.parametrize(
    ("typed", "is_right"), [("47", True), (" 47 ", True), ("48", False), ("", False), ("4\ud800", False)]
)
def test_the_number_is_compared_as_it_is_written(typed, is_right):
    assert rules.is_right(LINK, typed) is is_right


def test_a_link_ends_with_its_time():
    assert rules.judge_link(LINK, 1599.9) is None
    assert rules.judge_link(LINK, 1600.0) is Fault.EXPIRED


def test_only_people_who_are_there_and_not_disabled_are_welcome():
    assert rules.is_welcome(ADA)
    assert not rules.is_welcome(replace(ADA, is_disabled=True))
    assert not rules.is_welcome(None)
