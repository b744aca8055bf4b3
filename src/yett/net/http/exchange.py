"""One forwarded request: from the decision to the last byte of the response.

Two sides meet here. The client hands over the request body; the channel to the upstream hands
over the response. Each frames what it sends by its own rules, and each side's full buffer stops
the other side's reading.

What must stay true:
  `Client.finish` is called exactly once;
  after the response head went out, a failure cuts the client's connection and never ends the
  response cleanly;
  a request is sent a second time only if no byte of an answer and no byte of its body was seen.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Final

from yett.events import describe, enter_scope
from yett.net.http import events
from yett.net.http.channel import Channel, ConnectFailed, Receiver, Source
from yett.net.http.engine import PAUSED_BY_UPSTREAM, Client
from yett.net.http.head import Fields
from yett.net.http.model import Failure, Forward, Outcome, Refusal, Request
from yett.net.http.response import ResponseHead
from yett.net.http.trailers import without

IDEMPOTENT: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})


class Exchange(Receiver):
    """A request on its way to an upstream, and the answer on its way back."""

    __slots__ = (
        "_answered",
        "_bytes_in",
        "_bytes_out",
        "_channel",
        "_client",
        "_client_ended",
        "_fields",
        "_forward",
        "_is_over",
        "_is_upgrade",
        "_pending",
        "_pending_trailers",
        "_request",
        "_retried",
        "_reused",
        "_sent",
        "_source",
        "_status",
        "_upstream_ended",
    )

    def __init__(
        self,
        client: Client,
        request: Request,
        forward: Forward,
        fields: Fields,
        source: Source,
        upgrade: bool,
    ) -> None:
        # As the base does it, without the call in between.
        self.method = request.method
        self.touched = 0.0
        self.request_done = False
        self._client = client
        self._request = request
        self._forward = forward
        self._fields = fields
        self._source = source
        self._channel: Channel | None = None
        self._is_upgrade = upgrade
        self._is_over = False
        self._retried = False
        self._reused = False
        self._sent = False
        """Whether anything of the body was handed to a channel."""
        self._status = 0
        self._answered = 0.0
        self._bytes_in = 0
        self._bytes_out = 0
        # What nearly no exchange needs is set when it is:
        # `_pending`, `_pending_trailers` while connecting, `_client_ended`, `_upstream_ended` in a tunnel.

    # Sending the request.

    def start(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Send the head with what is there of the body."""
        client = self._client
        self.request_done = done
        self.touched = client.engine.now
        if trailers:
            trailers = without(trailers, self._forward.drop)
        if payload:
            self._bytes_in = len(payload)
            if self._is_too_much():
                return
        self._channel = channel = self._source.take()
        if channel is None:
            self._pending, self._pending_trailers = payload, trailers
            self._connect_later()
            return
        self._reused = True
        if payload or trailers:
            self._sent = True
        request, forward, fields = self._request, self._forward, self._fields
        forwarded = forward.forwarded or client.forwarded(request, fields)
        channel.begin(
            self,
            request,
            forward,
            fields,
            forwarded,
            payload,
            done,
            self._is_upgrade,
            trailers,
        )

    def _connect_later(self) -> None:
        if not self.request_done:
            self._client.pause(PAUSED_BY_UPSTREAM)
        self._client.engine.spawn(self._connect(), name="http.connect")

    async def _connect(self) -> None:
        try:
            channel = await self._source.connect()
        except ConnectFailed as problem:
            if self._is_over:
                return
            if self._turn_elsewhere(problem.failure):
                await self._connect()
            else:
                self.fail(problem.failure, problem.detail)
            return
        if self._is_over:
            channel.abandon()
            return
        self.touched = self._client.engine.now
        self._channel = channel
        request, forward, fields = self._request, self._forward, self._fields
        payload, self._pending = self._pending, b""
        trailers = self._pending_trailers
        if payload or trailers:
            self._sent = True
        channel.begin(
            self,
            request,
            forward,
            fields,
            forward.forwarded or self._client.forwarded(request, fields),
            payload,
            done=self.request_done,
            upgrade=self._is_upgrade,
            trailers=trailers,
        )
        self._client.resume(PAUSED_BY_UPSTREAM)

    def _turn_elsewhere(self, failure: Failure) -> bool:
        """Whether there is another upstream for a request that could not be sent."""
        request, forward = self._request, self._forward
        if forward.instead is None:
            return False
        enter_scope(request.scope)
        try:
            instead = forward.instead(request, forward, failure)
        except Exception as problem:  # noqa: BLE001 - whatever it was: there is nowhere else to send it, and the client is told
            events.gate_failed(step="instead", error=describe(problem))
            return False
        if instead is None:
            return False
        self._forward = instead
        self._source = self._client.engine.pools.get(
            instead.upstream, request.connection, upgrade=self._is_upgrade
        )
        return True

    def take(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """More of the request's body."""
        self.request_done = done
        self._bytes_in += len(payload)
        channel = self._channel
        self.touched = self._client.engine.now
        if self._is_over or self._is_too_much():
            return
        if trailers:
            trailers = without(trailers, self._forward.drop)
        if channel is None:
            self._pending += payload
            self._pending_trailers = trailers
            return
        self._sent = self._sent or bool(payload or trailers)
        channel.send(payload, done=done, trailers=trailers)

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
        if head.status != 100:
            self._client.interim(head)

    def respond(self, head: ResponseHead, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Pass the response's head on, with what is there of its body."""
        client, forward = self._client, self._forward
        self._status = status = head.status
        if done:
            # Most responses come in one piece, and end here.
            self._channel = None
            self._is_over = True
            # Without names, which would cost a look at each.
            client.respond(head, forward.response_add, forward.response_drop, payload, True, trailers)
            request = self._request
            took = monotonic() - request.started_at
            outcome = Outcome(
                status,
                self._bytes_in,
                len(payload),
                took,
                None,
                None,
                False,
                "",
                took,
            )
            client.finish(request, outcome)
            return
        self._answered = monotonic()
        self._bytes_out = len(payload)
        self.touched = client.engine.now
        client.respond(head, forward.response_add, forward.response_drop, payload, done=False)
        if client.is_blocked:
            self.client_paused()

    def more(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Pass more of the response's body on."""
        self._bytes_out += len(payload)
        if done:
            self._channel = None
            self._client.send(payload, done=True, trailers=trailers)
            self._finish()
        else:
            self._client.send(payload, done=False)

    # Tunnels.

    def upgraded(self, head: ResponseHead, early: bytes) -> None:
        """The upstream switched protocols; from here on bytes are bytes."""
        client, forward = self._client, self._forward
        self._status = 101
        self._answered = monotonic()
        self._client_ended = self._upstream_ended = False
        self.touched = client.engine.now
        self._bytes_out = len(early)
        sent_early = client.switch(head, forward.response_add, forward.response_drop, early)
        if sent_early:
            self.take(sent_early, done=True)

    def tunnelled(self, data: bytes) -> None:
        """Bytes from the upstream."""
        self._bytes_out += len(data)
        self._client.send(data, done=False)

    def tunnel_ended(self) -> bool:
        """The upstream will send no more; whether its connection stays open for what the client sends."""
        self._upstream_ended = True
        if self._client_ended or not self._client.send_eof():
            self._end_tunnel(None)
            return False
        return True

    def client_ended(self) -> bool:
        """The client will send no more; whether its connection stays open for what is still to be sent."""
        channel = self._channel
        if channel is None or self._status != 101:
            return True
        self._client_ended = True
        if self._upstream_ended or not channel.send_eof():
            self._end_tunnel(None)
            return False
        return True

    def _end_tunnel(self, failure: Failure | None) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        self._client.retire()
        self._finish(failure=failure)

    # Troubles.

    def lost(self, problem: Exception | None, *, fresh: bool) -> None:
        """The upstream's connection is gone before the response was complete."""
        self._channel = None
        if self._is_over:
            return
        if self._status == 101:
            self._end_tunnel(None)
        elif self._status:
            self.fail(Failure.BODY_BROKEN, "the upstream ended the connection inside the body")
        elif fresh and self._reused and self.method in IDEMPOTENT and self._may_repeat():
            self._repeat()
        else:
            detail = "the upstream closed the connection" if problem is None else "the connection broke"
            self.fail(Failure.CLOSED_EARLY, detail)

    def rejected(self, detail: str) -> None:
        """The upstream did nothing about the request, and said so."""
        self._channel = None
        if self._is_over:
            return
        if not self._status and self._may_repeat():
            self._repeat()
        else:
            self.fail(Failure.CLOSED_EARLY, detail)

    def _may_repeat(self) -> bool:
        return not self._retried and not self._sent

    def _repeat(self) -> None:
        self._retried = True
        self._pending, self._pending_trailers = b"", ()
        enter_scope(self._request.scope)
        events.request_retried(upstream=f"{self._forward.upstream.host}:{self._forward.upstream.port}")
        self._connect_later()

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

    def withdraw(self) -> bool:
        """Give the request up unless its answer has begun."""
        return not self._status and not self.abort()

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
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.abandon()

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
        began = request.started_at
        answered = self._answered - began if self._answered else 0.0
        outcome = Outcome(
            self._status,
            self._bytes_in,
            self._bytes_out,
            monotonic() - began,
            failure,
            None,
            client_left,
            detail,
            answered,
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
        if self._channel is not None:
            self._channel.pause()

    def client_resumed(self) -> None:
        """The client takes more."""
        self.touched = self._client.engine.now
        if self._channel is not None:
            self._channel.resume()

    def sweep(self, now: float) -> None:
        """Look at the clock, about once a second."""
        channel = self._channel
        if channel is None or channel.is_paused:
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
