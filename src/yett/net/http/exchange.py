"""One forwarded request: from the decision to the last byte of the response.

Two machines meet here. The client's connection hands over the request body; the upstream's
connection hands over the response. The exchange frames both anew, joins heads with first
chunks so that each direction needs one write, and lets each side's full buffer stop the other
side's reading.

What must stay true:
  `Client.finish` is called exactly once;
  after the response head went out, a failure cuts the client's connection and never ends the
  response cleanly;
  a request is sent a second time only if no byte of an answer and no byte of its body was seen.
"""

import asyncio
import base64
import hashlib
from time import monotonic
from typing import Final

from yett.events import enter_scope
from yett.net.http import events
from yett.net.http.answers import CLOSE, KEEP_ALIVE, has_no_body
from yett.net.http.chunked import frame
from yett.net.http.engine import PAUSED_BY_UPSTREAM, Client
from yett.net.http.head import Fields
from yett.net.http.model import Failure, Forward, Outcome, Refusal, Request
from yett.net.http.pool import ConnectFailed, Pool
from yett.net.http.response import ResponseHead
from yett.net.http.upstream import TUNNEL, UpstreamConnection

_IDEMPOTENT: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})
_CHUNKED_LINE: Final = b"Transfer-Encoding: chunked\r\n"
_UPGRADE_LINES: Final = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
_WEBSOCKET_ID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LAST_WORDS: Final = 10.0
"""Seconds for what is still unsent when a tunnel ends."""
_LARGE: Final = 16 * 1024
"""From here on, pieces are written side by side in place of being joined first."""


class Exchange:
    """A request on its way to an upstream, and the answer on its way back."""

    __slots__ = (
        "_body_sent",
        "_bytes_in",
        "_bytes_out",
        "_chunked_out",
        "_client",
        "_client_ended",
        "_connection",
        "_fields",
        "_forward",
        "_is_over",
        "_is_upgrade",
        "_pending",
        "_pool",
        "_request",
        "_retried",
        "_reused",
        "_status",
        "_upstream_ended",
        "method",
        "request_done",
        "touched",
    )

    def __init__(
        self, client: Client, request: Request, forward: Forward, fields: Fields, pool: Pool, *, upgrade: bool
    ) -> None:
        self.method = request.method
        self.touched = 0.0
        self.request_done = False
        self._client = client
        self._request = request
        self._forward = forward
        self._fields = fields
        self._pool = pool
        self._connection: UpstreamConnection | None = None
        self._pending = b""
        self._is_upgrade = upgrade
        self._is_over = False
        self._retried = False
        self._reused = False
        self._body_sent = False
        self._chunked_out = False
        self._status = 0
        self._bytes_in = 0
        self._bytes_out = 0
        self._client_ended = False
        self._upstream_ended = False

    # Sending the request.

    def start(self, payload: bytes, *, done: bool) -> None:
        """Send the head with what is there of the body."""
        self.request_done = done
        self.touched = self._client.engine.now
        if payload:
            self._bytes_in = len(payload)
            if self._is_too_much():
                return
        connection = self._pool.take()
        if connection is None:
            self._pending = payload
            self._reconnect()
        else:
            self._reused = True
            self._send(connection, payload)

    def _reconnect(self) -> None:
        if not self.request_done:
            self._client.pause(PAUSED_BY_UPSTREAM)
        self._client.engine.spawn(self._connect(), name="http.connect")

    async def _connect(self) -> None:
        try:
            connection = await self._pool.connect()
        except ConnectFailed as problem:
            if not self._is_over:
                self.fail(problem.failure, problem.detail)
            return
        if self._is_over:
            connection.abandon()
            return
        self.touched = self._client.engine.now
        payload, self._pending = self._pending, b""
        self._send(connection, payload)
        self._client.resume(PAUSED_BY_UPSTREAM)

    def _send(self, connection: UpstreamConnection, payload: bytes) -> None:
        self._connection = connection
        connection.exchange = self
        request, forward = self._request, self._forward
        parts = (
            request.method,
            b" ",
            forward.target or request.target,
            b" HTTP/1.1\r\n",
            self._fields.block(forward, forward.forwarded or self._client.forwarded(request, self._fields)),
            _UPGRADE_LINES if self._is_upgrade else b"",
            forward.add,
            b"\r\n",
            self._framed(payload) if self._fields.framing else b"",
        )
        connection.transport.write(b"".join(parts))

    def _framed(self, payload: bytes) -> bytes:
        framed = frame(payload, last=self.request_done) if self._fields.is_chunked else payload
        self._body_sent = self._body_sent or bool(framed)
        return framed

    def take(self, payload: bytes, *, done: bool) -> None:
        """More of the request's body."""
        self.request_done = done
        self._bytes_in += len(payload)
        connection = self._connection
        self.touched = self._client.engine.now
        if self._is_over or self._is_too_much():
            return
        if connection is None:
            self._pending += payload
            return
        framed = self._framed(payload)
        if framed:
            connection.transport.write(framed)

    def _is_too_much(self) -> bool:
        """Whether the body has outgrown its limit; then the request is refused, and this piece goes nowhere."""
        limit = self._forward.max_body
        if not limit or self._bytes_in <= limit or self._status == 101:
            return False
        self._client.refuse(Refusal.BODY_TOO_LARGE, "the body is larger than allowed here")
        return True

    # Sending the response.

    def interim(self, head: ResponseHead) -> None:
        """Pass an interim response on; 100 was our business."""
        if head.status != 100 and self._request.minor_version:
            self._client.transport.write(head.compose(b"", frozenset(), b"", b""))

    def respond(self, head: ResponseHead, payload: bytes, *, done: bool) -> None:
        """Pass the response's head on, with what is there of its body."""
        client, forward = self._client, self._forward
        self._status = status = head.status
        if done:
            self._connection = None
        else:
            self.touched = client.engine.now
        # This runs for every request, so the ordinary case is decided here and not in calls.
        framing = head.length_line if head.length_line and status != 204 else self._framing(status)
        if client.persistent and self._request.minor_version and not client.engine.is_draining:
            connection = b""
        else:
            connection = self._connection_line()
        first = head.compose(forward.response_add, forward.response_drop, framing, connection)
        if payload:
            self._bytes_out = len(payload)
        if self._chunked_out:
            payload = frame(payload, last=done)
        if len(payload) >= _LARGE:
            client.transport.writelines((first, payload))
        else:
            client.transport.write(first + payload)
        if done:
            self._finish()
        elif client.is_blocked:
            self.client_paused()

    def _framing(self, status: int) -> bytes:
        """The line that tells the client where a body ends whose length nobody stated."""
        if has_no_body(status, self.method):
            return b""
        if self._request.minor_version:
            self._chunked_out = True
            return _CHUNKED_LINE
        self._client.persistent = False
        return b""

    def _connection_line(self) -> bytes:
        if not self._client.keeps_alive():
            return CLOSE
        return b"" if self._request.minor_version else KEEP_ALIVE

    def more(self, payload: bytes, *, done: bool) -> None:
        """Pass more of the response's body on."""
        self._bytes_out += len(payload)
        if self._chunked_out:
            payload = frame(payload, last=done)
        if payload:
            self._client.transport.write(payload)
        if done:
            self._connection = None
            self._finish()

    # Tunnels.

    def upgraded(self, head: ResponseHead, early: bytes) -> None:
        """The upstream switched protocols; from here on bytes are bytes."""
        connection = self._connection
        if connection is None or not self._is_upgrade or not self._accepted(head):
            self.fail(Failure.RESPONSE_MALFORMED, "an upgrade that was not asked for")
            return
        self._status = 101
        self.touched = self._client.engine.now
        connection.phase = TUNNEL
        first = head.compose(self._forward.response_add, self._forward.response_drop, _UPGRADE_LINES, b"")
        self._bytes_out = len(early)
        self._client.transport.write(first + early)
        sent_early = self._client.tunnel()
        if sent_early:
            self.take(sent_early, done=True)

    def _accepted(self, head: ResponseHead) -> bool:
        """Whether the answer proves that a WebSocket server read our request (RFC 6455, 4.1)."""
        key = self._request.field(b"sec-websocket-key") or b""
        proof = base64.b64encode(hashlib.sha1(key + _WEBSOCKET_ID, usedforsecurity=False).digest())
        return head.upgrade == b"websocket" and head.value(b"sec-websocket-accept") == proof

    def tunnelled(self, data: bytes) -> None:
        """Bytes from the upstream."""
        self._bytes_out += len(data)
        self._client.transport.write(data)

    def tunnel_ended(self) -> bool:
        """The upstream will send no more; whether its connection stays open for what the client sends."""
        self._upstream_ended = True
        transport = self._client.transport
        if self._client_ended or not transport.can_write_eof():
            self._end_tunnel(None)
            return False
        transport.write_eof()
        return True

    def client_ended(self) -> bool:
        """The client will send no more; whether its connection stays open for what is still to be sent."""
        connection = self._connection
        if connection is None or connection.phase != TUNNEL:
            return True
        self._client_ended = True
        if self._upstream_ended or not connection.transport.can_write_eof():
            self._end_tunnel(None)
            return False
        connection.transport.write_eof()
        return True

    def _end_tunnel(self, failure: Failure | None) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.exchange = None
            connection.pool.forget(connection)
            connection.transport.close()
            # What the client sent last may still arrive; an upstream that does not read it is not waited for.
            asyncio.get_running_loop().call_later(_LAST_WORDS, connection.transport.abort)
        self._client.persistent = False
        self._finish(failure=failure)

    # Troubles.

    def lost(self, problem: Exception | None, *, fresh: bool) -> None:
        """The upstream's connection is gone before the response was complete."""
        self._connection = None
        if self._is_over:
            return
        if self._status == 101:
            self._end_tunnel(None)
        elif self._status:
            self.fail(Failure.BODY_BROKEN, "the upstream ended the connection inside the body")
        elif (
            fresh
            and self._reused
            and not self._retried
            and not self._body_sent
            and self.method in _IDEMPOTENT
        ):
            self._retried = True
            enter_scope(self._request.scope)
            events.request_retried(upstream=f"{self._forward.upstream.host}:{self._forward.upstream.port}")
            self._reconnect()
        else:
            detail = "the upstream closed the connection" if problem is None else "the connection broke"
            self.fail(Failure.CLOSED_EARLY, detail)

    def fail(self, failure: Failure, detail: str) -> None:
        """There will be no (whole) answer from the upstream."""
        if self._is_over:
            return
        self._abandon()
        client = self._client
        if self._status:
            self._finish(failure=failure, detail=detail, cut=True)
            return
        self._is_over = True
        client.answer_failure(failure, detail, self._bytes_in)

    def abort(self) -> int:
        """The client's side gives the request up; it reports the outcome itself, from what is told here."""
        self._is_over = True
        self._abandon()
        return self._status

    def client_lost(self) -> None:
        """Nobody is there to answer."""
        if self._is_over:
            return
        if self._status == 101:
            self._end_tunnel(None)
            return
        self._abandon()
        self._finish(client_left=True)

    def _abandon(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abandon()

    def _finish(
        self,
        *,
        failure: Failure | None = None,
        detail: str = "",
        cut: bool = False,
        client_left: bool = False,
    ) -> None:
        if self._is_over:
            return
        self._is_over = True
        request = self._request
        duration = monotonic() - request.started_at
        outcome = Outcome(
            self._status, self._bytes_in, self._bytes_out, duration, failure, None, client_left, detail
        )
        self._client.finish(request, outcome, cut=cut)

    # Back-pressure and time.

    def upstream_paused(self) -> None:
        """The upstream does not keep up with the request body."""
        self._client.pause(PAUSED_BY_UPSTREAM)

    def upstream_resumed(self) -> None:
        """The upstream takes more."""
        self.touched = self._client.engine.now
        self._client.resume(PAUSED_BY_UPSTREAM)

    def client_paused(self) -> None:
        """The client does not keep up with the response."""
        if self._connection is not None:
            self._connection.pause()

    def client_resumed(self) -> None:
        """The client takes more."""
        self.touched = self._client.engine.now
        if self._connection is not None:
            self._connection.resume()

    def sweep(self, now: float) -> None:
        """Look at the clock, about once a second."""
        connection = self._connection
        if connection is None or connection.is_paused:
            return  # connecting has its own time limit; a client that stands still has its own, too
        upstream = self._forward.upstream
        quiet = now - self.touched
        if self._status == 101:
            if min(quiet, now - self._client.touched) > upstream.idle_timeout:
                self._end_tunnel(Failure.IDLE)
        elif self._status:
            if quiet > upstream.idle_timeout:
                self.fail(Failure.IDLE, "the response stood still")
        elif self.request_done:
            if quiet > upstream.response_timeout:
                self.fail(Failure.RESPONSE_TIMEOUT, "no response in time")
        elif quiet > upstream.idle_timeout and self._client.is_paused:
            self.fail(Failure.IDLE, "the upstream does not take the request")
