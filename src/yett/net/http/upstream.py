"""Connections to upstreams: made, kept, reused, and read strictly.

One connection carries one exchange at a time. It moves HEAD → BODY → (idle) HEAD …, or HEAD →
TUNNEL after an accepted upgrade. It goes back to its pool the moment the response's last byte
was read, if nothing speaks against it: the request was sent whole, both sides want to keep it,
and not one byte came that nobody asked for.
"""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from yett.net.http.answers import UPGRADE, has_no_body
from yett.net.http.channel import Clock, Receiver, Source
from yett.net.http.charset import Offset, cut
from yett.net.http.chunked import ChunkedDecoder, frame
from yett.net.http.head import Fields, Refused
from yett.net.http.model import Failure, Forward, Request
from yett.net.http.response import ResponseHead, ResponseParser
from yett.net.http.trailers import permitted

HEAD: Final = 0
BODY: Final = 1
TUNNEL: Final = 2
_MAX_INTERIM: Final = 16
_WEBSOCKET_ID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LAST_WORDS: Final = 10.0
"""Seconds for what is still unsent when a tunnel ends."""


class Home(Source):
    """The pool that a connection belongs to, as the connection sees it."""

    __slots__ = ("clock", "max_response_head", "parser")

    def __init__(self, clock: Clock, parser: ResponseParser, max_response_head: Offset) -> None:
        super().__init__()
        self.clock = clock
        self.parser = parser
        self.max_response_head = max_response_head

    def put(self, connection: "UpstreamConnection") -> None:
        """Take a connection back that can be used again."""
        raise NotImplementedError

    def forget(self, connection: "UpstreamConnection") -> None:
        """Never hand this connection out again."""
        raise NotImplementedError


class UpstreamConnection(asyncio.Protocol):
    """One connection to an upstream."""

    __slots__ = (
        "_buffer",
        "_chunked_out",
        "_decoder",
        "_head",
        "_interim",
        "_key",
        "_left",
        "_surplus",
        "_whole",
        "complete",
        "exchange",
        "idle_since",
        "is_paused",
        "phase",
        "pool",
        "transport",
    )

    def __init__(self, pool: Home) -> None:
        self.pool = pool
        self.exchange: Receiver | None = None
        self.transport: asyncio.Transport
        self.phase = HEAD
        self.complete = False
        self.idle_since = 0.0
        self.is_paused = False
        self._buffer = b""
        self._whole = b""
        """The newest head, with its empty line."""
        self._head: ResponseHead | None = None
        self._decoder: ChunkedDecoder | None = None
        self._left = 0
        self._surplus = False
        self._interim = 0
        self._chunked_out = False
        self._key: bytes | None = None
        """The WebSocket key of an upgrade that was asked for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream transport, by the call that made it

    # Sending the request.

    def begin(
        self,
        receiver: Receiver,
        request: Request,
        forward: Forward,
        fields: Fields,
        forwarded: bytes,
        payload: bytes,
        done: bool,
        upgrade: bool,
        trailers: Sequence[bytes] = (),
    ) -> None:
        """Send the head, with what is there of the body."""
        self.exchange = receiver
        if fields.framing:
            self._chunked_out = fields.is_chunked
            if self._chunked_out:
                payload = frame(payload, last=done, trailers=trailers)
        if upgrade:
            self._key = request.field(b"sec-websocket-key") or b""
            # A head that announces a body which nobody sends: the next request would be taken for it.
            self._surplus = bool(fields.framing)
        parts = (
            request.method,
            b" ",
            forward.target or request.target,
            b" HTTP/1.1\r\n",
            fields.block(forward, forwarded),
            UPGRADE if upgrade else b"",
            forward.add,
            b"\r\n",
            payload,
        )
        self.transport.write(b"".join(parts))

    def send(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Send more of the body, or of what a tunnel carries."""
        if self._chunked_out:
            payload = frame(payload, last=done, trailers=trailers)
        if payload:
            self.transport.write(payload)

    def send_eof(self) -> bool:
        """In a tunnel: say that nothing more comes; False where that cannot be said."""
        if not self.transport.can_write_eof():
            return False
        self.transport.write_eof()
        return True

    # Reading.

    def data_received(self, data: bytes) -> None:
        """Give bytes their meaning; bytes without a request in progress have none."""
        exchange = self.exchange
        if exchange is None:
            self.pool.forget(self)
            self.transport.abort()
            return
        if self.phase == BODY:
            exchange.touched = self.pool.clock.now
            payload = self._take(data)
            if payload is None:
                exchange.fail(Failure.BODY_BROKEN, "malformed chunk in the response")
            elif self.complete:
                trailers = self._trailers()
                self._release(exchange)
                exchange.more(payload, done=True, trailers=trailers)
            else:
                exchange.more(payload, done=False)
        elif self.phase == HEAD:
            self._heads(exchange, self._buffer + data if self._buffer else data)
        else:
            exchange.touched = self.pool.clock.now
            exchange.tunnelled(data)

    def _heads(self, exchange: Receiver, data: bytes) -> None:
        known: ResponseHead | None = self._head
        if known is not None and known.status >= 200 and data.startswith(self._whole):
            # The head of the last response once more, as mostly within a second.
            self._buffer = b""
            self._final(exchange, known, cut(data, len(self._whole), len(data)))
            return
        while True:
            end = data.find(b"\r\n\r\n")
            if end < 0 or end > self.pool.max_response_head:
                self._buffer = data
                if end > 0 or len(data) > self.pool.max_response_head:
                    exchange.fail(Failure.RESPONSE_MALFORMED, "response head too large")
                elif not data.startswith(b"HTTP/1."[: len(data)]):
                    exchange.fail(Failure.RESPONSE_MALFORMED, "not an HTTP/1 response")
                return
            whole = data[: end + 4]
            head = self._head
            if head is None or whole != self._whole:
                parsed = self.pool.parser.head(data[:end])
                if isinstance(parsed, Refused):
                    exchange.fail(Failure.RESPONSE_MALFORMED, parsed.detail)
                    return
                self._head = head = parsed
                self._whole = whole
            data = data[end + 4 :]
            self._buffer = b""
            if head.status >= 200:
                self._final(exchange, head, data)
                return
            if head.status == 101:
                self._switch(exchange, head, data)
                return
            self._interim += 1
            if self._interim > _MAX_INTERIM:
                exchange.fail(Failure.RESPONSE_MALFORMED, "too many interim responses")
                return
            exchange.interim(head)
            # Any response byte rules out sending the request again.
            self._buffer = data
            if not data or self.exchange is not exchange:
                return

    def _final(self, exchange: Receiver, head: ResponseHead, data: bytes) -> None:
        length = head.content_length
        if length == len(data) and not has_no_body(head.status, exchange.method):
            # The whole response in one piece, as most are.
            self._release(exchange)
            exchange.respond(head, data, True)
            return
        self.phase = BODY
        if has_no_body(head.status, exchange.method):
            self._left = 0
            # A body where none may be: whatever follows cannot be told from the next response.
            if head.status == 204 and (head.is_chunked or head.content_length > 0):
                self._surplus = True
        elif head.is_chunked:
            self._decoder = ChunkedDecoder()
        else:
            self._left = length
        payload = self._take(data)
        if payload is None:
            exchange.fail(Failure.RESPONSE_MALFORMED, "malformed chunk in the response")
            return
        if self.complete:
            trailers = self._trailers()
            self._release(exchange)
            exchange.respond(head, payload, done=True, trailers=trailers)
        else:
            exchange.respond(head, payload, done=False)

    def _switch(self, exchange: Receiver, head: ResponseHead, early: bytes) -> None:
        """Switch protocols, if the answer proves that a WebSocket server read our request (RFC 6455, 4.1)."""
        key = self._key
        if key is not None and head.upgrade == b"websocket":
            proof = base64.b64encode(hashlib.sha1(key + _WEBSOCKET_ID, usedforsecurity=False).digest())
            if head.value(b"sec-websocket-accept") == proof:
                self.phase = TUNNEL
                exchange.upgraded(head, early)
                return
        exchange.fail(Failure.RESPONSE_MALFORMED, "an upgrade that was not asked for")

    def _trailers(self) -> Sequence[bytes]:
        decoder = self._decoder
        return permitted(decoder.trailers) if decoder is not None and decoder.trailers else ()

    def _take(self, data: bytes) -> bytes | None:
        """The payload in `data`; `complete` tells whether that was all of it."""
        decoder = self._decoder
        if decoder is not None:
            payload = decoder.feed(data)
            if decoder.done:
                self.complete = True
                self._surplus = bool(decoder.rest)
            return payload
        left = self._left
        if left < 0:  # until the connection ends
            return data
        if len(data) < left:
            self._left = left - len(data)
            return data
        self.complete = True
        if len(data) > left:
            self._surplus = True
            return data[:left]
        return data

    def _release(self, exchange: Receiver) -> None:
        """The response was read whole: back to the pool, or away."""
        self.exchange = None
        head = self._head
        if self._surplus or not exchange.request_done or head is None or head.close:
            self.pool.forget(self)
            self.transport.abort()
            return
        self.phase = HEAD
        self.complete = False
        self._decoder = None
        self._interim = 0
        self._chunked_out = False
        self._key = None
        if self.is_paused:
            self.resume()
        self.pool.put(self)

    def abandon(self) -> None:
        """The exchange is over before its time: nothing here can be used again."""
        self.exchange = None
        self.pool.forget(self)
        self.transport.abort()

    def close(self) -> None:
        """A tunnel is over."""
        self.exchange = None
        self.pool.forget(self)
        self.transport.close()
        # What the client sent last may still arrive; an upstream that does not read it is not waited for.
        asyncio.get_running_loop().call_later(_LAST_WORDS, self.transport.abort)

    def pause(self) -> None:
        """Read nothing more: the client cannot keep up."""
        if not self.is_paused and not self.transport.is_closing():
            self.is_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.is_paused:
            self.is_paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    # Ends.

    def eof_received(self) -> bool:
        """An upstream that stops sending has nothing more to say, except in a tunnel."""
        exchange = self.exchange
        if exchange is not None and self.phase == TUNNEL:
            return exchange.tunnel_ended()
        self._lost(None)
        # What we may still have to send has no reader: closing would wait for it.
        self.transport.abort()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)

    def _lost(self, problem: Exception | None) -> None:
        self.pool.forget(self)
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            return
        if self.phase == BODY and self._decoder is None and self._left < 0 and problem is None:
            exchange.more(b"", done=True)
            return
        exchange.lost(problem, fresh=self.phase == HEAD and not self._buffer and not self._interim)

    # Writing.

    def pause_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.upstream_paused()

    def resume_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.upstream_resumed()
