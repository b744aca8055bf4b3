"""Servers, and what can go wrong with them."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from yett.net.ldap.messages import Result


class LDAPFailed(Exception):
    """Something was not done. The text is ours and holds nothing that the server or a person said."""


class Unreachable(LDAPFailed):
    """No answer: the server is away, too slow, busy or broke off. Another try may do better."""


class Untrusted(LDAPFailed):
    """The server's certificate does not hold. Another try will not do better."""


class BrokenAnswer(LDAPFailed):
    """The server sent what the protocol does not allow, or more than is allowed here."""


class Refused(LDAPFailed):
    """The server understood and said no."""

    def __init__(self, what: str, result: Result) -> None:
        super().__init__(f"{what} was refused with result {result.code}")
        self.result = result


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and how it is spoken to."""

    url: str
    host: str
    port: int
    is_tls: bool
    """TLS from the first byte."""
    starttls: bool
    """TLS before anything else is said."""
    context: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, and how much to take. In seconds and bytes."""

    connect: float = 5.0
    answer: float = 30.0
    message: int = 16 << 20
    entries: int = 5_000_000


def parse_url(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises ValueError with the reason."""
    parts = urlsplit(url)
    if parts.scheme not in {"ldap", "ldaps"}:
        raise ValueError("has to begin with ldaps:// or ldap://")
    if not parts.hostname or parts.username is not None:
        raise ValueError("names no host")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("goes on after host and port; bases and filters have settings of their own")
    return parts.scheme, parts.hostname, parts.port or (636 if parts.scheme == "ldaps" else 389)
