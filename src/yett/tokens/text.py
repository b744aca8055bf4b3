"""Tokens as text: `gt-<key>.<secret>`, both 16 bytes in base64url without padding (22 characters).

Of the 22nd character only the first two bits count (RFC 4648, section 3.5): a text in which the others
are not zero is another spelling of the same bytes, and refused. So is any character that is not of the alphabet.
"""

import base64
import hashlib
import hmac
import re
import secrets

from yett.tokens.model import Token

LENGTH = 48
_PART = "[A-Za-z0-9_-]{21}[AQgw]"
_TOKEN = re.compile(rf"gt-({_PART})\.({_PART})", re.ASCII)
_KEY = re.compile(_PART, re.ASCII)


def parse(text: str) -> Token | None:
    """The token that a text is; None for anything else."""
    if len(text) != LENGTH:
        return None
    match = _TOKEN.fullmatch(text)
    return None if match is None else Token(match[1], match[2])


def what_is_wrong(text: str) -> str:
    """Why a text is no token, without repeating any of it."""
    if not text.startswith("gt-"):
        return "Token does not start with gt-"
    if "." not in text:
        return "Token is malformed"
    return "Token key or secret is malformed"


def is_key(text: str) -> bool:
    """Whether a text can be the key of a token."""
    return _KEY.fullmatch(text) is not None


def new_key() -> str:
    """A key that nothing has yet; also good as a secret."""
    return secrets.token_urlsafe(16)


def digest(secret: str) -> bytes:
    """What is kept of a secret. It has 128 random bits, so nothing slower is needed."""
    return hashlib.sha256(secret.encode("ascii", "replace")).digest()


def derived_secret(root: bytes, key: str) -> str:
    """The secret of a delegated token: whoever has the root can hand the token out again, and nothing is kept."""
    mac = hmac.digest(root, b"child " + key.encode("ascii"), "sha256")[:16]
    # 16 bytes are 22 characters, and two more that only pad.
    return base64.urlsafe_b64encode(mac)[:22].decode("ascii")
