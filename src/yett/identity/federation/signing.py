"""What the gateway signs towards providers: assertions of who it is (RFC 7523) and proofs (RFC 9449)."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_LARGEST_FILE: Final = 64 * 1024
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256 (FIPS 186-4, D.1.2.3)."""
_encode = msgspec.json.Encoder().encode

PrivateKey = ec.EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey


class KeyUnusable(Exception):
    """A key that nothing can be signed with; the text says why, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Signing:
    """A key of ours, and the algorithm that goes with it."""

    key: PrivateKey
    algorithm: str
    key_id: str = ""

    def __repr__(self) -> str:
        return f"Signing(algorithm={self.algorithm!r})"

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """A JWS in its compact form (RFC 7515, 7.1)."""
        named = {"kid": self.key_id} if self.key_id else {}
        text = (
            f"{base64url(_encode({**header, 'alg': self.algorithm, **named}))}.{base64url(_encode(claims))}"
        )
        return f"{text}.{base64url(self._signature(text.encode('ascii')))}"

    def _signature(self, data: bytes) -> bytes:
        match self.key:
            case ec.EllipticCurvePrivateKey():
                # Both numbers in full length, one after the other (RFC 7518, 3.4).
                r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case RSAPrivateKey():
                return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            case Ed25519PrivateKey():
                return self.key.sign(data)


def load_key(path: Path, key_id: str = "") -> Signing:
    """The key of a PEM file. Raises KeyUnusable."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_FILE)
    except OSError as problem:
        raise KeyUnusable(f"the file cannot be read: {problem.strerror}") from None
    try:
        key = load_pem_private_key(raw, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # What they say may quote the file.
        raise KeyUnusable("the file holds no private key in PEM without a password") from None
    match key:
        case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1()):
            return Signing(key, "ES256", key_id)
        case RSAPrivateKey() if key.key_size >= 2048:
            return Signing(key, "RS256", key_id)
        case Ed25519PrivateKey():
            return Signing(key, "EdDSA", key_id)
        case _:
            raise KeyUnusable("it has to be a key of P-256, Ed25519, or RSA with 2048 bits or more")


def derive_key(secret: bytes) -> Signing:
    """The key of P-256 that follows from 32 secret bytes: the same on every node, and nothing is stored."""
    stretched = hashlib.shake_256(b"yett p-256" + secret).digest(48)
    # 128 bits more than needed, so that no number is likelier than another (FIPS 186-4, B.4.1).
    number = int.from_bytes(stretched, "big") % (_ORDER - 1) + 1
    return Signing(ec.derive_private_key(number, ec.SECP256R1()), "ES256")


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """The public half as a JWK (RFC 7517), with its members in the order of RFC 7638."""
    numbers = key.public_key().public_numbers()
    return {
        "crv": "P-256",
        "kty": "EC",
        "x": base64url(numbers.x.to_bytes(32, "big")),
        "y": base64url(numbers.y.to_bytes(32, "big")),
    }


def thumbprint(jwk: Mapping[str, str]) -> str:
    """What tells a public key from others (RFC 7638)."""
    return base64url(hashlib.sha256(_encode(dict(sorted(jwk.items())))).digest())


def base64url(raw: bytes) -> str:
    """Without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
