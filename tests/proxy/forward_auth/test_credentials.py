"""Tokens in Cookie and Authorization: found, and taken out."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.forward_auth.credentials import (
    authorization_without,
    cookie_without,
    in_authorization,
    tokens_in_cookies,
)
from yett.proxy.forward_auth.model import Credential, Malformed
from yett.tokens import Source

TOKEN = "gt-" + "k" * 21 + "A." + "s" * 21 + "A"
OTHER = "gt-" + "l" * 21 + "A." + "s" * 21 + "A"
NAME = "__Secure-yett-token"


def basic(text):
    return b"Basic " + base64.b64encode(text.encode("latin-1"))


@pytest.mark.parametrize(
    ("cookie", "tokens"),
    [
        ("", ()),
        (f"{NAME}={TOKEN}", (TOKEN,)),
        (f"a=1; {NAME}={TOKEN}; b=2", (TOKEN,)),
        (f"a=1;{NAME}={TOKEN} ;b", (TOKEN,)),
        (f"{NAME}={TOKEN}; {NAME}={TOKEN}", (TOKEN,)),
        (f"{NAME}={TOKEN}; {NAME}={OTHER}", (TOKEN, OTHER)),
        (f"x{NAME}={TOKEN}", ()),
        (f"{NAME}x={TOKEN}", ()),
        (f"{NAME.lower()}={TOKEN}", ()),
        (f"{NAME}={TOKEN}x", ()),
        (f'{NAME}="{TOKEN}"', ()),
        (f"{NAME}=", ()),
        (f"a={NAME}={TOKEN}", ()),
    ],
)
def test_tokens_are_found_under_our_name_only(cookie, tokens):
    assert tokens_in_cookies(cookie.encode(), NAME) == tokens


def test_only_a_few_cookies_are_looked_at():
    many = "; ".join(f"{NAME}=gt-{each:022d}.{'s' * 22}" for each in range(50))
    # One more than that tells that there are too many.
    assert len(tokens_in_cookies(many.encode(), NAME)) == 5


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"", None),
        (b"Bearer " + TOKEN.encode(), Credential(Source.BEARER, TOKEN)),
        (b"bEARER  abc", Credential(Source.BEARER, "abc")),
        (basic(f"{TOKEN}:"), Credential(Source.BASIC_USERNAME, TOKEN)),
        (basic(f"{TOKEN}:x-oauth-basic"), Credential(Source.BASIC_USERNAME, TOKEN)),
        (basic(f"{TOKEN}:a:b"), Credential(Source.BASIC_USERNAME, TOKEN)),
        (basic(f"x:{TOKEN}"), Credential(Source.BASIC_PASSWORD, TOKEN)),
        (basic(f"{TOKEN}:{TOKEN}"), Credential(Source.BASIC_USERNAME, TOKEN)),
        (basic("ada:secret"), None),
        (basic(f"ada:{TOKEN}:"), None),
    ],
)
def test_a_token_is_found_in_authorization(value, found):
    assert in_authorization(value) == found


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer", b"Bearer  ", b"Token x", b"Bearer a b", b"Bearer a,Bearer b", b"Bearer \xff", b"Basic", b"Basic %%%",
        b"Basic " + base64.b64encode(b"no colon"), basic(f"{TOKEN}:{OTHER}"), b"Bearer " + b"x" * 9000,
        b"Basic " + b"eHh4" * 3000, b",", b"\xff\xff x", b"Bearer\tx\x00",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_to_be_so(value):
    found = in_authorization(value)
    assert isinstance(found, Malformed)
    assert TOKEN not in found.text
    assert OTHER not in found.text


@given(st.binary(max_size=100))
def test_any_authorization_is_read_or_refused(value):
    assert isinstance(in_authorization(value), (Credential, Malformed, type(None)))
    assert isinstance(authorization_without(value), bytes)


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer " + TOKEN.encode(), b"bearer\t" + TOKEN.encode(), basic(f"{TOKEN}:"), basic(f"x:{TOKEN}"),
        basic(f"a:b:{TOKEN}"), basic(f" {TOKEN}:"), TOKEN.encode(), b"Token " + TOKEN.encode(),
        b"Basic " + base64.b64encode(f"{TOKEN}:x".encode()).rstrip(b"=")[:-2] + b"!!",
        b"Digest x, Bearer " + TOKEN.encode(),
    ],
)  # fmt: skip
def test_nothing_that_holds_a_token_of_ours_is_handed_on(value):
    assert authorization_without(value) == b""


@pytest.mark.parametrize("value", [b"", b"Bearer other", basic("ada:secret"), b"Digest a=1", b"strange"])
def test_what_is_not_ours_is_handed_on_as_it_was(value):
    assert authorization_without(value) == value


@pytest.mark.parametrize(
    ("cookie", "kept"),
    [
        ("a=1", "a=1"),
        (f"a=1; {NAME}={TOKEN}; b=2", "a=1; b=2"),
        (f"{NAME}={TOKEN}", ""),
        (f"{NAME}=damaged; b", "b"),
        (f"a=1;{NAME} ={TOKEN};b=2", "a=1; b=2"),
        (f"{NAME}={TOKEN}; {NAME}={OTHER}; x={TOKEN}", ""),
        ("a=1;  b=2", "a=1;  b=2"),
    ],
)
def test_our_cookie_is_taken_out(cookie, kept):
    assert cookie_without(cookie.encode(), (NAME,)) == kept.encode()


PARTS = [f"{NAME}={TOKEN}", f"{NAME}=x", "a=1", "b", "", f" {NAME}={OTHER} ", "=x"]


@given(st.lists(st.sampled_from(PARTS), max_size=8))
def test_what_is_found_is_never_left(parts):
    left = cookie_without(";".join(parts).encode(), (NAME,))
    assert tokens_in_cookies(left, NAME) == ()
    assert b"gt-" not in left
