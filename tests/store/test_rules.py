"""Keys, values and lifetimes, as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.store import MAX_KEY, MAX_VALUE, rules


@pytest.mark.parametrize(
    "key", ["a", "sessions/5f2a…", "user name@example.org", "\xa0", "名前", "x" * MAX_KEY]
)
def test_a_key_is_any_printable_text(key):
    rules.check_key(key)


@pytest.mark.parametrize("key", ["", "\n", "a\x1b[0m", "\x9f", "\udfff", "x" * (MAX_KEY + 1)])
def test_controls_surrogates_and_long_texts_are_no_keys(key):
    with pytest.raises(ValueError, match="a key"):
        rules.check_key(key)


def test_an_empty_prefix_begins_every_key():
    rules.check_prefix("")


def test_a_refusal_does_not_repeat_the_key():
    with pytest.raises(ValueError) as refused:
        rules.check_key("secret\n")
    assert "secret" not in str(refused.value)


def test_the_largest_value_is_a_value():
    rules.check_value(bytes(MAX_VALUE))
    with pytest.raises(ValueError):
        rules.check_value(bytes(MAX_VALUE + 1))


def test_for_ever_never_ends():
    assert rules.expiry(100.0, None) is None
    assert rules.expiry(100.0, 5) == 105.0
    assert rules.expiry(100.0, -5) == 95.0


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_what_follows_a_prefix_parts_its_keys_from_all_others(prefix, key):
    end = rules.after_prefix(prefix)
    is_inside = key >= prefix and (end is None or key < end)
    assert is_inside == key.startswith(prefix)
    if end is not None:
        assert end.encode() > (prefix + "\U0010ffff").encode()
