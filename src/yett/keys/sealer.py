"""Small sealed values that others carry for us: state in a cookie, in a form, in a redirect.

A sealed text is base64url of: version (1 byte), salt (16), nonce (12), ciphertext with tag.
Each text is encrypted with AES-256-GCM under a key of its own, HMAC-SHA256(key, salt): anybody
may make us seal, and one key is good for 2^32 random nonces only (NIST SP 800-38D, section 8.3).
The version and the context are authenticated, so a text for one purpose opens for no other.
"""

import base64
import binascii
import hmac
import math
import secrets
import struct
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from yett.keys.master import MasterKey

MAX_SEALED = 16 * 1024
"""Characters of the longest sealed text; browsers carry 4096 in a cookie."""

_VERSION = b"\x01"
_SALT = 16
_NONCE = 12
_TAG = 16
_EXPIRY = struct.Struct(">d")
_SHORTEST = len(_VERSION) + _SALT + _NONCE + _EXPIRY.size + _TAG

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, str]).decode


@dataclass(frozen=True, slots=True)
class Opened:
    """What was sealed, unaltered. `is_expired` tells that it came too late to be acted upon."""

    payload: dict[str, str]
    is_expired: bool


class Sealer:
    """Seals for one purpose, named by `context`."""

    __slots__ = ("_context", "_key")

    def __init__(self, master: MasterKey, context: str) -> None:
        self._key = master.derive(f"yett.keys.sealer/{context}")
        self._context = context.encode()

    def seal(self, payload: dict[str, str], *, expires_at: float) -> str:
        """The payload as text that only `open` of the same context can read.

        Raises ValueError when it would be longer than MAX_SEALED or never expire.
        """
        if not math.isfinite(expires_at):
            raise ValueError("a sealed value has to expire")
        salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
        plain = _EXPIRY.pack(expires_at) + _encode(payload)
        sealed = self._cipher(salt).encrypt(nonce, plain, _VERSION + self._context)
        text = base64.urlsafe_b64encode(_VERSION + salt + nonce + sealed).rstrip(b"=").decode("ascii")
        if len(text) > MAX_SEALED:
            raise ValueError(f"the sealed value would have {len(text)} characters, {MAX_SEALED} are allowed")
        return text

    def open(self, text: str, *, now: float) -> Opened | None:
        """What was sealed; None when the text was altered, cut, or sealed by or for somebody else."""
        raw = _from_base64(text)
        if raw is None or len(raw) < _SHORTEST or raw[:1] != _VERSION:
            return None
        salt, nonce, sealed = (
            raw[1 : 1 + _SALT],
            raw[1 + _SALT : 1 + _SALT + _NONCE],
            raw[1 + _SALT + _NONCE :],
        )
        try:
            plain = self._cipher(salt).decrypt(nonce, sealed, _VERSION + self._context)
        except InvalidTag:
            return None
        (expires_at,) = _EXPIRY.unpack_from(plain)
        try:
            payload = _decode(plain[_EXPIRY.size :])
        except msgspec.MsgspecError:
            # Ours, but of a later program that seals something else under this version.
            return None
        return Opened(payload, now >= expires_at)

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._key, salt, "sha256"))


def _from_base64(text: str) -> bytes | None:
    """The bytes, or None. Only the one canonical spelling counts: no padding, no stray bits."""
    if len(text) > MAX_SEALED or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") == text else None
