"""Texts that are tokens, and those that only look like it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oidc.foreign import Signer, part, text_of

from yett.oidc.jose import MAX_TOKEN, read
from yett.oidc.jose.reading import decode

HEADER = part({"alg": "ES256", "kid": "one"})
CLAIMS = part({"iss": "a", "n": 1})
SIGNATURE = text_of(bytes(64))
DEEP = b'{"a":' * 1000 + b"1" + b"}" * 1000
LONG = b'{"exp":' + b"1" * 5000 + b"}"
TWICE = b'{"alg":"ES256","alg":"none"}'


def test_a_token_is_read_into_its_parts():
    token = read(f"{HEADER}.{CLAIMS}.{SIGNATURE}")

    assert (token.algorithm, token.key_id, token.signature) == ("ES256", "one", bytes(64))
    assert token.signed == f"{HEADER}.{CLAIMS}".encode()
    assert (token.text("iss"), token.text("n"), token.text("none")) == ("a", "", "")
    assert "iss" not in repr(token)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        f"{HEADER}.{CLAIMS}",
        f"{HEADER}.{CLAIMS}.",
        f"{HEADER}..{SIGNATURE}",
        f"{HEADER}.{CLAIMS}.{SIGNATURE}.{SIGNATURE}.{SIGNATURE}",
        f"{HEADER}.{CLAIMS}.{SIGNATURE}=",
        f"{HEADER}.{CLAIMS}.{SIGNATURE}\n",
        f" {HEADER}.{CLAIMS}.{SIGNATURE}",
        f"{HEADER}.{CLAIMS}.{SIGNATURE[:-1]}B",  # bits that nothing stands for
        f"{HEADER}.{CLAIMS}.A",
        f"{HEADER}.{CLAIMS}.++//",
        f"{part([])}.{CLAIMS}.{SIGNATURE}",
        f"{part(b'{')}.{CLAIMS}.{SIGNATURE}",
        f"{part({})}.{CLAIMS}.{SIGNATURE}",
        f"{part({'alg': 1})}.{CLAIMS}.{SIGNATURE}",
        f"{part({'alg': 'ES256', 'kid': ['x']})}.{CLAIMS}.{SIGNATURE}",
        f"{part({'alg': 'ES256', 'crit': ['exp']})}.{CLAIMS}.{SIGNATURE}",
        f"{part({'alg': 'ES256', 'crit': ['b64'], 'b64': False})}.{CLAIMS}.{SIGNATURE}",
        f"{part(TWICE)}.{CLAIMS}.{SIGNATURE}",
        f"{HEADER}.{text_of(bytes([255]))}.{SIGNATURE}",
        f"{HEADER}.{text_of(b'[1]')}.{SIGNATURE}",
        f"{HEADER}.{text_of(b'{0:1}')}.{SIGNATURE}",
        f"{HEADER}.{text_of(json.dumps({'exp': float('nan')}).encode())}.{SIGNATURE}",
        f"{HEADER}.{text_of(b'[' * 3000)}.{SIGNATURE}",
        f"{HEADER}.{text_of(b'[' * 5000)}.{SIGNATURE}",
        f"{HEADER}.{text_of(DEEP)}.{SIGNATURE}",
        f"{HEADER}.{text_of(LONG)}.{SIGNATURE}",
    ],
)
def test_what_is_not_exactly_a_token_is_nothing(text):
    assert read(text) is None


def test_a_token_may_be_long_but_not_longer():
    fitting = MAX_TOKEN - len(f"{HEADER}.{CLAIMS}.")
    fitting -= fitting % 4
    assert read(f"{HEADER}.{CLAIMS}.{'A' * fitting}") is not None
    assert read(f"{HEADER}.{CLAIMS}.{'A' * (fitting + 4)}") is None


@given(st.binary(max_size=200))
def test_base64url_has_one_way_to_write_anything(raw):
    assert decode(text_of(raw).encode()) == raw


@given(st.text(alphabet="ABCabc019-_.=+/ é\n", max_size=60))
def test_nothing_raises(text):
    read(text)


@given(st.integers(0, 300), st.integers(0, 255))
def test_a_changed_token_is_read_as_something_else_or_not_at_all(place, value):
    whole = Signer().sign({"iss": "a"})
    place %= len(whole)
    changed = whole[:place] + chr(value) + whole[place + 1 :]
    if changed != whole:
        before, after = read(whole), read(changed)
        assert after is None or (after.signed, after.signature) != (before.signed, before.signature)
