import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.password.text import prepare


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("A\u030angstro\u0308m", "\u00c5ngstr\u00f6m"),  # composed and decomposed
        ("\u2003wide\u00a0space", " wide space"),  # RFC 8265, section 4.2.2: spaces become U+0020
        ("\u212bngstr\u00f6m", "\u00c5ngstr\u00f6m"),
    ],
)
def test_the_same_letters_are_the_same_password(typed, same):
    assert prepare(typed, max_length=1024) == prepare(same, max_length=1024) == same.encode()


# RFC 8265, section 4.3: what is legal and what is not.
@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "Correct Horse Battery Staple", "πßå", "Jack of ♦s", "foo bar"],
)
def test_legal_passwords_of_the_rfc(password):
    assert prepare(password, max_length=1024)


@pytest.mark.parametrize(
    "password", ["", "my cat is a \tby", "a\x00b", "a\n", "\x7f", "\ud800", "\ue000", "\U000e0080"]
)
def test_impossible_passwords_are_refused(password):
    assert prepare(password, max_length=1024) is None


def test_case_width_and_outer_spaces_are_kept():
    assert len({prepare(text, max_length=64) for text in ("Ab", "ab", " ab", "ab ", "\uff41b")}) == 5


def test_length_is_counted_in_bytes_after_normalising():
    assert prepare("ä" * 32, max_length=64)
    assert prepare("ä" * 32 + "x", max_length=64) is None
    assert prepare("a\u0308" * 32, max_length=64)
    assert prepare("x" * 10_000_000, max_length=64) is None


@given(st.text(max_size=100))
def test_preparing_twice_changes_nothing(text):
    once = prepare(text, max_length=64)
    assert once is None or (prepare(once.decode(), max_length=64) == once and len(once) <= 64)


@given(st.text("ab\u0300\u0301\u0345\u03b1\u1100\u1161\u11a8", min_size=193))
def test_nothing_is_refused_early_that_would_have_fitted(text):
    assert len(unicodedata.normalize("NFC", text).encode()) > 64
    assert prepare(text, max_length=64) is None
