import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.sessions import Session, SessionType
from yett.sessions.encoding import (
    UnknownType,
    Unreadable,
    decode,
    digest,
    encode,
    index_key,
    owner_prefix,
    record_key,
)
from yett.store import MAX_KEY

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
instants = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.builds(
        Session,
        ref=texts,
        type=st.sampled_from(SessionType),
        module_key=texts,
        audience=texts,
        created_at=instants,
        expires_at=instants,
        ends_at=instants,
        last_activity=instants,
        parent=texts,
        metadata=st.dictionaries(texts, texts, max_size=4),
        certificate_not_after=st.none() | instants,
    )
)
def test_a_session_is_read_as_it_was_written(session):
    assert decode(encode(session)) == session


@given(st.binary(max_size=200))
def test_anything_else_is_unreadable(value):
    with pytest.raises((Unreadable, UnknownType)):
        decode(value)


def stored(**changes):
    usual = {
        "ref": "r",
        "type": "sign_on",
        "module_key": "ada",
        "audience": "wiki",
        "created_at": 1.0,
        "expires_at": 2.0,
        "ends_at": 3.0,
        "last_activity": 1.0,
    }
    return json.dumps({**usual, **changes}).encode()


def test_a_type_of_a_later_version_is_told_apart():
    assert decode(stored()).type is SessionType.SIGN_ON
    with pytest.raises(UnknownType, match="r"):
        decode(stored(type="telepathy"))


@pytest.mark.parametrize(
    "changes",
    [{"admin": True}, {"module_key": 3}, {"metadata": {"a": 1}}, {"expires_at": "soon"}, {"ref": None}],
)
def test_reading_is_strict(changes):
    with pytest.raises(Unreadable):
        decode(stored(**changes))


def test_only_the_digest_of_a_token_is_ever_a_key():
    assert record_key(digest("secret")) == record_key(digest(b"secret"))
    assert "secret" not in record_key(digest("secret"))
    assert digest("\ud800") != digest("secret")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256))
def test_every_owner_fits_in_a_key_without_touching_another(owner):
    key = index_key(owner, "0190f0a4-0000-7000-8000-000000000000")

    assert len(key) <= MAX_KEY
    assert key.isprintable()
    assert key.count("/") == 2


def test_owners_do_not_share_a_prefix():
    prefixes = {
        owner_prefix(owner) for owner in ("a", "a/b", "a%2Fb", "A", "=a", "\u00fc" * 200, "\u00fc" * 201)
    }

    assert len(prefixes) == 7
    assert not any(a != b and a.startswith(b) for a in prefixes for b in prefixes)
