"""What an ID token has to say (OpenID Connect Core, 3.1.3.7): values in, verdict out.

Its signature is checked before, in `checking`.
"""

import base64
import hashlib
import hmac
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from yett.identity.federation.model import Reason
from yett.identity.federation.rules import texts

_SUBJECT: Final = re.compile(r"[\x20-\x7e]{1,255}")
"""ASCII, and no more of it (OpenID Connect Core, section 2)."""
_OLDEST: Final = 86400.0
"""Seconds: nobody issues a token that early for what was asked just now."""
_HASHES: Final = {"256": "sha256", "384": "sha384", "512": "sha512"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token has to say."""

    issuer: str
    client_id: str
    now: float
    leeway: float
    nonce: str = ""
    """Empty for one that came with a refresh, which need not have one."""
    asked_at: float | None = None
    """When somebody was asked to sign in anew; None when any sign-in will do."""
    access_token: str = ""
    code: str = ""
    subject: str = ""
    """Who it was before; empty at the first."""


def judge_claims(claims: Mapping[str, Any], algorithm: str, expected: Expected) -> Reason | None:
    """What is wrong with the claims of a token whose signature is good (OpenID Connect Core, 3.1.3.7, 12.2)."""
    if claims.get("iss") != expected.issuer:
        return Reason.ISSUER
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        return Reason.SUBJECT
    if expected.subject and subject != expected.subject:
        return Reason.SUBJECT
    return (
        _judge_audience(claims, expected.client_id)
        or _judge_times(claims, expected)
        or _judge_binding(claims, algorithm, expected)
    )


def _judge_audience(claims: Mapping[str, Any], client_id: str) -> Reason | None:
    raw = claims.get("aud")
    audience = texts(raw)
    if client_id not in audience or (isinstance(raw, list) and len(raw) != len(audience)):
        return Reason.AUDIENCE
    party = claims.get("azp")
    if (party is not None and party != client_id) or (party is None and len(audience) > 1):
        return Reason.PARTY
    return None


def _judge_times(claims: Mapping[str, Any], expected: Expected) -> Reason | None:
    now, leeway = expected.now, expected.leeway
    expires = _instant(claims.get("exp"))
    if expires is None or expires <= now - leeway:
        return Reason.EXPIRED
    issued = _instant(claims.get("iat"))
    if issued is None or not now - _OLDEST <= issued <= now + leeway:
        return Reason.ISSUED_AT
    if "nbf" in claims:
        begins = _instant(claims["nbf"])
        if begins is None or begins > now + leeway:
            return Reason.NOT_BEFORE
    if expected.asked_at is not None:
        signed_in = _instant(claims.get("auth_time"))
        # They are told in whole seconds.
        if (
            signed_in is None
            or signed_in < math.floor(expected.asked_at) - leeway
            or signed_in > now + leeway
        ):
            return Reason.AUTH_TIME
    return None


def _judge_binding(claims: Mapping[str, Any], algorithm: str, expected: Expected) -> Reason | None:
    nonce = claims.get("nonce")
    if expected.nonce and (not isinstance(nonce, str) or not _same(nonce, expected.nonce)):
        return Reason.NONCE
    for name, bound, reason in (
        ("at_hash", expected.access_token, Reason.ACCESS_TOKEN_HASH),
        ("c_hash", expected.code, Reason.CODE_HASH),
    ):
        given = claims.get(name)
        if given is not None and bound:
            wanted = half_hash(bound, algorithm)
            if not isinstance(given, str) or (wanted and not _same(given, wanted)):
                return reason
    return None


def half_hash(text: str, algorithm: str) -> str:
    """The left half of a token's hash (OpenID Connect Core, 3.1.3.6).

    Of Ed25519 it is SHA-512, which the signature itself uses.
    """
    name = _HASHES.get(algorithm[-3:], "sha512")
    digest = hashlib.new(name, text.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


def _instant(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e12:
        return None
    return float(value) if math.isfinite(value) else None


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
