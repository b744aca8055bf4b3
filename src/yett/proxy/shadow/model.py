"""The nouns of shadows."""

from dataclasses import dataclass

from yett.net.http import Upstream


@dataclass(frozen=True, slots=True)
class Shadow:
    """A service that gets copies of a route's requests."""

    name: str
    upstream: Upstream
    address: str
    """The upstream as text, for the log."""
    host: bytes = b""
    """The Host to send; empty keeps the client's."""
    percent: float = 100.0
    methods: frozenset[bytes] = frozenset()
    """Empty for all."""
    max_body: int = 64 * 1024
    timeout: float = 5.0
    concurrency: int = 8
    queue: int = 100
    credentials: bool = False
    identity: bool = False
    drop: frozenset[bytes] = frozenset()
    """More (lower case) names of fields that a copy goes without."""
