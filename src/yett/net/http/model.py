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


class Admission(enum.Enum):
    """What becomes of a new connection."""

    REFUSED = "refused"
    """Nobody who may connect."""
    OPEN = "open"
    """Its bytes are TLS or HTTP from the first one on."""
    INTRODUCED = "introduced"
    """A PROXY protocol header has to come first."""


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
    local_address: str = ""
    """The address of ours that the client connected to; empty for a Unix socket."""
    protocol: str = "http/1.1"
    """What the client speaks: "http/1.1" or "h2"."""
    via: str = ""
    """The address of the trusted proxy that the client came through; empty without one."""
    is_believed: bool = False
    """Whether the fields of its requests are a trusted proxy's words, and not only its bytes a proxy's."""
    certificate: bytes = b""
    """The client's certificate in DER: verified in the handshake, or vouched for by a trusted proxy."""
    proxies: tuple[str, ...] = ()
    """Trusted proxies between the client and `via`, in that order."""
    is_silent: bool = False
    """Whether a PROXY protocol header came that names nobody: then nobody is believed about it."""
    forwarded: bytes = b""
    """Complete X-Forwarded-* lines for upstreams, in place of those that the engine would make."""
    known: Any = field(default=None, repr=False, compare=False)
    """Whatever the engine's `Trust` wants to find again with the next request."""
    recall: Any = field(default=None, repr=False, compare=False)
    """Whatever the gate wants to find again with the next request."""


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
    is_even: bool = False
    """Whether the path is known to hold only characters that everybody reads alike; see `head.Target`."""

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
    cert_file: str = ""
    """The certificate to show an upstream that asks for one; empty for none."""
    key_file: str = ""
    """The key of `cert_file`; empty when it is in the same file."""
    connect_timeout: float = 5.0
    response_timeout: float = 60.0
    """Seconds until the response head must have come, counted from the end of the request."""
    idle_timeout: float = 60.0
    """Seconds a body or a tunnel may stand still."""
    max_idle: int = 256
    """Idle connections kept for reuse."""
    max_connections: int = 0
    """Connections at a time; 0 for any number. Requests beyond wait as long as connecting may take."""
    max_waiting: int = 128
    """Requests that may wait for a connection at a time; one more is 503."""
    protocol: str = "http/1.1"
    """"http/1.1", "h2" (in TLS by ALPN, in plain TCP by prior knowledge, RFC 9113, 3.3), "auto":
    whichever of these the upstream chooses in the TLS handshake, or "h3" (by QUIC, which is always TLS)."""
    send_proxy: int = 0
    """Begin connections with a PROXY protocol header of that version (1 or 2) that names the client;
    they then serve that client only."""


class BrokenBody(Exception):
    """Raised by a filter that cannot read what the upstream sends: the response ends as `Failure.BODY_BROKEN`.

    The text says what is wrong, without quoting the body.
    """


class BodyFilter(Protocol):
    """Changes a body on its way. What it holds back it must bound itself. It may raise `BrokenBody`."""

    def feed(self, data: bytes) -> bytes:
        """More of the body; the answer is what can go on."""
        ...

    def end(self) -> bytes:
        """The body is complete: whatever was held back."""
        ...


@dataclass(slots=True)
class Reply:
    """A response head that a plan may look at and change before it goes to the client."""

    status: int
    lines: list[bytes]
    """The end-to-end header lines in order, without line ends and without those that frame the body."""
    content_length: int
    """-1 when the upstream does not say."""
    filter: BodyFilter | None = None
    """Set to have the body go through it; the engine then frames the body anew."""

    def value(self, name: bytes) -> bytes | None:
        """The value of the first field of that (lower case) name."""
        size = len(name)
        for line in self.lines:
            if line[:size].lower() == name and line[size : size + 1] == b":":
                return line[size + 1 :].strip(b" \t")
        return None


@dataclass(slots=True)
class Attempt:
    """One try at getting a response; a request has several when it is sent again or hedged."""

    number: int
    """From 1."""
    forward: "Forward"
    is_hedge: bool = False
    status: int = 0
    """The response's status; 0 if none came."""
    failure: "Failure | None" = None
    detail: str = ""
    started_at: float = 0.0
    """Monotonic seconds, as are the others; 0 for what did not happen."""
    connected_at: float = 0.0
    answered_at: float = 0.0
    """When the response head was there."""
    ended_at: float = 0.0
    is_chosen: bool = False
    """Whether the client got this one's response."""
    is_cancelled: bool = False
    """Whether it was given up because another one answered first, or the client left."""
    retry_after: bytes = b""
    """The value of Retry-After in the head of a response with 429 or 503."""


@dataclass(slots=True)
class Again:
    """Do not pass this on: send the request once more, or wait for another answer."""

    forward: "Forward | None"
    """None to let this answer go in favour of other attempts in flight; the last one is passed on."""
    wait: float = 0.0
    """Seconds to wait first."""


class Plan(Protocol):
    """What may happen to a request besides being sent once and streamed. One object per request.

    Routes that need nothing of this have no plan and pay nothing for it. Each method is called in
    the request's scope. One that raises is a defect: it is recorded, and the client gets 500, or is
    cut when the response has begun already; after `sent` and `ended`, the request just goes on.
    """

    whole_body: int
    """Bytes of request body held back until it is complete, for `prepare` to see it; 0 to stream."""
    keep_body: int
    """Bytes of request body kept, so that it can be sent again or copied; a longer one is only streamed."""
    hedge_after: float
    """Seconds without a response head after which `hedge` is asked, again and again; 0 for never."""

    def prepare(
        self, request: Request, forward: "Forward", body: bytes | None
    ) -> "Forward | Answer | Awaitable[Forward | Answer]":
        """The last word before the request is sent for the first time.

        `body` is whole if `whole_body` asked for that, None when it is streamed or too long.
        """
        ...

    def sent(self, request: Request, body: bytes | None) -> None:
        """Told once, when the request's body is complete; None when it was longer than `keep_body`."""
        ...

    def again(self, request: Request, attempt: Attempt, *, can_repeat: bool) -> Again | None:
        """Asked about each failure, and each response head, before anything of it goes to the client.

        None passes it on. `can_repeat` says whether the engine still has all it received of the
        request; without that, `Again.forward` has to be None.
        """
        ...

    def hedge(self, request: Request, attempts: list[Attempt], *, can_repeat: bool) -> "Forward | None":
        """A copy to send besides those that have not answered yet; None ends the asking.

        Time counts from when the request is complete. A copy needs `can_repeat`.
        """
        ...

    def reply(self, request: Request, attempt: Attempt, reply: Reply) -> None:
        """Look at the head of the response that goes to the client, and change it in place.

        A filter is left out where there is no body to filter, and in front of a tunnel.
        """
        ...

    def ended(self, request: Request, attempt: Attempt) -> None:
        """Told once for each attempt, when nothing more comes of it; before `Gate.finished`."""
        ...


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
    plan: Plan | None = None
    """Whoever has more to say about this request; None for what is sent once and streamed."""
    instead: "Callable[[Request, Forward, Failure], Forward | None] | None" = None
    """Asked where else to send a request without a plan when no connection was to be had for it; None
    for nowhere. It is asked in the request's scope, and again about what it answers."""


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
    WITHDRAWN = "withdrawn"
    """What let the request through, a session or a right, ended before its answer began."""


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
    Refusal.WITHDRAWN: 403,
}


class Failure(enum.Enum):
    """Why the upstream gave no (whole) answer."""

    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECT_FAILED = "connect_failed"
    TLS = "tls"
    BUSY = "busy"
    """Every connection that may be opened was in use, for too long or with too many waiting already."""
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
    Failure.BUSY: 503,
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
    answered: float = 0.0
    """Seconds from the complete head until the upstream's response head was there; 0 without one."""


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
