"""The Huffman code: the RFC's vectors, every symbol, and what is no string."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http.h2.huffman import decode, encode

# RFC 7541, appendix C.4 and C.6.
VECTORS = [
    (b"www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"),
    (b"no-cache", "a8eb10649cbf"),
    (b"custom-key", "25a849e95ba97d7f"),
    (b"custom-value", "25a849e95bb8e8b4bf"),
    (b"302", "6402"),
    (b"private", "aec3771a4b"),
    (b"Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"),
    (b"https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"),
    (
        b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ),
]


@pytest.mark.parametrize(("text", "code"), VECTORS)
def test_the_vectors_of_rfc_7541(text, code):
    assert encode(text).hex() == code
    assert decode(bytes.fromhex(code)) == text


@given(st.binary(max_size=200))
def test_what_is_encoded_is_read_back(text):
    assert decode(encode(text)) == text


@given(st.binary(max_size=60))
def test_whatever_is_read_has_one_code_only(data):
    text = decode(data)
    assert text is None or encode(text) == data


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",  # a whole byte of padding
        b"\x1f\xff",  # "a", then padding of more than seven bits
        b"\x18",  # "a", then padding that is not all ones
        b"\xff\xff\xff\xff",  # the end of the string, said aloud
    ],
)
def test_bad_padding_and_a_spoken_end_are_refused(data):
    assert decode(data) is None
