import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.ops.console.visible import LONGEST, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Grüße, 世界", "Grüße, 世界"),
        ("a\nb\rc\td", "a␊b␍c␉d"),
        ("\x00\x1b[31m\x7f", "␀␛[31m␡"),
        ("\x85\x9b", "⟨U+0085⟩⟨U+009B⟩"),  # controls that some programs take for a line break, or obey
        ("user\u202etxt.exe", "user⟨U+202E⟩txt.exe"),
        ("\u2066x\u2069\u200f\u061c", "⟨U+2066⟩x⟨U+2069⟩⟨U+200F⟩⟨U+061C⟩"),
        ("a\u200bb\ufeff\u2028", "a⟨U+200B⟩b⟨U+FEFF⟩⟨U+2028⟩"),
        ("\xa0\u3000", "⟨U+00A0⟩⟨U+3000⟩"),  # a blank that is none
        ("\U000e0041", "⟨U+E0041⟩"),  # letters that nobody sees
        ("\ud800", "⟨U+D800⟩"),
    ],
)  # fmt: skip
def test_what_has_no_shape_is_spelt(text, shown):
    assert visible(text) == shown


def test_marks_do_not_pile_up():
    assert visible("e\u0301") == "e\u0301"
    assert visible("e" + "\u0300" * 4) == "e\u0300\u0300⟨U+0300⟩⟨U+0300⟩"


def test_what_is_long_is_cut_and_says_so():
    assert visible("x" * (LONGEST + 7)) == "x" * LONGEST + "… (7 more)"
    assert visible("abcdef", longest=2) == "ab… (4 more)"


@given(st.text())
def test_whatever_comes_can_be_seen_and_encoded(text):
    shown = visible(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
