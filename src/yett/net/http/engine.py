"""How the parts of the engine see one another.

A request is some `Work`: it is forwarded, or an application of ours runs. The work sees whoever
asked as `Client`, and both share one `Engine`. Neither knows how the other's bytes are framed:
a client may be an HTTP/1.1 connection, which has one work at a time, or a stream of an HTTP/2
connection. The other side of a forwarded request is a `Channel` (see `channel`).
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

from yett.kernel import IdMaker
from yett.net.http.channel import Clock
from yett.net.http.head import Fields, RequestParser
from yett.net.http.limits import Limits
from yett.net.http.model import Admission, Answer, Failure, Gate, Outcome, Refusal, Request
from yett.net.http.pool import Pools
from yett.net.http.response import ResponseHead

PAUSED_BY_UPSTREAM: Final = 1
PAUSED_BY_DECISION: Final = 2
PAUSED_BY_PIPELINE: Final = 4
PAUSED_BY_APPLICATION: Final = 8


class Spawn(Protocol):
    """Starts a task that somebody watches over."""

    def __call__(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[None]: ...


class Trust(Protocol):
    """Knows which proxies in front of us are believed. A server without any has none, and pays nothing."""

    def admit(self, address: str) -> Admission:
        """What becomes of a connection from this address (empty for a Unix socket)."""
        ...

    def introduce(self, request: Request, fields: Fields) -> str:
        """Have a request say who really sent it; the answer is what is wrong, empty when nothing is."""
        ...


class Engine(Clock):
    """What all connections of one server share."""

    __slots__ = (
        "connections",
        "date",
        "emptied",
        "gate",
        "http2",
        "ids",
        "is_draining",
        "limits",
        "max_head",
        "parser",
        "pools",
        "spawn",
        "trust",
        "turned_away",
    )

    def __init__(self, gate: Gate, limits: Limits, spawn: Spawn) -> None:
        super().__init__()
        """The loop's time at the last sweep: asking the clock for each byte would cost too much."""
        self.gate = gate
        self.limits = limits
        self.max_head = limits.max_head
        self.spawn = spawn
        self.ids = IdMaker()
        self.date = b""
        self.parser = RequestParser(limits)
        self.pools = Pools(limits, self)
        self.trust: Trust | None = None
        """Asked about each connection and each request, before the gate is."""
        self.http2: Callable[[], Any] | None = None
        """Makes a client's connection that speaks HTTP/2; None where nobody does."""
        self.is_draining = False
        self.connections: set[Any] = set()
        self.emptied = asyncio.Event()
        """Set when the last connection of a draining server is gone."""
        self.turned_away = 0
        """Connections refused since the limit was reached; 0 while it is not."""


class Client(Protocol):
    """Whoever asked, as the work about their request sees them: an HTTP/1.1 connection or an HTTP/2 stream.

    How a response is framed, and what becomes of the connection after it, is the client's
    business. The work says `finish` (or `answer_failure`) once, as its last word.
    """

    engine: Engine
    touched: float
    """The coarse time of the last byte from the client."""
    is_blocked: bool
    """Whether the client does not read as fast as we write."""

    @property
    def is_paused(self) -> bool:
        """Whether nothing of the request is read at the moment."""
        ...

    def forwarded(self, request: Request, fields: Fields) -> bytes:
        """The X-Forwarded lines that tell an upstream who asked; see `forwarded_lines`."""
        ...

    def pause(self, reason: int) -> None:
        """Read no more of the request until every reason is gone."""
        ...

    def resume(self, reason: int) -> None:
        """One reason not to read is gone."""
        ...

    # The response.

    def interim(self, head: ResponseHead) -> None:
        """Pass an interim response on, if the client can take one."""
        ...

    def respond(
        self,
        head: ResponseHead,
        add: bytes,
        drop: frozenset[bytes],
        payload: bytes,
        done: bool,
        trailers: Sequence[bytes] = (),
    ) -> None:
        """Send a response's head with what is there of its body; `done` if that is all of it.

        `add` are complete lines to add, `drop` names of fields to leave out. Where a body may not
        be (HEAD, 204, 304), payload is not given.
        """
        ...

    def send(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Send more of the response's body, or of what a tunnel carries.

        `trailers` are header lines for after the body; who did not ask for them does not get them.
        """
        ...

    def switch(self, head: ResponseHead, add: bytes, drop: frozenset[bytes], early: bytes) -> bytes:
        """Accept the upgrade: from here on bytes are bytes. The answer is what the client sent too early."""
        ...

    def send_eof(self) -> bool:
        """In a tunnel: nothing more will be sent; whether that could be said and the client may go on."""
        ...

    def retire(self) -> None:
        """No other request is taken from this connection; where requests share one, nothing happens."""
        ...

    # The end.

    def answer(self, answer: Answer) -> int:
        """Send a finished answer; the number of its body bytes. `finish` is still to be said."""
        ...

    def answer_failure(self, failure: Failure, detail: str, bytes_in: int) -> None:
        """The upstream gave nothing: send the gate's page for that, and finish."""
        ...

    def refuse(self, refusal: Refusal, detail: str) -> None:
        """Turn the request away, wherever it stands: the work is aborted, and the client finishes."""
        ...

    def finish(self, request: Request, outcome: Outcome, *, cut: bool = False) -> None:
        """The request is over; `cut` ends the response in a way that nobody takes for its end."""
        ...


class Work(Protocol):
    """What is being done about a request, as the client's side sees it."""

    def start(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Begin, with what is there of the request's body; `trailers` may come with its end."""
        ...

    def take(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """More of the request's body, or of what a tunnel carries."""
        ...

    def client_lost(self) -> None:
        """The client is gone: finish."""
        ...

    def client_ended(self) -> bool:
        """A client in a tunnel sends no more; whether its connection stays open for what comes back."""
        ...

    def client_paused(self) -> None:
        """The client does not keep up with what is sent."""
        ...

    def client_resumed(self) -> None:
        """The client takes more."""
        ...

    def abort(self) -> int:
        """Give up without a word: whoever asks finishes. The status that was sent already, 0 for none."""
        ...

    def withdraw(self) -> bool:
        """Give up without a word unless an answer has begun: then nothing is done, and False said."""
        ...

    def sweep(self, now: float) -> None:
        """Look at the clock, about once a second."""
        ...


def forwarded_lines(request: Request, fields: Fields) -> bytes:
    """Who asked, and for what, in the lines that upstreams read."""
    if request.connection.forwarded:
        return request.connection.forwarded
    address = request.scope.client_address
    scheme = b"https" if request.connection.is_tls else b"http"
    host = b"X-Forwarded-Host: %b\r\n" % fields.authority if fields.authority else b""
    source = b"X-Forwarded-For: %b\r\n" % address.encode("ascii", "replace") if address else b""
    return b"%bX-Forwarded-Proto: %b\r\n%b" % (source, scheme, host)
