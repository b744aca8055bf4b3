"""How much the engine takes and how long it waits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server. Times are seconds, and are checked once in `sweep` seconds."""

    max_head: int = 32 * 1024
    """Bytes of a request head."""
    max_fields: int = 100
    """Header lines of a request."""
    max_target: int = 8 * 1024
    """Bytes of a request target."""
    max_response_head: int = 64 * 1024
    """Bytes of an upstream's response head."""
    max_response_fields: int = 250
    """Header lines of an upstream's response."""
    max_connections: int = 20_000
    """Client connections at a time; one more is told 503 and closed."""
    http2: bool = True
    """Whether HTTP/2 is spoken to clients."""
    max_streams: int = 128
    """Requests at a time on one connection of HTTP/2."""
    max_pipelined: int = 64 * 1024
    """Bytes of later requests kept while one is answered; then reading stops."""
    max_drain: int = 64 * 1024
    """Bytes of an unwanted request body that are read for the sake of keeping the connection."""
    head_timeout: float = 10.0
    """A request head must be complete this long after its first byte."""
    idle_timeout: float = 75.0
    """A connection without a request is closed after this."""
    body_timeout: float = 30.0
    """A client may stand still this long while its body is read, or while it should read ours."""
    linger_timeout: float = 2.0
    """What a client still sends is thrown away this long, so that it gets to read the last answer."""
    handshake_timeout: float = 10.0
    """A TLS handshake must be complete after this."""
    pool_idle: float = 60.0
    """An idle connection to an upstream is closed after this."""
    sweep: float = 1.0
    """How often timeouts are looked at."""
    private_prefix: bytes = b"x-yett-"
    """Client fields whose (lower case) names begin so are removed: the gateway speaks through them. Empty: none."""
    private_fields: frozenset[bytes] = frozenset()
    """(Lower case) names of more fields that only the gateway, or a proxy that it believes, may speak in."""
    private_cookie: bytes = b"__Host-yett"
    """Cookies whose names begin so are ours: an upstream that sets one is not passed on."""
