import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.request_signing.base import digest_of, parameters
from yett.proxy.request_signing.config import Algorithm
from yett.proxy.request_signing.reading import read_digest, read_input, read_signature

GOOD = "yett=" + parameters(
    ("@method", "content-digest"),
    created=1,
    expires=61,
    key_id="My App",
    alg=Algorithm.HMAC_SHA256,
    nonce="n",
)
RAW = bytes(range(64))
SIGNATURE = f"yett=:{base64.b64encode(RAW).decode()}:"


def test_what_we_write_is_read():
    found = read_input(GOOD)
    assert found.covered == ("@method", "content-digest")
    assert (found.created, found.expires, found.key_id, found.nonce) == (1, 61, "My App", "n")
    assert f"yett={found.params}" == GOOD
    assert read_signature(SIGNATURE) == RAW
    assert read_signature(f"yett=:{base64.b64encode(RAW[:32]).decode()}:") == RAW[:32]
    assert len(read_digest(digest_of(b"x"))) == 32


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("yett=", "other="),
        ('tag="yett"', 'tag="other"'),
        ('"@method" "content-digest"', ""),
        ('"@method" "content-digest"', '"@method" "@method"'),
        ('"@method"', '"@method";req'),
        ('"@method"', '"@Method"'),
        ("hmac-sha256", "rsa-pss-sha512"),
        ("hmac-sha256", "none"),
        ("created=1", "created=1.5"),
        ("created=1", "created=-1"),
        ("created=1", "created=\N{ARABIC-INDIC DIGIT ONE}"),
        ("created=1", "created=9999999999999"),
        ('keyid="My App"', 'keyid="My\\"App"'),
        (";nonce", ";created=2;nonce"),
        ("yett=", "yett= "),
        ("yett=(", "other=();tag=1, yett=("),
    ],
)
def test_everything_else_is_not(old, new):
    assert old in GOOD
    assert read_input(GOOD.replace(old, new, 1)) is None


def test_more_components_than_anybody_covers_are_refused():
    names = [f"x-{number}" for number in range(33)]
    text = parameters(names, created=1, expires=2, key_id="k", alg=Algorithm.ED25519, nonce="n")
    assert read_input("yett=" + text) is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yett=::",
        SIGNATURE + ", other=:AA==:",
        SIGNATURE[:-1],
        "yett=:" + "A" * 200 + ":",
        SIGNATURE + "\n",
    ],
)
def test_signatures_in_other_forms_are_refused(value):
    assert read_signature(value) is None


def test_a_digest_with_stray_bits_is_another_spelling_and_refused():
    good = digest_of(b"x")
    last = good[-3]
    assert read_digest(good.replace(last + "=:", chr(ord(last) + 1) + "=:")) is None


@given(st.text())
def test_any_text_is_read_or_refused(text):
    assert read_input(text) is None
    assert read_signature(text) is None
    assert read_digest(text) is None
