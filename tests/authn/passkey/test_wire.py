import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.passkey import wire
from yett.authn.passkey.wire import Malformed

SAID = {"type": "webauthn.get", "challenge": "AAAA", "origin": "https://example.org"}


def client(**changes):
    return json.dumps({**SAID, **changes}).encode()


def test_client_data_is_read():
    read = wire.read_client_data(client(crossOrigin=False, other={"deep": [1]}))
    assert (read.type, read.challenge, read.origin) == (
        "webauthn.get",
        b"\x00\x00\x00",
        "https://example.org",
    )
    assert not read.is_cross_origin
    assert not read.has_token_binding


def test_a_byte_order_mark_is_dropped_but_signed():
    raw = b"\xef\xbb\xbf" + client()
    assert wire.read_client_data(raw).raw == raw


@pytest.mark.parametrize(
    ("changes", "is_cross_origin"),
    [({"crossOrigin": True}, True), ({"topOrigin": "https://a.example"}, True), ({"topOrigin": None}, False)],
)
def test_frames_are_noticed(changes, is_cross_origin):
    assert wire.read_client_data(client(**changes)).is_cross_origin is is_cross_origin


@pytest.mark.parametrize(
    ("binding", "has"), [({"status": "present"}, True), ({"status": "supported"}, False), ("unused", False)]
)
def test_only_a_binding_that_is_claimed_counts(binding, has):
    assert wire.read_client_data(client(tokenBinding=binding)).has_token_binding is has


@given(st.binary(max_size=300))
def test_any_bytes_are_client_data_or_malformed(raw):
    with contextlib.suppress(Malformed):
        wire.read_client_data(raw)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "rawId", "type", "response", "signature", "clientDataJSON", "userHandle"]
                ),
                inner,
                max_size=5,
            )
        ),
    )
)
def test_anything_sent_is_an_answer_or_malformed(sent):
    for read in (wire.read_assertion, wire.read_attested):
        with pytest.raises(Malformed):
            read(sent)


@given(st.binary(min_size=1, max_size=80))
def test_bytes_survive_as_text(raw):
    assert wire.from_text(wire.to_text(raw), 80, "it") == raw


@given(st.text(max_size=40))
def test_any_text_is_canonical_base64url_or_malformed(text):
    with contextlib.suppress(Malformed):
        assert wire.to_text(wire.from_text(text, 40, "it")) == text


@pytest.mark.parametrize("size", [0, 36])
def test_authenticator_data_has_a_head_at_least(size):
    with pytest.raises(Malformed):
        wire.read_authenticator_data(bytes(size))


def test_the_head_of_authenticator_data_is_read():
    read = wire.read_authenticator_data(b"\x07" * 32 + b"\x05" + b"\x00\x00\x01\x00")
    assert (read.rp_id_hash, read.flags, read.sign_count) == (b"\x07" * 32, 5, 256)
    assert read.has(wire.USER_VERIFIED)
    assert not read.has(wire.BACKED_UP)
