"""Polynomials over scalars, and the same ones in the group (RFC 9591, section 4.2 and appendix C.1 and C.2).

A polynomial is the sequence of its coefficients, constant term first.
"""

from collections.abc import Sequence

from yett.keys.frost.ciphersuite import (
    IDENTITY,
    ORDER,
    ZERO,
    add_points,
    add_scalars,
    multiply_base,
    multiply_point,
    multiply_scalars,
    scalar,
)


def evaluate(coefficients: Sequence[bytes], number: int) -> bytes:
    """The value at a number (polynomial_evaluate); coefficients and value are secret."""
    value, at = ZERO, scalar(number)
    for coefficient in reversed(coefficients):
        value = add_scalars(multiply_scalars(value, at), coefficient)
    return value


def commitments_to(coefficients: Sequence[bytes]) -> tuple[bytes, ...]:
    """The points that others can check values against (vss_commit)."""
    return tuple(multiply_base(coefficient) for coefficient in coefficients)


def evaluate_committed(commitments: Sequence[bytes], number: int) -> bytes:
    """The value at a number times the base point, from the commitments alone (as in vss_verify)."""
    value, at = IDENTITY, scalar(number)
    for commitment in reversed(commitments):
        value = add_points(multiply_point(at, value), commitment)
    return value


def interpolating_value(numbers: Sequence[int], number: int) -> bytes:
    """What to multiply a value at `number` with, so that all together give the one at 0 (derive_interpolating_value).

    Everything here is public. Raises ValueError.
    """
    if (
        number not in numbers
        or len(set(numbers)) != len(numbers)
        or any(other % ORDER == 0 for other in numbers)
    ):
        raise ValueError(
            "an interpolation needs distinct numbers, this one among them, and none that is zero"
        )
    numerator = denominator = 1
    for other in numbers:
        if other != number:
            numerator = numerator * other % ORDER
            denominator = denominator * (other - number) % ORDER
    return scalar(numerator * pow(denominator, -1, ORDER))
