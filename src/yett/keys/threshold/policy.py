"""What a co-signer gives its share to: tokens of its issuer, which end, and nothing else.

A gateway that was taken over can still ask for tokens as long as it is connected. What it cannot do is have something
else signed, or something that outlives it by much, or without the co-signer's own record of it.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from yett.keys.threshold.wire import LONGEST_MESSAGE

T = TypeVar("T")


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


class Token(NamedTuple):
    """What is to be signed."""

    typ: str
    subject: str
    audience: str
    expires_at: float


class Improper(Exception):
    """It is nothing that the share is given to; the text says why."""


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_claims = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


def judged(message: bytes, *, kid: str, issuer: str, longest: float, now: float) -> Token:
    """The token that a message is (RFC 7515, section 5.1). Raises Improper."""
    if len(message) > LONGEST_MESSAGE:
        raise Improper("it is too long")
    first, dot, second = message.partition(b".")
    try:
        head = _exact(_decode_head, _plain(first))
        claims = _exact(_decode_claims, _plain(second))
    except (ValueError, msgspec.MsgspecError) as wrong:
        raise Improper("it is no token of ours") from wrong
    if not dot or head.alg != "EdDSA" or head.kid != kid:
        raise Improper("it names another key or algorithm")
    if issuer and claims.get("iss") != issuer:
        raise Improper("it is from another issuer")
    expires_at = claims.get("exp")
    if isinstance(expires_at, bool) or not isinstance(expires_at, (int, float)):
        raise Improper("it does not end")
    if expires_at > now + longest:
        raise Improper("it lasts too long")
    return Token(head.typ, _text(claims.get("sub")), _text(claims.get("aud")), float(expires_at))


def _exact(decode: Callable[[bytes], T], text: bytes) -> T:
    """What a text says, if it is written as we write it: what others could read otherwise (a name twice) is refused."""
    said = decode(text)
    if _encode(said) != text:
        raise ValueError("not written as tokens are here")
    return said


def _plain(part: bytes) -> bytes:
    try:
        raw = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as wrong:
        raise ValueError("not base64url") from wrong
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part:
        raise ValueError("not canonical base64url")
    return raw


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_text(each) for each in value)
    return value if isinstance(value, str) else ""
