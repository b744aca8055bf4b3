"""The seam between deciding and moving bytes.

The engine parses a request head once, asks a `Gate` once, and then does what the decision says
without coming back. Everything here is small on purpose: another engine can be put in its place.
"""

import enum
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from yett.events import Scope

ASGIApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


@dataclass(slots=True)
class Connection:
    """What is known about the client's connection; one object for all its requests."""

    client_address: str
    """The peer's address, without the port."""
    client_port: int
    is_tls: bool
    server_name: str = ""
    """The name asked for in the TLS handshake, in lower case; empty without one."""
    local_port: int = 0


@dataclass(slots=True)
class Request:
    """One request head, strictly parsed (RFC 9112). Bytes stay bytes.

    `lines` are the header lines as they came, without line ends, in order; names keep their
    case. They hold everything, hop-by-hop fields included.
    """

    connection: Connection
    scope: Scope
    method: bytes
    target: bytes
    """Origin form, beginning with "/" (or "*" for OPTIONS); an absolute form is reduced to it."""
    path: str
    """The path of the target as text (percent-escapes untouched), without the query."""
    host: str
    """Lower case, without port; from Host or from an absolute target, which wins (RFC 9112, 3.2.2)."""
    port: int
    """The port named in Host, 0 without one."""
    lines: list[bytes]
    """Shared between requests whose header lines are equal: read it, never change it."""
    minor_version: int
    """0 or 1 for HTTP/1.0 and HTTP/1.1."""
    cookie: bytes = b""
    """The Cookie field's value; several fields are joined with "; "."""
    authorization: bytes = b""
    content_length: int = 0
    is_chunked: bool = False
    upgrade: bytes = b""
    """The protocol asked for with Upgrade and Connection: upgrade, lower case ("websocket"); else empty."""
    started_at: float = 0.0
    """Monotonic seconds when the head was complete."""
    note: Any = None
    """Whatever the gate wants to find again in `finished`."""

    def field(self, name: bytes) -> bytes | None:
        """The value of the first field of that (lower case) name; a look through the lines."""
        for line in self.lines:
            if line[: len(name)].lower() == name and line[len(name) : len(name) + 1] == b":":
                return line[len(name) + 1 :].strip(b" \t")
        return None

    @property
    def has_body(self) -> bool:
        """Whether body bytes follow the head."""
        return self.is_chunked or self.content_length > 0


@dataclass(frozen=True, slots=True)
class Upstream:
    """A place to send requests to, with its limits. Equal upstreams share a connection pool."""

    host: str
    port: int
    unix_path: str = ""
    """A Unix socket to use in place of host and port."""
    tls_name: str = ""
    """Speak TLS and check the certificate against this name; empty for plain TCP."""
    ca_file: str = ""
    """Trust this file in place of the system's authorities."""
    connect_timeout: float = 5.0
    response_timeout: float = 60.0
    """Seconds until the response head must have come, counted from the end of the request."""
    idle_timeout: float = 60.0
    """Seconds a body or a tunnel may stand still."""
    max_idle: int = 64
    """Idle connections kept for reuse."""


@dataclass(slots=True)
class Forward:
    """Send the request on, then stream both ways."""

    upstream: Upstream
    add: bytes = b""
    """Complete header lines, each with its CRLF, put after the client's own."""
    drop: frozenset[bytes] = frozenset()
    """More (lower case) names of client fields to remove, besides the hop-by-hop and private ones."""
    drop_cookies: frozenset[bytes] = frozenset()
    """Names of cookies that the upstream must not see: ours."""
    host: bytes = b""
    """The Host to send; empty keeps the client's."""
    target: bytes = b""
    """The target to send; empty keeps the client's."""
    response_add: bytes = b""
    """Complete header lines to add to the response."""
    response_drop: frozenset[bytes] = frozenset()
    """(Lower case) names of response fields to remove."""
    websocket: bool = True
    """Whether an upgrade to WebSocket is passed on; refused with 403 otherwise."""
    forwarded: bytes = b""
    """Complete X-Forwarded-* lines to send in place of the engine's own; for requests that came
    through a trusted proxy."""
    max_body: int = 0
    """Bytes of request body that are passed on; 0 for any number. One more is 413, and once the
    response has begun, the end of the connection."""


@dataclass(slots=True)
class Answer:
    """A finished answer of ours; the engine adds Date, Content-Length and Connection."""

    status: int
    body: bytes = b""
    content_type: bytes = b"text/html; charset=utf-8"
    headers: bytes = b""
    """Complete header lines, each with its CRLF."""
    close: bool = False


@dataclass(slots=True)
class Serve:
    """Hand the request to an ASGI application of ours."""

    app: ASGIApp
    max_body: int = 1 << 20
    """Bytes of body the application may be sent; 413 beyond."""
    state: dict[str, Any] = field(default_factory=dict)
    """Put into the ASGI scope under "state"."""


Decision = Forward | Answer | Serve


class Refusal(enum.Enum):
    """Why the engine itself turned a request away; the status is in `REFUSAL_STATUS`."""

    MALFORMED = "malformed"
    HEAD_TOO_LARGE = "head_too_large"
    TARGET_TOO_LONG = "target_too_long"
    TOO_MANY_FIELDS = "too_many_fields"
    VERSION = "version"
    METHOD = "method"
    EXPECTATION = "expectation"
    BODY_TOO_LARGE = "body_too_large"
    HEAD_TIMEOUT = "head_timeout"
    BODY_TIMEOUT = "body_timeout"
    UPGRADE = "upgrade"
    STOPPING = "stopping"


REFUSAL_STATUS = {
    Refusal.MALFORMED: 400,
    Refusal.HEAD_TOO_LARGE: 431,
    Refusal.TARGET_TOO_LONG: 414,
    Refusal.TOO_MANY_FIELDS: 431,
    Refusal.VERSION: 505,
    Refusal.METHOD: 405,
    Refusal.EXPECTATION: 417,
    Refusal.BODY_TOO_LARGE: 413,
    Refusal.HEAD_TIMEOUT: 408,
    Refusal.BODY_TIMEOUT: 408,
    Refusal.UPGRADE: 403,
    Refusal.STOPPING: 503,
}


class Failure(enum.Enum):
    """Why the upstream gave no (whole) answer."""

    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECT_FAILED = "connect_failed"
    TLS = "tls"
    RESPONSE_TIMEOUT = "response_timeout"
    RESPONSE_MALFORMED = "response_malformed"
    CLOSED_EARLY = "closed_early"
    BODY_BROKEN = "body_broken"
    """The upstream died after its head was passed on: the client's connection is cut, never padded."""
    IDLE = "idle"


FAILURE_STATUS = {
    Failure.CONNECT_REFUSED: 502,
    Failure.CONNECT_TIMEOUT: 504,
    Failure.CONNECT_FAILED: 502,
    Failure.TLS: 502,
    Failure.RESPONSE_TIMEOUT: 504,
    Failure.RESPONSE_MALFORMED: 502,
    Failure.CLOSED_EARLY: 502,
    Failure.BODY_BROKEN: 502,
    Failure.IDLE: 504,
}


@dataclass(slots=True)
class Outcome:
    """How a request ended, told to the gate once."""

    status: int
    """The status sent to the client; 0 if none was (the client left), 101 for a tunnel."""
    bytes_in: int
    """Body bytes taken from the client, without framing; everything in a tunnel."""
    bytes_out: int
    """Body bytes sent to the client, without framing; everything in a tunnel."""
    duration: float
    """Seconds from the complete head to the last byte."""
    failure: Failure | None = None
    refusal: Refusal | None = None
    client_left: bool = False
    detail: str = ""
    """What was wrong, in words, where there is a failure or a refusal."""


class Gate(Protocol):
    """Who decides. The engine enters the request's scope before it calls any of these."""

    def decide(self, request: Request) -> Decision | Awaitable[Decision]:
        """Say what to do. An answer that needs to wait comes as an awaitable; reading pauses meanwhile."""
        ...

    def failed(self, request: Request, failure: Failure, detail: str) -> Answer:
        """The page for an upstream that did not answer; only asked while nothing was sent yet."""
        ...

    def refused(self, request: Request | None, scope: Scope, refusal: Refusal, detail: str) -> Answer:
        """The page for a request the engine turned away; `request` is None when no head could be parsed."""
        ...

    def finished(self, request: Request, outcome: Outcome) -> None:
        """Told once per request that was decided on, when its last byte went (or could not go)."""
        ...
