"""A token of ours as text (RFC 7515, section 7.1): put together, and taken apart strictly.

Only what we write ourselves is read: three parts, a head of exactly `alg`, `kid` and `typ`. Whatever else a head could
say (`jku`, `jwk`, `x5u`, `crit`) makes it none of ours.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from yett.oidc.signing.material import base64url, unbase64url

MAX_TOKEN = 16 * 1024
"""Characters of the longest token: what many servers take as one header field at most."""


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


class Parts(NamedTuple):
    """A token taken apart; nothing of it is verified."""

    algorithm: str
    kid: str
    typ: str
    payload: bytes
    signed: bytes
    signature: bytes


_encode = msgspec.json.Encoder().encode
_decode_head = msgspec.json.Decoder(_Head).decode
_decode_claims = msgspec.json.Decoder(dict[str, Any]).decode


def head(algorithm: str, kid: str, typ: str) -> str:
    """The first part of every token of one kind."""
    return base64url(_encode({"alg": algorithm, "kid": kid, "typ": typ}))


def body(claims: Mapping[str, Any]) -> str:
    """The second part. Raises ValueError for claims that are no text that can be sent."""
    return base64url(_encode(claims))


def take_apart(token: str) -> Parts | None:
    """The parts of a text that could be a token of ours; None for any other."""
    if len(token) > MAX_TOKEN or not token.isascii() or token.count(".") != 2:
        return None
    first, second, third = token.split(".")
    try:
        found = _decode_head(unbase64url(first))
        payload, signature = unbase64url(second), unbase64url(third)
    except (ValueError, msgspec.MsgspecError):
        return None
    return Parts(found.alg, found.kid, found.typ, payload, f"{first}.{second}".encode("ascii"), signature)


def claims_of(payload: bytes) -> dict[str, Any] | None:
    """The claims that a payload holds; None for none."""
    try:
        return _decode_claims(payload)
    except (ValueError, msgspec.MsgspecError):
        return None
