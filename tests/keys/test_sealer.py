import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yett.keys import MAX_SEALED, MasterKey, Opened, Sealer

MASTER = MasterKey(bytes(range(32)))
SEALER = Sealer(MASTER, "state")
URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

payloads = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    max_size=6,
)


@given(payloads)
def test_what_was_sealed_comes_back_as_it_was(payload):
    text = SEALER.seal(payload, expires_at=100.0)

    assert SEALER.open(text, now=99.9) == Opened(payload, is_expired=False)
    assert set(text) <= set(URL_SAFE)


@given(st.integers(0, 10**6), st.sampled_from(URL_SAFE))
def test_a_text_altered_in_any_character_does_not_open(position, character):
    text = SEALER.seal({"user": "ada"}, expires_at=100.0)
    position %= len(text)
    altered = text[:position] + character + text[position + 1 :]

    assert (SEALER.open(altered, now=0) is None) is (altered != text)


@settings(max_examples=20)
@given(payloads)
def test_a_text_cut_or_grown_anywhere_does_not_open(payload):
    text = SEALER.seal(payload, expires_at=100.0)

    assert all(SEALER.open(text[:end], now=0) is None for end in range(len(text)))
    assert all(SEALER.open(text + more, now=0) is None for more in ("A", "=", "==", "\n", " ", "AAAA"))


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text):
    assert SEALER.open(text, now=0) is None


def test_a_text_for_one_purpose_opens_for_no_other():
    text = SEALER.seal({"user": "ada"}, expires_at=100.0)

    assert Sealer(MASTER, "other").open(text, now=0) is None
    assert Sealer(MasterKey(b"x" * 32), "state").open(text, now=0) is None
    assert Sealer(MASTER, "state").open(text, now=0) == Opened({"user": "ada"}, is_expired=False)


@pytest.mark.parametrize(
    ("now", "is_expired"), [(99.999, False), (100.0, True), (1e12, True), (-1e12, False)]
)
def test_a_sealed_value_expires_at_its_instant(now, is_expired):
    opened = SEALER.open(SEALER.seal({}, expires_at=100.0), now=now)

    assert opened == Opened({}, is_expired=is_expired)


def test_the_same_value_never_seals_to_the_same_text():
    assert len({SEALER.seal({"a": "b"}, expires_at=1.0) for _ in range(100)}) == 100


@pytest.mark.parametrize("never", [math.inf, -math.inf, math.nan])
def test_a_value_that_would_not_expire_is_refused(never):
    with pytest.raises(ValueError, match="expire"):
        SEALER.seal({}, expires_at=never)


def test_a_value_too_long_to_carry_is_refused():
    with pytest.raises(ValueError, match=str(MAX_SEALED)):
        SEALER.seal({"a": "x" * MAX_SEALED}, expires_at=1.0)
    assert SEALER.open("A" * (MAX_SEALED + 1), now=0) is None
