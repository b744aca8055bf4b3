import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.keys.frost import curve, vectors

from yett.keys.frost.ciphersuite import IDENTITY, multiply_base
from yett.keys.frost.polynomials import commitments_to, evaluate, evaluate_committed, interpolating_value

POLYNOMIALS = st.lists(st.integers(min_value=0, max_value=curve.L - 1), min_size=1, max_size=6)


@pytest.mark.parametrize("number", vectors.SECRETS)
def test_shares_of_the_polynomial_match_rfc_9591_appendix_e_1(number):
    assert evaluate(vectors.COEFFICIENTS, number) == vectors.SECRETS[number]


def test_the_group_key_matches_rfc_9591_appendix_e_1():
    commitments = commitments_to(vectors.COEFFICIENTS)

    assert commitments[0] == vectors.PUBLIC
    assert evaluate_committed(commitments, 3) == multiply_base(vectors.SECRETS[3])


@given(POLYNOMIALS, st.integers(min_value=1, max_value=16))
def test_values_are_those_of_the_polynomial_in_the_open_and_in_the_group(coefficients, number):
    raw = [curve.scalar(one) for one in coefficients]
    expected = curve.scalar(sum(one * number**power for power, one in enumerate(coefficients)))

    assert evaluate(raw, number) == expected
    assert evaluate_committed(commitments_to(raw), number) == multiply_base(expected)


def test_a_polynomial_may_be_zero_somewhere():
    raw = [curve.scalar(-3), curve.scalar(1)]

    assert evaluate(raw, 3) == bytes(32)
    assert evaluate_committed(commitments_to(raw), 3) == IDENTITY


@given(POLYNOMIALS, st.sets(st.integers(min_value=1, max_value=16), min_size=6))
def test_as_many_values_as_coefficients_give_the_constant_term(coefficients, numbers):
    raw = [curve.scalar(one) for one in coefficients]
    chosen = sorted(numbers)[: len(raw)]

    total = sum(
        curve.number(evaluate(raw, one)) * curve.number(interpolating_value(chosen, one)) for one in chosen
    )

    assert curve.scalar(total) == raw[0]


@pytest.mark.parametrize(
    ("numbers", "number"),
    [([1, 2], 3), ([1, 1, 2], 1), ([1, 2, 2], 1), ([0, 1], 1), ([0, 1], 0), ([], 1), ([curve.L, 1], 1)],
)
def test_numbers_that_cannot_be_interpolated_are_refused(numbers, number):
    with pytest.raises(ValueError, match="distinct"):
        interpolating_value(numbers, number)
