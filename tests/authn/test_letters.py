"""Codes that people read in one place and type in another."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.letters import CONSONANTS, DIGITS, MAX_TYPED, draw, fold, grouped


@pytest.mark.parametrize("alphabet", [CONSONANTS, DIGITS])
def test_every_letter_is_equally_likely(alphabet):
    def every_byte(_):
        return bytes(range(256))

    drawn = Counter(draw(alphabet, 240 if alphabet is CONSONANTS else 250, every_byte))
    assert set(drawn.values()) == {12 if alphabet is CONSONANTS else 25}


def test_consonants_are_those_of_rfc_8628_section_6_1():
    assert CONSONANTS == "BCDFGHJKLMNPQRSTVWXZ"


@given(st.integers(1, 40))
def test_a_code_is_as_long_as_was_asked(length):
    code = draw(CONSONANTS, length)
    assert len(code) == length
    assert set(code) <= set(CONSONANTS)


def test_bytes_that_would_favour_some_letters_are_passed_over():
    given_out = iter([b"\xff\xfa\xf0", b"\x00\x01\x02"])
    assert draw(CONSONANTS, 3, lambda _: next(given_out)) == "BCD"


def test_no_randomness_is_no_code():
    def broken(_):
        raise OSError("no entropy")

    with pytest.raises(OSError, match="no entropy"):
        draw(DIGITS, 6, broken)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("BCDF-GHJK", "BCDFGHJK"),
        (" bcdf ghjk ", "BCDFGHJK"),
        ("bcdf\u2011ghjk", "BCDFGHJK"),
        ("123\u00a0456", "123456"),
        ("123456\r\n", "123456"),
        ("", None),
        (" - ", None),
        ("BCDFGH\u017f", None),  # the long s, whose capital is an S
        ("\u0661\u0662\u0663\u0664\u0665\u0666", None),  # digits, but of another script
        ("\uff11\uff12\uff13", None),
        ("B" * (MAX_TYPED + 1), None),
    ],
)
def test_what_is_typed_is_folded_and_nothing_else_becomes_a_code(typed, meant):
    assert fold(typed) == meant


@given(st.text(alphabet=CONSONANTS, min_size=1, max_size=20), st.integers(1, 9))
def test_a_code_survives_being_shown_and_typed(code, size):
    assert fold(grouped(code, size).lower()) == code


@given(st.text(max_size=200))
def test_any_text_can_be_folded(text):
    folded = fold(text)
    assert folded is None or folded.isascii()
