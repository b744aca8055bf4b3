import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.tokens import Token, parse, what_is_wrong
from yett.tokens.text import derived_secret, digest, is_key, new_key

GOOD = "gt-7o7OCWgLTAs7FNuCXIrYVQ.xNzaFkNmh9_9kbz-vvx8LQ"


def test_a_token_is_read_as_it_is_written():
    token = parse(GOOD)

    assert token == Token("7o7OCWgLTAs7FNuCXIrYVQ", "xNzaFkNmh9_9kbz-vvx8LQ")
    assert str(token) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gt-",
        GOOD[:-1],
        GOOD + "A",
        "gc" + GOOD[2:],
        GOOD.replace(".", "-"),
        GOOD.replace(".", ".."),
        "GT" + GOOD[2:],
        GOOD[:5] + "/" + GOOD[6:],
        GOOD[:5] + "ä" + GOOD[6:],
        GOOD[:5] + "\ud800" + GOOD[6:],
        GOOD[:-1] + "\n",
        # Another spelling of the same 16 bytes: bits that decoders throw away are set.
        GOOD[:24] + "R" + GOOD[25:],
        GOOD[:-1] + "R",
    ],
)
def test_what_is_not_exactly_one_is_none(text):
    assert parse(text) is None


def test_why_is_said_without_the_text():
    assert what_is_wrong("secret") == "Token does not start with gt-"
    assert what_is_wrong("gt-secret") == "Token is malformed"
    assert what_is_wrong("gt-secret.x") == "Token key or secret is malformed"


@given(st.text())
def test_any_text_is_a_token_or_none(text):
    assert parse(text) is None or str(parse(text)) == text


def test_a_secret_is_not_shown_by_accident():
    assert "xNza" not in repr(parse(GOOD))


def test_new_keys_are_keys_and_differ():
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    assert all(is_key(key) for key in keys)


def test_a_derived_secret_belongs_to_one_key_and_one_root():
    made = derived_secret(b"root", "7o7OCWgLTAs7FNuCXIrYVQ")

    assert is_key(made)
    assert made == derived_secret(b"root", "7o7OCWgLTAs7FNuCXIrYVQ")
    assert made != derived_secret(b"other", "7o7OCWgLTAs7FNuCXIrYVQ")
    assert made != derived_secret(b"root", "xNzaFkNmh9_9kbz-vvx8LQ")
    assert len(digest(made)) == 32
