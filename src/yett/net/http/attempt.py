"""One attempt of a planned exchange: a channel, from asking for it to its last word.

An attempt knows how to get a channel, hands the request over, and tells its exchange what came
back. What that means for the request is decided there.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final, Protocol

from yett.events import enter_scope
from yett.net.http import events
from yett.net.http.channel import Channel, ConnectFailed, Receiver, Source
from yett.net.http.engine import Client
from yett.net.http.exchange import IDEMPOTENT
from yett.net.http.head import Fields
from yett.net.http.model import Attempt, Failure, Request
from yett.net.http.response import ResponseHead
from yett.net.http.trailers import without

_SHORT: Final = 10.0
"""Seconds below which a timer of its own watches over an attempt."""


class Whole(Protocol):
    """The exchange, as its attempts see it."""

    client: Client
    request: Request
    fields: Fields
    is_upgrade: bool
    is_done: bool
    """Whether the request's body is complete."""
    is_whole: bool
    """Whether all that was received of it is still there."""
    trailers: Sequence[bytes]

    @property
    def body(self) -> bytes: ...
    def connected(self) -> None: ...
    def interim(self, trying: "Trying", head: ResponseHead) -> None: ...
    def answered(
        self, trying: "Trying", head: ResponseHead, payload: bytes, done: bool, trailers: Sequence[bytes]
    ) -> None: ...
    def more(self, payload: bytes, done: bool, trailers: Sequence[bytes]) -> None: ...
    def switched(self, trying: "Trying", head: ResponseHead, early: bytes) -> None: ...
    def tunnelled(self, data: bytes) -> None: ...
    def tunnel_ended(self) -> bool: ...
    def tunnel_gone(self) -> None: ...
    def failed(self, trying: "Trying", failure: Failure, detail: str) -> None: ...
    def balance(self) -> None: ...


class Trying(Receiver):
    """An attempt in progress."""

    __slots__ = (
        "_deadline",
        "_is_repeated",
        "_is_reused",
        "_is_sent",
        "_source",
        "_task",
        "_whole",
        "attempt",
        "channel",
        "is_blocked",
        "is_over",
        "is_tunnel",
    )

    def __init__(self, whole: Whole, attempt: Attempt, source: Source) -> None:
        super().__init__(whole.request.method)
        self.attempt = attempt
        self.channel: Channel | None = None
        self.is_blocked = False
        """Whether the upstream takes no more of the request for the moment."""
        self.is_over = False
        self.is_tunnel = False
        self._whole = whole
        self._source = source
        self._task: asyncio.Task[Any] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._is_reused = False
        self._is_repeated = False
        self._is_sent = False

    # Sending.

    def start(self) -> None:
        """Get a channel, and begin on it."""
        channel = self._source.take()
        if channel is None:
            self._connect_later()
        else:
            self._is_reused = True
            self._begin(channel)

    def _connect_later(self) -> None:
        self._whole.client.engine.spawn(self._connect(), name="http.connect")

    async def _connect(self) -> None:
        if self.attempt.ended_at:
            return
        # Only what has begun can be cancelled in an orderly way.
        self._task = asyncio.current_task()
        try:
            channel = await self._source.connect()
        except ConnectFailed as problem:
            self._task = None
            if not self.is_over:
                self.fail(problem.failure, problem.detail)
            return
        self._task = None
        if self.is_over:
            channel.abandon()
        else:
            self._begin(channel)

    def _begin(self, channel: Channel) -> None:
        whole, forward = self._whole, self.attempt.forward
        self.channel = channel
        self.attempt.connected_at = monotonic()
        self.touched = whole.client.engine.now
        self.request_done = whole.is_done
        body = whole.body
        trailers = without(whole.trailers, forward.drop) if whole.trailers else ()
        self._is_sent = bool(body or trailers)
        channel.begin(
            self,
            whole.request,
            forward,
            whole.fields,
            forward.forwarded or whole.client.forwarded(whole.request, whole.fields),
            body,
            done=self.request_done,
            upgrade=whole.is_upgrade,
            trailers=trailers,
        )
        if self.request_done:
            self._hurry()
        whole.connected()

    def _hurry(self) -> None:
        """A short time to answer is kept to the moment: the sweep would lengthen it several times over."""
        timeout = self.attempt.forward.upstream.response_timeout
        if timeout < _SHORT and self._deadline is None and not self.is_over:
            self._deadline = asyncio.get_running_loop().call_later(timeout, self._expire)

    def _expire(self) -> None:
        self._deadline = None
        if not self.attempt.answered_at and self.channel is not None:
            self.fail(Failure.RESPONSE_TIMEOUT, "no response in time")

    def send(self, payload: bytes, done: bool, trailers: Sequence[bytes]) -> None:
        """More of the request's body, or of what a tunnel carries; without a channel it waits in the exchange."""
        channel = self.channel
        if channel is None:
            return
        self.request_done = done
        self.touched = self._whole.client.engine.now
        if trailers:
            trailers = without(trailers, self.attempt.forward.drop)
        self._is_sent = self._is_sent or bool(payload or trailers)
        channel.send(payload, done=done, trailers=trailers)
        if done:
            self._hurry()

    # What the channel tells.

    def interim(self, head: ResponseHead) -> None:
        """Pass an interim response on; 100 was our business."""
        if head.status != 100:
            self._whole.interim(self, head)

    def respond(self, head: ResponseHead, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        if done:
            self.channel = None
        self.touched = self._whole.client.engine.now
        self.attempt.status = head.status
        self.attempt.answered_at = monotonic()
        if head.status in {429, 503}:
            self.attempt.retry_after = head.value(b"retry-after") or b""
        self._whole.answered(self, head, payload, done=done, trailers=trailers)

    def more(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        if done:
            self.channel = None
        self._whole.more(payload, done=done, trailers=trailers)

    def upgraded(self, head: ResponseHead, early: bytes) -> None:
        self.is_tunnel = True
        self.touched = self._whole.client.engine.now
        self.attempt.status = 101
        self.attempt.answered_at = monotonic()
        self._whole.switched(self, head, early)

    def tunnelled(self, data: bytes) -> None:
        self._whole.tunnelled(data)

    def tunnel_ended(self) -> bool:
        return self._whole.tunnel_ended()

    def lost(self, problem: Exception | None, *, fresh: bool) -> None:
        self.channel = None
        if self.is_over:
            return
        if self.is_tunnel:
            self._whole.tunnel_gone()
        elif self.attempt.answered_at:
            self.fail(Failure.BODY_BROKEN, "the upstream ended the connection inside the body")
        elif fresh and self._is_reused and not self._is_sent and self.method in IDEMPOTENT:
            self._repeat("the upstream closed the connection")
        else:
            detail = "the upstream closed the connection" if problem is None else "the connection broke"
            self.fail(Failure.CLOSED_EARLY, detail)

    def rejected(self, detail: str) -> None:
        self.channel = None
        if self.is_over:
            return
        if self.attempt.answered_at:
            self.fail(Failure.BODY_BROKEN, detail)
        elif self._whole.is_whole:
            self._repeat(detail)
        else:
            self.fail(Failure.CLOSED_EARLY, detail)

    def _repeat(self, detail: str) -> None:
        """The same attempt on a fresh channel, once: nothing was done about the request on this one."""
        if self._is_repeated:
            self.fail(Failure.CLOSED_EARLY, detail)
            return
        self._is_repeated = True
        self.is_blocked = False
        upstream = self.attempt.forward.upstream
        enter_scope(self._whole.request.scope)
        events.request_retried(upstream=f"{upstream.host}:{upstream.port}")
        self._connect_later()
        self._whole.balance()

    def fail(self, failure: Failure, detail: str) -> None:
        """No (whole) answer comes of this."""
        if self.is_over:
            return
        self._abandon()
        self.attempt.failure, self.attempt.detail = failure, detail
        self._whole.failed(self, failure, detail)

    def upstream_paused(self) -> None:
        self.is_blocked = True
        self._whole.balance()

    def upstream_resumed(self) -> None:
        self.is_blocked = False
        self.touched = self._whole.client.engine.now
        self._whole.balance()

    # Time and the end.

    def sweep(self, now: float, *, is_client_paused: bool) -> None:
        """Look at the clock; connecting has its own time limit, and so has a client that stands still."""
        channel = self.channel
        if channel is None or channel.is_paused or self.is_tunnel:
            return
        upstream = self.attempt.forward.upstream
        quiet = now - self.touched
        if self.attempt.answered_at:
            if quiet > upstream.idle_timeout:
                self.fail(Failure.IDLE, "the response stood still")
        elif self.request_done:
            if quiet > upstream.response_timeout:
                self.fail(Failure.RESPONSE_TIMEOUT, "no response in time")
        elif quiet > upstream.idle_timeout and is_client_paused:
            self.fail(Failure.IDLE, "the upstream does not take the request")

    def end(self) -> None:
        """Nothing more comes of this attempt."""
        self.is_over = True
        self.attempt.ended_at = monotonic()
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._abandon()

    def _abandon(self) -> None:
        channel, self.channel = self.channel, None
        if channel is None:
            return
        if self.is_tunnel:
            channel.close()
        else:
            channel.abandon()
