from hypothesis import given
from hypothesis import strategies as st

from yett.keys import MasterKey
from yett.oidc.tokens import texts

OURS = texts.RefreshTokens(MasterKey(b"m" * 32))
OWNER = texts.owner_of("ada", "")


def test_a_refresh_token_is_ours_for_its_family_and_generation():
    text = OURS.make(OWNER, "ref", 7, "salt")
    parts = texts.read(text)
    assert parts[:3] == (OWNER, "ref", 7)
    assert OURS.is_ours(parts, "salt")
    assert not OURS.is_ours(parts, "other")
    assert not OURS.is_ours(parts._replace(generation=8), "salt")
    assert not OURS.is_ours(parts._replace(ref="fer"), "salt")
    assert not texts.RefreshTokens(MasterKey(b"o" * 32)).is_ours(parts, "salt")


@given(st.text())
def test_any_text_gets_a_verdict(text):
    assert texts.read(text) is None
    assert texts.read(f"yr.{text}") is None
    texts.digest(text)
    assert texts.place(OWNER, texts.ref_of(text)).count("/") == 3
    assert len(texts.place(texts.owner_of(text, text), texts.ref_of(text))) < 200


def test_a_person_and_a_client_of_one_name_are_two():
    assert texts.owner_of("wiki", "") != texts.owner_of("", "wiki")
    assert texts.owner_of("ada", "one") == texts.owner_of("ada", "two")


def test_a_newline_at_the_end_is_no_refresh_token():
    assert texts.read(OURS.make(OWNER, "ref", 7, "salt") + "\n") is None
