"""The algorithm: HOTP (RFC 4226, section 5.3) over the number of half-minutes since 1970 (RFC 6238)."""

import base64
import hmac
from typing import Literal
from urllib.parse import quote, urlencode

from yett.authn.totp.model import DIGITS, PERIOD

Algorithm = Literal["sha1", "sha256", "sha512"]


def step_at(now: float) -> int:
    """The number of the step that an instant lies in; 0 before 1970."""
    return max(int(now // PERIOD), 0)


def code_at(secret: bytes, step: int, *, digits: int = DIGITS, algorithm: Algorithm = "sha1") -> str:
    """The code of one step."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), algorithm)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def as_text(secret: bytes) -> str:
    """The secret as apps take it: Base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def as_uri(secret: bytes, issuer: str, account: str) -> str:
    """The address that apps read from the picture.

    Every parameter is named though each is the default: not every app assumes the same.
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    parameters = {
        "secret": as_text(secret),
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": PERIOD,
    }
    # Some apps show a plus sign where a space was meant.
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote, safe='')}"
