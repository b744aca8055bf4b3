"""Upstreams that speak HTTP/3: connections of many channels, each of them a stream of QUIC.

A channel gets its number when its request begins. Its stream is given up in both directions whenever its exchange
ends before both sides have: nothing of an abandoned request goes on in the dark.

All that arrives in one turn of the loop is taken in at once, and all that it causes is sent at once.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from yett.net.http.channel import Clock, ConnectFailed, Receiver
from yett.net.http.h2.head import FieldReader, fields_of_lines, fields_of_request
from yett.net.http.h2.hpack import Field
from yett.net.http.h3.connection import Machine
from yett.net.http.h3.flow import Quic
from yett.net.http.h3.frames import Code, Kind, Violation, frame
from yett.net.http.h3.trust import IN_HANDSHAKE, UNFIT, failure_of, unfit
from yett.net.http.head import Fields
from yett.net.http.limits import Limits
from yett.net.http.model import Failure, Forward, Request
from yett.net.http.response import ResponseParser
from yett.net.http.streams import Answering, Understanding

HIGH_WATER: Final = 256 * 1024
"""Bytes of a request that may be unacknowledged until its client is paused."""
_LOW_WATER: Final = HIGH_WATER // 2
_MOST_STREAMS: Final = 128
"""On one connection, whatever the upstream would take: one that breaks should not break everything."""
SIGN_OF_LIFE: Final = 10.0
"""Seconds of silence with requests in progress until a PING, and from a request or a PING to the end.

Whatever is sent is acknowledged at once (RFC 9000, 13.2.1), however long the answer takes.
"""


class Home(Protocol):
    """The pool that a connection belongs to, as the connection sees it."""

    clock: Clock
    limits: Limits
    parser: ResponseParser
    reader: FieldReader

    @property
    def is_awaited(self) -> bool: ...
    def has_room(self, connection: "H3UpstreamConnection") -> None: ...
    def forget(self, connection: "H3UpstreamConnection") -> None: ...


class H3Channel(Answering["H3UpstreamConnection"]):
    """One request on its way to an upstream, and its response on the way back."""

    __slots__ = (
        "_connection",
        "_has_head",
        "_interim",
        "_is_blocked",
        "_is_sent",
        "_late",
        "_number",
        "_receiver",
        "expected",
        "frames",
        "is_paused",
        "remote_ended",
    )

    def __init__(self, connection: "H3UpstreamConnection") -> None:
        self.is_paused = False
        self.expected = -1
        self.frames = connection.machine.frames()
        self.remote_ended = False
        self._connection = connection
        self._receiver: Receiver | None = None
        self._number = -1
        self._has_head = False
        self._interim = 0
        self._is_blocked = False
        self._is_sent = False
        """Whether there is nothing more to send, or nobody who would read it."""
        self._late: list[Field] | None = None
        """Trailers whose stream has not ended yet: its end may come by itself."""

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
        connection = self._connection
        if connection.room <= 0:
            asyncio.get_running_loop().call_soon(self.lost, Code.REQUEST_REJECTED, "the connection is over")
            return
        number = self._number = connection.opened(self)
        head = [
            (b":method", request.method),
            (b":scheme", b"https"),
            (b":path", forward.target or request.target),
            *fields_of_request(fields.block(forward, forwarded), forward.add),
        ]
        is_alone = done and not payload and not trailers
        connection.quic.send_stream_data(number, connection.machine.head(number, head), is_alone)
        self._is_sent = is_alone
        if payload or trailers:
            self.send(payload, done=done, trailers=trailers)

    def send(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Send more of the body."""
        if self._is_sent or self._number < 0:
            return
        connection, number = self._connection, self._number
        data = frame(Kind.DATA, payload) if payload else b""
        if trailers:
            data += connection.machine.head(number, fields_of_lines(trailers))
        self._is_sent = done
        connection.quic.send_stream_data(number, data, done)
        connection.wake()
        if not self._is_blocked and connection.quic.unsent(number) > HIGH_WATER:
            self._is_blocked = True
            connection.blocked.append(self)
            if self._receiver is not None:
                self._receiver.upstream_paused()

    def look(self) -> bool:
        """Whether there is still too much unsent; otherwise more may come."""
        if self._is_sent or self._connection.quic.unsent(self._number) <= _LOW_WATER:
            self._is_blocked = False
            if self._receiver is not None:
                self._receiver.upstream_resumed()
        return self._is_blocked

    def send_eof(self) -> bool:
        """There are no tunnels here."""
        return False

    def pause(self) -> None:
        """Give no more credit: the client cannot keep up."""
        self.is_paused = True
        self._connection.quic.held.add(self._number)

    def resume(self) -> None:
        """Give credit again."""
        self.is_paused = False
        self._connection.quic.held.discard(self._number)
        self._connection.wake()

    def abandon(self) -> None:
        """The exchange is over before its time."""
        self._receiver = None
        self._reset(Code.REQUEST_CANCELLED)

    def close(self) -> None:
        """There are no tunnels here; whatever this is ends."""
        self.abandon()

    def _reset(self, code: Code) -> None:
        """End what has not ended, in both directions (RFC 9114, 4.1.1)."""
        connection, number = self._connection, self._number
        if number not in connection.machine.streams:
            return
        connection.quic.reset_stream(number, code)
        if not self.remote_ended:
            connection.quic.stop_stream(number, code)
        self._is_sent = True
        connection.machine.forget(number)
        connection.wake()

    def stopped(self) -> None:
        """The upstream reads no more of the request."""
        self._is_sent = True

    # The response.

    def head(self, fields: list[Field] | None, *, end: bool) -> None:
        """A head of the response, or its trailers."""
        if self._late is not None:
            raise Violation(Code.FRAME_UNEXPECTED, "fields behind trailers")
        if self._has_head and fields is not None and not end:
            self._late = fields
        else:
            super().head(fields, end=end)

    def data(self, payload: bytes, *, end: bool) -> None:
        """More of the response's body."""
        receiver = self._receiver
        if receiver is None:
            return
        receiver.touched = self._connection.pool.clock.now
        if self._late is not None and not payload and end:
            late, self._late = self._late, None
            super().head(late, end=True)
        elif not self._has_head and end and not payload:
            self._broken("the stream ended without a response")
        elif not self._has_head or self._late is not None:
            raise Violation(Code.FRAME_UNEXPECTED, "a body before the head, or behind trailers")
        else:
            self._more(receiver, payload, end=end)

    def _more(self, receiver: Receiver, payload: bytes, *, end: bool) -> None:
        if self.expected >= 0:
            self.expected -= len(payload)
            if self.expected < 0 or (end and self.expected):
                self._broken("a body of another length than was promised")
                return
        if end:
            self._complete()
        if payload or end:
            receiver.more(payload, done=end)

    def _complete(self) -> None:
        self._receiver = None
        if self._is_sent:
            self._connection.machine.forget(self._number)
        else:
            self._reset(Code.REQUEST_CANCELLED)

    def _broken(self, detail: str) -> None:
        receiver, self._receiver = self._receiver, None
        self._reset(Code.MESSAGE_ERROR)
        if receiver is not None:
            receiver.fail(Failure.BODY_BROKEN if self._has_head else Failure.RESPONSE_MALFORMED, detail)

    def lost(self, code: int, detail: str) -> None:
        """The upstream gave the request up, or the connection is gone."""
        receiver, self._receiver = self._receiver, None
        self._is_sent = True
        if receiver is None:
            return
        if code == Code.REQUEST_REJECTED and not self._has_head:
            receiver.rejected(detail)
        else:
            is_gone = self._connection.is_gone
            receiver.lost(
                None if is_gone else ConnectionResetError(detail),
                fresh=is_gone and not self._has_head and not self._interim,
            )


class H3UpstreamConnection(asyncio.DatagramProtocol):
    """One connection to an upstream that speaks HTTP/3, on a socket of its own."""

    def __init__(self, pool: Home, quic: Quic, address: tuple[object, ...]) -> None:
        self.pool = pool
        self.quic = quic
        self.machine = Machine(quic, self, pool.limits.max_response_head)
        self.understanding = Understanding(pool.reader, pool.parser)
        self.idle_since = pool.clock.now
        self.is_gone = False
        """Whether the connection itself is lost, and not just a stream."""
        self.blocked: list[H3Channel] = []
        """Those of whose requests too much is unsent."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._address = address
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._is_awake = False
        self._is_leaving = False
        self._touched = pool.clock.now
        self._asked_at = 0.0

    # Datagrams.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a datagram transport, by the call that made it
        self.quic.connect(self._address, now=self._loop.time())
        self._turn()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the socket is connected
        self._touched = self.pool.clock.now
        self._asked_at = 0.0
        self.quic.receive_datagram(data, self._address, now=self._loop.time())
        self.wake()

    def error_received(self, exc: Exception) -> None:
        """Nobody is there any more; the kernel has matched the message with this socket."""
        if isinstance(exc, ConnectionRefusedError):
            self._lose(exc, "nobody is there any more")

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(exc if isinstance(exc, OSError) else ConnectionResetError(), "the socket is gone")

    def wake(self) -> None:
        """Take in and send, once for all that comes together in a turn of the loop."""
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_awake = False
        if self.is_gone:
            return
        self.machine.hear()
        if self.blocked:
            self.blocked = [channel for channel in self.blocked if channel.look()]
        for _ in range(self.room):
            if not self.pool.is_awaited:
                break
            self.pool.has_room(self)
        self._flush()

    def _flush(self) -> None:
        transport, quic = self._transport, self.quic
        if transport is None or self.is_gone:
            return
        for data, address in quic.datagrams_to_send(now=self._loop.time()):
            # An upstream may prefer another address (RFC 9000, 9.6); it was reached at this one.
            if address == self._address:
                transport.sendto(data)
        end = quic.ending
        if end is not None:
            problem = failure_of(end.error_code, end.frame_type, end.reason_phrase, is_ours=quic.is_ours)
            self._lose(problem, problem.detail)
        self._set_timer()

    def _set_timer(self) -> None:
        if self.is_gone:
            return
        at = self.quic.get_timer()
        if at is None or at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        now = max(self._timer_at, self._loop.time())
        self._timer, self._timer_at = None, 0.0
        self.quic.handle_timer(now=now)
        self._turn()

    # The beginning and the end.

    async def ready(self) -> None:
        """Return once the upstream's settings came; raises OSError or ConnectFailed otherwise."""
        await self._ready
        if not self.capacity:
            raise ConnectFailed(Failure.BUSY, "the upstream takes no requests")

    def greeted(self) -> None:
        """The upstream's settings came."""
        problem = unfit(self.quic.certificate)
        if problem:
            self.quic.close(UNFIT, IN_HANDSHAKE, problem)
        elif not self._ready.done():
            self._ready.set_result(None)

    def _lose(self, problem: Exception, detail: str) -> None:
        """The connection is gone, for whatever reason."""
        if self.is_gone:
            return
        self.is_gone = True
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()
        self.pool.forget(self)
        self.machine.close(Code.NO_ERROR, detail)
        if not self._ready.done():
            self._ready.set_exception(problem)
            self._ready.exception()  # nobody may wait for it any more

    def going_away(self) -> None:
        """The upstream takes no new requests."""
        self.retire()

    def retire(self) -> None:
        """Begin no new requests here; end with the last one."""
        if not self._is_leaving:
            self._is_leaving = True
            self.pool.forget(self)
        if not self.machine.streams:
            self.goodbye()

    def goodbye(self) -> None:
        """End a connection that is in order."""
        self.quic.close(Code.NO_ERROR)
        self._is_leaving = True
        self.pool.forget(self)
        self._flush()

    def abort(self) -> None:
        """End a connection that came to nothing."""
        self.quic.close(Code.NO_ERROR)
        self._flush()
        self._lose(ConnectionAbortedError(), "the connection was given up")

    # Channels.

    @property
    def room(self) -> int:
        """How many more requests fit."""
        if self._is_leaving or self.is_gone or self.machine.is_closed or self.quic.ending is not None:
            return 0
        return min(self.quic.streams_left, _MOST_STREAMS - len(self.machine.streams))

    @property
    def capacity(self) -> int:
        """How many requests at a time it may carry."""
        return min(self.quic.streams_left + len(self.machine.streams), _MOST_STREAMS)

    @property
    def is_idle(self) -> bool:
        """Whether no request is in progress."""
        return not self.machine.streams

    def channel(self) -> H3Channel:
        """A channel; it counts from when its request begins."""
        return H3Channel(self)

    def opened(self, channel: H3Channel) -> int:
        """A number for a channel whose request begins now."""
        self._asked_at = self._asked_at or self.pool.clock.now
        self.wake()
        return self.machine.open(channel)

    def has_room(self) -> None:
        """A stream is closed."""
        if not self.machine.streams:
            self.idle_since = self.pool.clock.now
            if self._is_leaving:
                self.goodbye()
                return
        self.pool.has_room(self)

    # Time.

    def sweep(self, now: float) -> None:
        """Look at the clock: a silent upstream has to give a sign of life."""
        if not self.machine.streams:
            return
        if self._asked_at:
            if now - self._asked_at > SIGN_OF_LIFE:
                self._lose(ConnectionResetError(), "the upstream is silent")
        elif now - self._touched > min(SIGN_OF_LIFE, self.quic.quiet_limit / 3):
            self._asked_at = now
            self.quic.send_ping(1)
            self.wake()
