"""Signing and checking: Ed25519 (RFC 8032) over lines of plain text."""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Signer(Protocol):
    """Whoever holds the private key."""

    @property
    def public_key(self) -> str:
        """The 32 bytes of the public key in hexadecimal digits."""
        ...

    def sign(self, data: bytes) -> bytes: ...


def statement(purpose: str, *parts: object) -> bytes:
    """What is signed: the purpose and the parts, each on its own line, so that nothing can be read in two ways.

    Raises ValueError when a part has a line break.
    """
    lines = [purpose, *map(str, parts)]
    if any("\n" in line for line in lines):
        raise ValueError("a part of what is signed has a line break")
    return "\n".join(lines).encode()


def is_signed(text: bytes, *, key: str, signature: str) -> bool:
    """Whether the signature was made for the text with the private half of the key. Never raises."""
    try:
        raw_key, raw = bytes.fromhex(key), bytes.fromhex(signature)
        # There is one way to write each: small letters and nothing between them.
        if raw_key.hex() != key or raw.hex() != signature:
            return False
        Ed25519PublicKey.from_public_bytes(raw_key).verify(raw, text)
    except (ValueError, InvalidSignature):
        return False
    return True
