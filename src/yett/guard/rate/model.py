"""The nouns of rate limiting."""

import enum
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from yett.net.http import Request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Reason(enum.Enum):
    """Why a request was blocked."""

    BANNED = "banned"
    """Banned by an operator, or because of what came before."""
    OVER_LIMIT = "over_limit"
    CAPACITY = "capacity"
    """Too many clients at a time to remember one more."""


class Type(enum.Enum):
    """What a client is."""

    IP = "ip"
    SESSION = "session"
    USER = "user"
    FINGERPRINT = "fingerprint"


class Caller(NamedTuple):
    """Who makes a request, as far as its session tells."""

    session: str
    user: str


Identify = Callable[[Request], Caller | None]
"""Finds out, in local memory; None for a request without a live session."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate in the terms of the generic cell rate algorithm."""

    name: str
    interval: float
    """Seconds that one request uses up."""
    tolerance: float
    """How far ahead of the clock a client may be and still be let through."""
    policy: bytes
    """The RateLimit-Policy line of a refusal."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A limit for part of what is served."""

    host: str
    path: str
    """Without a slash at the end; empty for everything."""
    limit: Limit
