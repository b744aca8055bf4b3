"""Our cookies on application hosts, found in a Cookie field without parsing the rest of it.

A browser's Cookie field holds whatever applications put there, some of it malformed; that must
neither hide our cookie nor be read as it.
"""

import re

from yett.guard.pow import PASS_COOKIE

SESSION_COOKIE = "__Host-yett"
CSRF_COOKIE = "__Host-yett-login"
OURS = frozenset(name.encode() for name in (SESSION_COOKIE, CSRF_COOKIE, PASS_COOKIE))
"""Names that no upstream may see."""

_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
_SESSION = re.compile(rb"(?:^|;[ \t]*)__Host-yett=([A-Za-z0-9_-]{43})(?=[ \t]*(?:;|$))")
_CSRF = re.compile(rb"(?:^|;[ \t]*)__Host-yett-login=([A-Za-z0-9_-]{43})(?=[ \t]*(?:;|$))")


def session_token(cookies: bytes) -> bytes:
    """The session token in a Cookie field's value; empty when there is none of the right form."""
    found = _SESSION.search(cookies)
    return found[1] if found else b""


def token_of(cookies: bytes) -> str:
    """The same as text."""
    return session_token(cookies).decode("ascii")


def csrf_of(cookies: bytes) -> str:
    """The value that proves this browser was sent to sign in; empty when there is none."""
    found = _CSRF.search(cookies)
    return found[1].decode("ascii") if found else ""


def keep_session(token: str) -> str:
    """A Set-Cookie value: the session's token, for as long as the browser stays open."""
    return f"{SESSION_COOKIE}={token}; {_ATTRIBUTES}"


def keep_csrf(value: str, seconds: int) -> str:
    """A Set-Cookie value: the proof that this browser was sent to sign in."""
    return f"{CSRF_COOKIE}={value}; {_ATTRIBUTES}; Max-Age={seconds}"


def drop(name: str) -> str:
    """A Set-Cookie value that ends a cookie of ours. Without Secure a browser would ignore it."""
    return f"{name}=; {_ATTRIBUTES}; Max-Age=0"
