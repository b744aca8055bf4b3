"""Requests of our own to upstreams: copies, and whatever else nobody waits for at the other end.

They go the way that forwarded requests go, through channels of the same kind, but on connections of
their own: what happens to a copy never happens to a client's request.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final, Protocol

from yett.net.http.channel import Channel, Clock, ConnectFailed, Receiver
from yett.net.http.dialing import LookUp, Told
from yett.net.http.engine import forwarded_lines
from yett.net.http.exchange import IDEMPOTENT
from yett.net.http.head import Fields, Refused, RequestParser
from yett.net.http.limits import Limits
from yett.net.http.model import Connection, Failure, Forward, Request
from yett.net.http.pool import Pools
from yett.net.http.response import ResponseHead

_LONGEST_BODY: Final = 1 << 20
"""Bytes of a response that are read to keep the connection; a longer one ends it."""
_SWEEP_EVERY: Final = 1.0


class Tasks(Protocol):
    """Whoever keeps the sweep going."""

    def every(
        self, seconds: float, work: "Work", *, name: str, at_once: bool = False
    ) -> asyncio.Task[None]: ...


class Work(Protocol):
    """Something that is done again and again."""

    async def __call__(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a request."""

    status: int
    """0 when no answer came."""
    failure: Failure | None
    detail: str
    latency: float
    """Seconds until the response head, or the failure."""


class Sender:
    """Sends requests and tells how they were answered; what the answers hold is thrown away."""

    def __init__(self, limits: Limits, tasks: Tasks | None = None) -> None:
        self._clock = Clock()
        self._tasks = tasks
        self._parser = RequestParser(limits)
        self._pools = Pools(limits, self._clock)
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look after idle connections from now on."""
        assert self._tasks is not None  # noqa: S101 - who keeps no connections has no need to start
        self._clock.now = asyncio.get_running_loop().time()
        self._sweeping = self._tasks.every(_SWEEP_EVERY, self._sweep, name="http.sender")

    async def stop(self) -> None:
        """Close what is idle."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._pools.close()

    async def _sweep(self) -> None:
        self._clock.now = asyncio.get_running_loop().time()
        self._pools.sweep(self._clock.now)

    def look_up_with(self, look_up: LookUp | None, told: Told | None = None) -> None:
        """Ask this for the addresses of upstreams, in place of the system."""
        self._pools.look_up_with(look_up, told)

    @property
    def connections(self) -> int:
        """Connections to upstreams, idle ones included."""
        return self._pools.open

    async def send(
        self,
        request: Request,
        forward: Forward,
        body: bytes,
        *,
        timeout: float,  # noqa: ASYNC109 - a span of time that belongs to the request, like any other of its facts
        names_client: bool = False,
        wants_body: bool = True,
    ) -> Sent:
        """Send the head of `request` as `forward` says, with `body` as all of its body.

        Without `wants_body`, the answer is given up as soon as its head is there.
        `names_client` tells the upstream who asked, in each way in which it is told of forwarded
        requests; otherwise it is told in none. Never raises for what the network does.
        """
        began = monotonic()
        fields = self._parser.fields(b"\r\n".join(request.lines), request.minor_version)
        if isinstance(fields, Refused):
            return Sent(0, Failure.CONNECT_FAILED, fields.detail, 0.0)
        _frame(fields, body)
        if (fields.host, fields.port) != (request.host, request.port):
            # A proxy in front of us had said which host was asked for.
            fields.authority = f"{request.host}:{request.port or ''}".rstrip(":").encode("ascii")
        client = request.connection
        if names_client:
            forward = replace(forward, forwarded=forward.forwarded or forwarded_lines(request, fields))
        else:
            client = Connection("", 0, client.is_tls)
        errand = _Errand(request.method, wants_body=wants_body)
        try:
            async with asyncio.timeout(timeout):
                await self._carry(errand, request, client, forward, fields, body)
        except ConnectFailed as problem:
            return Sent(0, problem.failure, problem.detail, monotonic() - began)
        except TimeoutError:
            if not errand.status:
                return Sent(0, Failure.RESPONSE_TIMEOUT, "no response in time", monotonic() - began)
        finally:
            errand.give_up()
        return Sent(errand.status, errand.failure, errand.detail, (errand.answered_at or monotonic()) - began)

    async def _carry(
        self,
        errand: "_Errand",
        request: Request,
        client: Connection,
        forward: Forward,
        fields: Fields,
        body: bytes,
    ) -> None:
        source = self._pools.get(forward.upstream, client)
        channel = source.take()
        is_reused = channel is not None
        while True:
            if channel is None:
                channel = await source.connect()
            await errand.run(channel, request, forward, fields, body)
            if not (is_reused and errand.is_stale and errand.method in IDEMPOTENT):
                return
            # The upstream closed a connection that it had kept; that says nothing about the request.
            is_reused, channel = False, None


def _frame(fields: Fields, body: bytes) -> None:
    """Say how long the body is, in whatever way the client had said it."""
    fields.is_chunked = False
    fields.content_length = len(body)
    if body or fields.framing:
        fields.framing = b"Content-Length: %d" % len(body)


class _Errand(Receiver):
    """One request on its way, as its channel sees it."""

    def __init__(self, method: bytes, *, wants_body: bool) -> None:
        super().__init__(method)
        self._wants_body = wants_body
        self.request_done = True
        self.status = 0
        self.answered_at = 0.0
        self.failure: Failure | None = None
        self.detail = ""
        self.is_stale = False
        self._channel: Channel | None = None
        self._over = asyncio.Event()
        self._read = 0

    async def run(
        self, channel: Channel, request: Request, forward: Forward, fields: Fields, body: bytes
    ) -> None:
        """Send it over this channel and wait until it is over."""
        self.failure, self.is_stale = None, False
        self._over.clear()
        self._channel = channel
        channel.begin(self, request, forward, fields, forward.forwarded, body, done=True, upgrade=False)
        await self._over.wait()

    def give_up(self) -> None:
        """Nobody waits any more."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.abandon()

    def _end(self, failure: Failure | None = None, detail: str = "") -> None:
        self._channel = None
        self.failure, self.detail = failure, detail
        self._over.set()

    # What the channel tells.

    def interim(self, head: ResponseHead) -> None:
        """Nobody to pass it on to."""

    def respond(
        self,
        head: ResponseHead,
        payload: bytes,
        done: bool,
        trailers: Sequence[bytes] = (),  # noqa: ARG002 - the port's signature
    ) -> None:
        self.status = head.status
        self.answered_at = monotonic()
        self.more(payload, done=done)

    def more(
        self,
        payload: bytes,
        done: bool,
        trailers: Sequence[bytes] = (),  # noqa: ARG002 - the port's signature
    ) -> None:
        self._read += len(payload)
        if done:
            self._end()
        elif self._read > _LONGEST_BODY or not self._wants_body:
            self.give_up()
            self._end()

    def upgraded(self, head: ResponseHead, early: bytes) -> None:  # noqa: ARG002 - the port's signature
        self.fail(Failure.RESPONSE_MALFORMED, "an upgrade that was not asked for")

    def tunnelled(self, data: bytes) -> None:
        """There are no tunnels here."""

    def tunnel_ended(self) -> bool:
        return False

    def lost(self, problem: Exception | None, *, fresh: bool) -> None:
        self.is_stale = fresh
        detail = "the upstream closed the connection" if problem is None else "the connection broke"
        self._end(Failure.BODY_BROKEN if self.status else Failure.CLOSED_EARLY, detail)

    def rejected(self, detail: str) -> None:
        self.is_stale = True
        self._end(Failure.CLOSED_EARLY, detail)

    def fail(self, failure: Failure, detail: str) -> None:
        self.give_up()
        self._end(failure, detail)

    def upstream_paused(self) -> None:
        """The body is with the transport already."""

    def upstream_resumed(self) -> None:
        """See above."""
