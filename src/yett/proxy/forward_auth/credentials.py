"""Tokens in Cookie and Authorization: finding ours, and taking them out of what is handed on. Pure functions.

What must stay true: whatever can be found here as a token of ours is never handed on by what takes
them out, so that no service behind a proxy sees the token of its visitor.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from functools import lru_cache

from yett.proxy.forward_auth.model import Credential, Malformed
from yett.tokens import Source

_LONGEST = 8192
"""Characters of a token of any kind; ours are 48, signed ones a few hundred."""
MOST_COOKIES = 4
"""Cookies of our name that are looked at. Neighbouring hosts can set more of them than one."""
_TOKEN = re.compile(rb"gt-[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{22}")
_ANYWHERE = re.compile(rb"gt-[A-Za-z0-9_-]{16,}")
"""What somebody may have meant as a token of ours: cautious, for what is handed on."""
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/]")
_BEARER = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
_SPLIT = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]+(.*)", re.DOTALL)


@lru_cache(maxsize=8)
def _pattern(name: str) -> re.Pattern[bytes]:
    return re.compile(
        rb"(?:^|;)[ \t]*" + re.escape(name.encode("ascii")) + rb"=(" + _TOKEN.pattern + rb")(?=[ \t]*(?:;|$))"
    )


def tokens_in_cookies(cookie: bytes, name: str) -> tuple[str, ...]:
    """The tokens in a Cookie field under our name, each once. More than one means that somebody set another.

    Hosts below the same domain can set cookies for it (RFC 6265, section 8.6), so the first one
    need not be ours. One more than MOST_COOKIES stands for any number: then ours may not be among them.
    """
    # Most requests have none or one; both are told without a list of several.
    found = _pattern(name).findall(cookie)
    if len(found) > 1:
        found = list(dict.fromkeys(found))[: MOST_COOKIES + 1]
    return tuple([text.decode("ascii") for text in found])


def in_authorization(value: bytes) -> Credential | Malformed | None:
    """The token in an Authorization field: as Bearer, or as user name or password of Basic.

    None where there is nothing to look at, as with a Basic that holds no token of ours.
    """
    value = value.strip(b" \t")
    if not value:
        return None
    match = _SPLIT.fullmatch(value)
    if match is None:
        return _malformed("Malformed Authorization header")
    scheme, rest = match[1].lower(), match[2].strip(b" \t")
    if scheme == b"bearer":
        if len(rest) > _LONGEST or not _BEARER.fullmatch(rest):
            return _malformed("Malformed Authorization header")
        return Credential(Source.BEARER, rest.decode("ascii"))
    if scheme == b"basic":
        return _in_basic(rest)
    return _malformed(f"Unknown Authorization type {match[1].decode('ascii')[:32]}")


def _in_basic(rest: bytes) -> Credential | Malformed | None:
    text = _decoded(rest)
    if text is None:
        return _malformed("Invalid Basic auth string")
    # Only a password may have a colon in it (RFC 7617, section 2).
    user, colon, password = text.partition(b":")
    if not colon:
        return _malformed("Invalid Basic auth string")
    has_user, has_password = _TOKEN.fullmatch(user), _TOKEN.fullmatch(password)
    if has_user and has_password and user != password:
        return _malformed("Conflicting tokens in Basic username and password fields")
    if has_user:
        return Credential(Source.BASIC_USERNAME, user.decode("ascii"))
    if has_password:
        return Credential(Source.BASIC_PASSWORD, password.decode("ascii"))
    return None


def _decoded(rest: bytes) -> bytes | None:
    if len(rest) > _LONGEST:
        return None
    try:
        return base64.b64decode(rest, validate=True)
    except binascii.Error:
        return None


def _malformed(text: str) -> Malformed:
    return Malformed(("header", "authorization"), "invalid_request", text)


def authorization_without(value: bytes) -> bytes:
    """An Authorization field as a service may see it: empty where it holds a token of ours.

    A field that has nothing to do with us goes on: the service may have a use for it.
    """
    if _ANYWHERE.search(value):
        return b""
    scheme, _, rest = value.strip(b" \t").partition(b" ")
    if scheme.lower() == b"basic" and _ANYWHERE.search(_decoded_generously(rest)):
        return b""
    return value


def _decoded_generously(rest: bytes) -> bytes:
    """What any service could make of it: without what does not belong into base64, and as far as it goes."""
    plain = _FOREIGN.sub(b"", rest.replace(b"-", b"+").replace(b"_", b"/"))
    return base64.b64decode(plain + b"A" * (-len(plain) % 4))


def cookie_without(cookie: bytes, names: Iterable[str]) -> bytes:
    """A Cookie field without the cookies of these names; as it was where none of them is in it."""
    unwanted = {name.encode("ascii") for name in names}
    if not any(name in cookie for name in unwanted):
        return cookie
    kept = [
        part
        for part in cookie.split(b";")
        if part.partition(b"=")[0].strip(b" \t") not in unwanted and not _ANYWHERE.search(part)
    ]
    return b"; ".join(stripped for part in kept if (stripped := part.strip(b" \t")))
