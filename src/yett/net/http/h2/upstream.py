"""Upstreams that speak HTTP/2: connections of many channels, each of them a stream.

A channel gets its number when its request begins. Its stream is reset whenever its exchange ends
before both sides have: nothing of an abandoned request goes on in the dark.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from yett.net.http.channel import Clock, Receiver
from yett.net.http.h2 import frames
from yett.net.http.h2.alpn import chose_http2
from yett.net.http.h2.connection import STREAM_WINDOW, Budget, Machine, Stream
from yett.net.http.h2.frames import Code
from yett.net.http.h2.head import FieldReader, encode_lines, encode_request, encode_target
from yett.net.http.head import Fields
from yett.net.http.limits import Limits
from yett.net.http.model import Failure, Forward, Request
from yett.net.http.response import ResponseParser
from yett.net.http.streams import Answering, Understanding

_MOST_STREAMS: Final = 128
"""On one connection, whatever the upstream would take: one that breaks should not break everything."""
_SIGN_OF_LIFE: Final = 15.0
"""Seconds of silence with requests in progress until a PING, and from there to the end."""


class Home(Protocol):
    """The pool that a connection belongs to, as the connection sees it."""

    clock: Clock
    limits: Limits
    parser: ResponseParser
    reader: FieldReader

    def greeted(self, connection: "H2UpstreamConnection") -> None: ...
    def has_room(self, connection: "H2UpstreamConnection") -> None: ...
    def forget(self, connection: "H2UpstreamConnection") -> None: ...


class H2Channel(Answering["H2UpstreamConnection"], Stream):
    """One request on its way to an upstream, and its response on the way back."""

    __slots__ = ("_connection", "_has_head", "_interim", "_receiver", "is_paused")

    def __init__(self, connection: "H2UpstreamConnection", machine: Machine) -> None:
        super().__init__(machine, 0)
        self.is_paused = False
        self._connection = connection
        self._receiver: Receiver | None = None
        self._has_head = False
        self._interim = 0

    # The request.

    def begin(
        self,
        receiver: Receiver,
        request: Request,
        forward: Forward,
        fields: Fields,
        forwarded: bytes,
        payload: bytes,
        done: bool,
        upgrade: bool,  # noqa: ARG002 - those go by HTTP/1.1
        trailers: Sequence[bytes] = (),
    ) -> None:
        """Send the head, with what is there of the body."""
        self._receiver = receiver
        machine = self.machine
        if not machine.add(self):
            asyncio.get_running_loop().call_soon(self.lost, Code.REFUSED_STREAM, "the connection is over")
            return
        head = self._connection.encoded(
            request.method, forward.target or request.target, fields.block(forward, forwarded), forward.add
        )
        if payload or trailers or not done:
            self.send_headers(head, end=False)
            if payload or trailers:
                self.send(payload, done=done, trailers=trailers)
        else:
            self.send_headers(head, end=True)

    def send(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Send more of the body."""
        self.send_data(payload, end=done, trailers=encode_lines(trailers) if trailers else b"")

    def send_eof(self) -> bool:
        """There are no tunnels here."""
        return False

    def pause(self) -> None:
        """Give no more credit: the client cannot keep up."""
        self.is_paused = True
        self.hold()

    def resume(self) -> None:
        """Give credit again."""
        self.is_paused = False
        self.release()

    def abandon(self) -> None:
        """The exchange is over before its time."""
        self._receiver = None
        self.reset(Code.CANCEL)

    def close(self) -> None:
        """There are no tunnels here; whatever this is ends."""
        self.abandon()

    def blocked(self) -> None:
        if self._receiver is not None:
            self._receiver.upstream_paused()

    def unblocked(self) -> None:
        if self._receiver is not None:
            self._receiver.upstream_resumed()

    # The response.

    def data(self, payload: bytes, *, end: bool) -> None:
        """More of the response's body."""
        receiver = self._receiver
        if receiver is None:
            return
        receiver.touched = self._connection.pool.clock.now
        if not self._has_head:
            self._broken("a body before the head")
            return
        if end:
            self._complete()
        receiver.more(payload, done=end)

    def _complete(self) -> None:
        """The response is here whole. A request that is not sent whole by now has no reader."""
        self._receiver = None
        self.machine.budget.earn(Budget.PER_STREAM)
        self.reset(Code.CANCEL)

    def _broken(self, detail: str) -> None:
        receiver, self._receiver = self._receiver, None
        self.reset(Code.PROTOCOL_ERROR)
        if receiver is not None:
            receiver.fail(Failure.BODY_BROKEN if self._has_head else Failure.RESPONSE_MALFORMED, detail)

    def violated(self, code: Code, detail: str) -> None:  # noqa: ARG002 - whatever it was, the response is no good
        """The upstream broke a rule of HTTP/2."""
        self._broken(detail)
        self.machine.budget.spend(Budget.RESET)

    def lost(self, code: int, detail: str) -> None:
        """The upstream gave the request up, or the connection is gone."""
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            return
        if code == Code.REFUSED_STREAM:
            receiver.rejected(detail)
        else:
            is_gone = self._connection.is_gone
            receiver.lost(
                None if is_gone else ConnectionResetError(detail), fresh=is_gone and not self._has_head
            )


class _ClientMachine(Machine):
    """The machine of a connection to an upstream."""

    __slots__ = ("connection",)

    def __init__(self, connection: "H2UpstreamConnection") -> None:
        limits = connection.pool.limits
        super().__init__(is_server=False, max_list=limits.max_response_head, max_streams=0)
        self.connection = connection

    def wake(self) -> None:
        self.connection.wake()

    def failed(self, code: Code, detail: str) -> None:  # noqa: ARG002 - every exchange was told
        self.connection.end()

    def going_away(self, last: int, code: int) -> None:  # noqa: ARG002 - those it will not answer were told
        self.connection.retire()

    def greeted(self) -> None:
        self.connection.pool.greeted(self.connection)

    def more_streams(self) -> None:
        self.connection.has_room()


class H2UpstreamConnection(asyncio.Protocol):
    """One connection to an upstream that speaks HTTP/2."""

    __slots__ = (
        "_add",
        "_block",
        "_block_encoded",
        "_is_awake",
        "_is_leaving",
        "_is_tls",
        "_loop",
        "_machine",
        "_pinged_at",
        "_touched",
        "idle_since",
        "is_gone",
        "pool",
        "transport",
        "understanding",
    )

    def __init__(self, pool: Home) -> None:
        self.pool = pool
        self.transport: asyncio.Transport
        self.idle_since = pool.clock.now
        self.is_gone = False
        """Whether the connection itself is lost, and not just a stream."""
        self._loop = asyncio.get_running_loop()
        self._machine = _ClientMachine(self)
        self._is_awake = False
        self._is_leaving = False
        self._is_tls = False
        self._touched = pool.clock.now
        self._pinged_at = 0.0
        self.understanding = Understanding(pool.reader, pool.parser)
        # The newest lines and what they became: they repeat.
        self._block = b""
        self._add = b""
        self._block_encoded = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream transport, by the call that made it
        self._is_tls = transport.get_extra_info("ssl_object") is not None
        if self.chose_plain():
            return
        self._machine.greet(
            {
                frames.ENABLE_PUSH: 0,
                frames.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                frames.MAX_HEADER_LIST_SIZE: self.pool.limits.max_response_head,
            }
        )

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the exchanges say it
        self.is_gone = True
        self.pool.forget(self)
        self._machine.close(Code.CANCEL, "the connection is gone")

    def eof_received(self) -> bool:
        """An upstream that stops sending has nothing more to say."""
        self.connection_lost(None)
        self.transport.abort()
        return False

    def data_received(self, data: bytes) -> None:
        self._touched = self.pool.clock.now
        self._pinged_at = 0.0
        self._machine.receive(data)

    # Writing: as the client's side does.

    def wake(self) -> None:
        """Write once for all that comes together in a turn of the loop."""
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_awake = False
        machine = self._machine
        out = machine.out
        if not out or self.is_gone or self.transport.is_closing():
            return
        machine.out = []
        self.transport.write(b"".join(out))
        if machine.waiting:
            machine.pump()

    def pause_writing(self) -> None:
        self._machine.is_choked = True

    def resume_writing(self) -> None:
        self._machine.is_choked = False
        self._machine.pump()

    # Channels.

    def chose_plain(self) -> bool:
        """Whether the TLS handshake did not end with HTTP/2."""
        return self._is_tls and not chose_http2(self.transport)

    @property
    def is_greeted(self) -> bool:
        """Whether the upstream's settings came."""
        return self._machine.is_greeted

    @property
    def room(self) -> int:
        """How many more requests fit."""
        machine = self._machine
        if self._is_leaving or machine.is_closed or not machine.is_greeted or self.transport.is_closing():
            return 0
        return self.capacity - len(machine.streams)

    @property
    def capacity(self) -> int:
        """How many requests at a time it may carry."""
        return min(self._machine.peer_streams, _MOST_STREAMS)

    @property
    def is_idle(self) -> bool:
        """Whether no request is in progress."""
        return not self._machine.streams

    def channel(self) -> H2Channel:
        """A channel; it counts from when its request begins."""
        return H2Channel(self, self._machine)

    def has_room(self) -> None:
        """A stream is closed."""
        if not self._machine.streams:
            self.idle_since = self.pool.clock.now
            if self._is_leaving:
                self.end()
                return
        self.pool.has_room(self)

    def retire(self) -> None:
        """Begin no new requests here; end with the last one."""
        if not self._is_leaving:
            self._is_leaving = True
            self.pool.forget(self)
        if not self._machine.streams:
            self.end()

    def end(self) -> None:
        """Say what is still to be said, and close."""
        self._flush()
        self.pool.forget(self)
        self.transport.close()

    def goodbye(self) -> None:
        """End a connection that is in order."""
        if not self._machine.is_closed:
            self._machine.say_goodbye()
        self.end()

    # What its channels share.

    def encoded(self, method: bytes, target: bytes, block: bytes, add: bytes) -> bytes:
        """A request's head as a header block."""
        if block is not self._block or add != self._add:
            self._block, self._add = block, add
            self._block_encoded = encode_request(block, add)
        return encode_target(method, target, is_tls=self._is_tls) + self._block_encoded

    # Time.

    def sweep(self, now: float) -> None:
        """Look at the clock: a silent upstream has to give a sign of life."""
        self._machine.budget.earn(max(1, int(Budget.PER_SECOND * self.pool.limits.sweep)))
        if not self._machine.streams:
            return
        if self._pinged_at:
            if now - self._pinged_at > _SIGN_OF_LIFE:
                self.transport.abort()
        elif now - self._touched > _SIGN_OF_LIFE:
            self._pinged_at = now
            self._machine.ping()
