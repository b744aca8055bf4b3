"""Nouns of signed JSON."""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard


class Flaw(enum.Enum):
    """Why a signed statement is not believed."""

    UNREADABLE = "unreadable"
    TYPE = "typ"
    ALGORITHM = "alg"
    ISSUER = "issuer"
    SUBJECT = "subject"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET = "not_yet_valid"
    TOO_LONG = "lifetime"
    """It would be good for longer than anything has to be."""
    IDENT = "jti"
    NO_KEY = "no_key"
    SIGNATURE = "signature"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Unproven:
    """A token that is well formed. Nothing in it is to be believed before its signature was checked."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    algorithm: str
    key_id: str
    signed: bytes
    """What the signature is over."""
    signature: bytes

    def __repr__(self) -> str:
        return f"Unproven(algorithm={self.algorithm!r}, …)"

    def text(self, name: str) -> str:
        """A claim that is text; empty when it is something else, or not there."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else ""


def is_instant(value: object) -> TypeGuard[int | float]:
    """Whether a claim is a NumericDate that can be reckoned with (RFC 7519, section 2)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    # Written so that an integer of a thousand digits is never made a float.
    return (isinstance(value, int) or math.isfinite(value)) and -1e12 < value < 1e12
