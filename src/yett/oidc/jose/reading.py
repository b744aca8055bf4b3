"""From a text to the parts of a token, or nothing.

Stricter than RFC 7515 asks: base64url is canonical and without padding, each member stands once, and
a header that demands to be understood (`crit`) is refused, because nothing here is. What could be
read in two ways is not read at all.
"""

import base64
import binascii
import json
import re
from typing import Any, Final, NoReturn

from yett.oidc.jose.model import Unproven

MAX_TOKEN: Final = 8 * 1024
"""Characters of the longest token that is read."""
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def read(text: str, *, most: int = MAX_TOKEN) -> Unproven | None:
    """The parts of a token in compact form (RFC 7515, section 3.1); None for anything else."""
    if len(text) > most or not _COMPACT.fullmatch(text):
        return None
    first, second, third = text.encode("ascii").split(b".")
    header, claims = _object(first), _object(second)
    signature = decode(third)
    if header is None or claims is None or signature is None:
        return None
    algorithm, key_id = header.get("alg"), header.get("kid", "")
    if not isinstance(algorithm, str) or not isinstance(key_id, str) or "crit" in header:
        return None
    return Unproven(header, claims, algorithm, key_id, first + b"." + second, signature)


def decode(part: bytes) -> bytes | None:
    """What is written in base64url without padding (RFC 7515, section 2), in the one way to write it."""
    try:
        raw = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return None
    # Bits that nothing stands for could be anything; two texts would be one signature.
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=") == part else None


def _object(part: bytes) -> dict[str, Any] | None:
    raw = decode(part)
    if raw is None:
        return None
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError
    return value


def _refuse(_: str) -> NoReturn:
    raise ValueError
