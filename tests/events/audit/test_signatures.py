import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events.audit.logs import KEY, OTHER

from yett.events.audit.signatures import is_signed, statement

# RFC 8032, section 7.1, test 2.
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_the_vector_of_rfc_8032_fits():
    assert is_signed(b"\x72", key=PUBLIC, signature=SIGNATURE)
    assert not is_signed(b"\x73", key=PUBLIC, signature=SIGNATURE)


def test_each_part_of_a_statement_stands_on_its_own_line():
    assert statement("purpose", 1, "a b", "") == b"purpose\n1\na b\n"
    with pytest.raises(ValueError, match="line break"):
        statement("purpose", "a\nb")


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        ("", ""),
        ("zz", "zz"),
        (PUBLIC.upper(), SIGNATURE),
        (PUBLIC, SIGNATURE.upper()),
        (PUBLIC, SIGNATURE[:64] + " " + SIGNATURE[64:]),
        (PUBLIC, SIGNATURE[:-2]),
        (PUBLIC[:-2], SIGNATURE),
        ("00" * 32, "00" * 64),
        ("٣" * 64, SIGNATURE),
    ],
)
def test_there_is_one_way_to_write_a_signature(key, signature):
    assert not is_signed(b"\x72", key=key, signature=signature)


@given(st.binary(), st.text(), st.text())
def test_nothing_that_is_typed_is_taken_for_a_signature_or_raises(text, key, signature):
    assert not is_signed(text, key=key, signature=signature)


def test_a_signature_is_good_for_one_key():
    signature = KEY.sign(b"x").hex()
    assert is_signed(b"x", key=KEY.public_key, signature=signature)
    assert not is_signed(b"x", key=OTHER.public_key, signature=signature)
