import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.keys.frost import curve

from yett.keys.frost import ciphersuite
from yett.keys.frost.ciphersuite import IDENTITY, ZERO, add_points, multiply_base, multiply_point

SCALARS = st.integers(min_value=0, max_value=curve.L - 1)
BASE = curve.encode(curve.BASE)


@pytest.mark.parametrize("raw", curve.NOT_POINTS.values(), ids=curve.NOT_POINTS)
def test_only_canonical_points_of_prime_order_are_points(raw):
    assert not ciphersuite.is_point(raw)


def test_the_points_that_are_refused_are_of_every_kind():
    assert len({curve.encode(point) for point in curve.SMALL}) == 8
    assert all(curve.times(8, point) == curve.NEUTRAL for point in curve.SMALL)
    mixed = [curve.add(curve.BASE, point) for point in curve.SMALL[1:]]
    assert all(curve.times(curve.L, point) != curve.NEUTRAL for point in mixed)


@given(SCALARS.filter(bool))
def test_each_multiple_of_the_base_is_a_point_and_its_negative_too(factor):
    raw = multiply_base(curve.scalar(factor))

    assert ciphersuite.is_point(raw)
    assert ciphersuite.is_point(raw[:-1] + bytes([raw[-1] ^ 0x80]))


@pytest.mark.parametrize("y", range(2, 40))
def test_of_points_on_the_curve_those_of_prime_order_are_points(y):
    for sign in (0, 1):
        point = curve.with_y(y, sign)
        is_of_prime_order = point is not None and curve.times(curve.L, point) == curve.NEUTRAL
        assert ciphersuite.is_point((y | sign << 255).to_bytes(32, "little")) == is_of_prime_order


@pytest.mark.parametrize("raw", curve.NOT_SCALARS.values(), ids=curve.NOT_SCALARS)
def test_only_canonical_numbers_below_the_order_are_scalars(raw):
    assert not ciphersuite.is_scalar(raw)


@pytest.mark.parametrize("value", [0, 1, 2**252, curve.L - 1])
def test_numbers_below_the_order_are_scalars(value):
    assert ciphersuite.is_scalar(value.to_bytes(32, "little"))


@given(st.binary(min_size=32, max_size=32))
def test_any_32_bytes_are_a_scalar_exactly_below_the_order(raw):
    assert ciphersuite.is_scalar(raw) == (curve.number(raw) < curve.L)


@given(SCALARS, SCALARS)
def test_scalars_add_and_multiply_like_numbers(one, other):
    a, b = curve.scalar(one), curve.scalar(other)

    assert ciphersuite.add_scalars(a, b) == curve.scalar(one + other)
    assert ciphersuite.multiply_scalars(a, b) == curve.scalar(one * other)


@pytest.mark.parametrize("factor", [0, 1, 2, 16, curve.L - 1, 2**251 + 12345])
def test_points_multiply_as_on_the_curve(factor):
    expected = curve.encode(curve.times(factor, curve.BASE))
    triple = curve.times(3, curve.BASE)

    assert multiply_base(curve.scalar(factor)) == expected
    assert multiply_point(curve.scalar(factor), BASE) == expected
    assert multiply_point(curve.scalar(factor), curve.encode(triple)) == curve.encode(
        curve.times(factor, triple)
    )


def test_the_identity_can_be_added_and_multiplied():
    minus = curve.encode(curve.times(curve.L - 1, curve.BASE))

    assert add_points(BASE, minus) == IDENTITY
    assert add_points(BASE, IDENTITY) == add_points(IDENTITY, BASE) == BASE
    assert add_points(IDENTITY, IDENTITY) == IDENTITY
    assert multiply_point(curve.scalar(5), IDENTITY) == IDENTITY
    assert multiply_point(ZERO, BASE) == multiply_base(ZERO) == IDENTITY


def test_what_is_drawn_is_new_and_a_scalar():
    drawn = {ciphersuite.random_scalar() for _ in range(50)}

    assert len(drawn) == 50
    assert all(ciphersuite.is_scalar(one) for one in drawn)


def test_zero_is_drawn_again(monkeypatch):
    # L itself in 64 bytes is reduced to zero.
    bytes_ = iter([curve.L.to_bytes(64, "little"), bytes(64), (7).to_bytes(64, "little")])
    monkeypatch.setattr(ciphersuite.secrets, "token_bytes", lambda _: next(bytes_))

    assert ciphersuite.random_scalar() == curve.scalar(7)


@pytest.mark.parametrize(
    ("function", "prefix"),
    [
        (ciphersuite.hash_binding, b"FROST-ED25519-SHA512-v1rho"),
        (ciphersuite.hash_challenge, b""),
        (ciphersuite.hash_nonce, b"FROST-ED25519-SHA512-v1nonce"),
        (ciphersuite.hash_proof, b"FROST-ED25519-SHA512-v1dkg"),
    ],
)
def test_hashes_to_scalars_have_the_prefixes_of_section_6_1(function, prefix):
    digest = hashlib.sha512(prefix + b"message").digest()

    assert function(b"message") == curve.scalar(curve.number(digest))


@pytest.mark.parametrize(
    ("function", "prefix"),
    [
        (ciphersuite.hash_message, b"FROST-ED25519-SHA512-v1msg"),
        (ciphersuite.hash_commitments, b"FROST-ED25519-SHA512-v1com"),
    ],
)
def test_hashes_to_bytes_have_the_prefixes_of_section_6_1(function, prefix):
    assert function(b"message") == hashlib.sha512(prefix + b"message").digest()


def test_a_public_number_is_serialized_as_32_bytes_little_endian():
    assert ciphersuite.scalar(3) == b"\x03" + bytes(31)
