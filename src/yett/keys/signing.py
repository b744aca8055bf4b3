"""Ed25519 signing keys derived from the cluster key, and how they are published.

Nothing is stored: every node derives the same key for a purpose and an epoch, and rotating means
counting the epoch up.
"""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yett.keys.master import MasterKey


def signing_key(master: MasterKey, context: str, epoch: int) -> Ed25519PrivateKey:
    """The private key of one purpose in one epoch."""
    if epoch < 0:
        raise ValueError("epochs count from 0")
    return Ed25519PrivateKey.from_private_bytes(master.derive(f"yett.keys.ed25519/{epoch}/{context}"))


AUDIT_KEY = "audit"
"""What the key of the audit log is derived for; the command line derives the same to check it."""


class Signer:
    """Signs for one purpose with a key that stays the same as long as the cluster key does."""

    def __init__(self, master: MasterKey, context: str) -> None:
        self._private = signing_key(master, context, 0)

    @property
    def public_key(self) -> str:
        """The 32 bytes of the public key in hexadecimal digits."""
        return self._private.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> bytes:
        """The signature (RFC 8032)."""
        return self._private.sign(data)


def jwk(public_key: Ed25519PublicKey) -> dict[str, str]:
    """The public key as a JSON Web Key for verifying signatures (RFC 8037, section 2)."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _x(public_key),
        "kid": key_id(public_key),
        "alg": "EdDSA",
        "use": "sig",
    }


def key_id(public_key: Ed25519PublicKey) -> str:
    """The key's thumbprint: SHA-256 of its required members in order (RFC 7638, section 3)."""
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{_x(public_key)}"}}'
    return _base64url(hashlib.sha256(members.encode()).digest())


def _x(public_key: Ed25519PublicKey) -> str:
    return _base64url(public_key.public_bytes_raw())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
