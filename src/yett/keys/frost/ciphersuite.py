"""FROST(Ed25519, SHA-512): the group, its scalars and the hash functions (RFC 9591, sections 3 and 6.1).

Scalars and points are 32 bytes in their one canonical encoding. What comes from others passes `is_scalar` or
`is_point` before any other function here sees it. libsodium refuses the identity as a factor and as a product; sums may
be the identity, and zero is a scalar, so the functions below answer for these cases themselves.
"""

import hashlib
import hmac
import secrets
from typing import TypeGuard

from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_is_valid_point,
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_scalarmult_ed25519_noclamp,
)

ORDER = 2**252 + 27742317777372353535851937790883648493
"""How many points the group has, L."""

IDENTITY = (1).to_bytes(32, "little")
ZERO = bytes(32)

_CONTEXT = b"FROST-ED25519-SHA512-v1"

add_scalars = crypto_core_ed25519_scalar_add
multiply_scalars = crypto_core_ed25519_scalar_mul
add_points = crypto_core_ed25519_add


def is_scalar(raw: object) -> TypeGuard[bytes]:
    """Whether these bytes are a scalar below L in its canonical encoding (DeserializeScalar). Zero is one."""
    if not (isinstance(raw, bytes) and len(raw) == 32):
        return False
    # It may be a secret, so it is not compared as a number.
    return hmac.compare_digest(_reduce(raw + ZERO), raw)


def is_point(raw: object) -> TypeGuard[bytes]:
    """Whether these bytes are a point that may come from others (DeserializeElement).

    It is on the curve, in the subgroup of prime order, not the identity, and in its canonical encoding.
    """
    return isinstance(raw, bytes) and len(raw) == 32 and crypto_core_ed25519_is_valid_point(raw)


def scalar(number: int) -> bytes:
    """A public number as a scalar (SerializeScalar)."""
    return (number % ORDER).to_bytes(32, "little")


def random_scalar() -> bytes:
    """A scalar that nobody knows (appendix D.2, wide reduction); never zero."""
    while hmac.compare_digest(drawn := _reduce(secrets.token_bytes(64)), ZERO):
        pass
    return drawn


def multiply_base(factor: bytes) -> bytes:
    """ScalarBaseMult."""
    if hmac.compare_digest(factor, ZERO):
        return IDENTITY
    return crypto_scalarmult_ed25519_base_noclamp(factor)


def multiply_point(factor: bytes, point: bytes) -> bytes:
    """ScalarMult."""
    if point == IDENTITY or hmac.compare_digest(factor, ZERO):
        return IDENTITY
    return crypto_scalarmult_ed25519_noclamp(factor, point)


def hash_binding(message: bytes) -> bytes:
    """H1, a scalar: binding factors."""
    return _to_scalar(_CONTEXT + b"rho", message)


def hash_challenge(message: bytes) -> bytes:
    """H2, a scalar: the challenge. Without a prefix, so that it is the one of Ed25519 (RFC 8032, section 5.1.7)."""
    return _to_scalar(b"", message)


def hash_nonce(message: bytes) -> bytes:
    """H3, a scalar: nonces."""
    return _to_scalar(_CONTEXT + b"nonce", message)


def hash_message(message: bytes) -> bytes:
    """H4, 64 bytes: the message, to a fixed length."""
    return hashlib.sha512(_CONTEXT + b"msg" + message).digest()


def hash_commitments(message: bytes) -> bytes:
    """H5, 64 bytes: the list of commitments, to a fixed length."""
    return hashlib.sha512(_CONTEXT + b"com" + message).digest()


def hash_proof(message: bytes) -> bytes:
    """Not of the RFC, a scalar: proofs of possession; its prefix is apart from the five others'."""
    return _to_scalar(_CONTEXT + b"dkg", message)


def _to_scalar(prefix: bytes, message: bytes) -> bytes:
    return _reduce(hashlib.sha512(prefix + message).digest())


def _reduce(wide: bytes) -> bytes:
    return crypto_core_ed25519_scalar_reduce(wide)
