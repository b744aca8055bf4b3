"""One forwarded request with a plan: held back, sent again, sent several times, changed on its way back.

The plan says what may happen (see `model.Plan`); this says when it can.

  HELD       the body is gathered for the plan to see
  PREPARING  the plan takes its time over its last word
  OPEN       attempts are in flight, or one waits for its turn; nothing went to the client
  ANSWERING  one attempt's response goes to the client, and the others are gone
  OVER

What must stay true:
  `Plan.ended` is called exactly once for each attempt, and before `Client.finish`;
  `Client.finish` (or `answer_failure`) is called exactly once, and never after `abort`;
  once a byte of a response went to the client, no other attempt begins;
  an attempt gets the whole body or none: what was let go is never missing in the middle.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from time import monotonic
from typing import Any, Final

from yett.events import describe, enter_scope
from yett.net.http import events
from yett.net.http.answers import has_no_body, plain, status_line
from yett.net.http.attempt import Trying
from yett.net.http.engine import PAUSED_BY_UPSTREAM, Client
from yett.net.http.head import Fields, is_field_line
from yett.net.http.model import (
    Again,
    Answer,
    Attempt,
    BodyFilter,
    BrokenBody,
    Failure,
    Forward,
    Outcome,
    Plan,
    Refusal,
    Reply,
    Request,
)
from yett.net.http.response import ResponseHead, comparable

_HELD, _PREPARING, _OPEN, _ANSWERING, _OVER = range(5)
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"trailer"})


class _Defect(Exception):
    """A plan did what it may not do."""


class PlannedExchange:
    """A request on its way to upstreams by a plan, and one answer on its way back."""

    __slots__ = (
        "_answered_at",
        "_bytes_in",
        "_bytes_out",
        "_chosen",
        "_client_ended",
        "_count",
        "_filter",
        "_forward",
        "_hedging",
        "_is_silent",
        "_is_told",
        "_phase",
        "_pieces",
        "_plan",
        "_size",
        "_status",
        "_task",
        "_tries",
        "_upstream_ended",
        "_waiting",
        "client",
        "fields",
        "is_done",
        "is_upgrade",
        "is_whole",
        "request",
        "trailers",
    )

    def __init__(
        self, client: Client, request: Request, forward: Forward, fields: Fields, plan: Plan, *, upgrade: bool
    ) -> None:
        self.client = client
        self.request = request
        self.fields = fields
        self.is_upgrade = upgrade
        self.is_done = False
        self.is_whole = True
        self.trailers: Sequence[bytes] = ()
        self._plan = plan
        self._forward = forward
        self._phase = _HELD
        self._pieces: list[bytes] = []
        self._size = 0
        self._tries: list[Trying] = []
        self._chosen: Trying | None = None
        self._count = 0
        self._waiting: set[asyncio.TimerHandle] = set()
        """Attempts that wait for their turn."""
        self._hedging: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[Any] | None = None
        self._is_told = False
        self._filter: BodyFilter | None = None
        self._is_silent = False
        """Whether the response's body is thrown away, because its new status has none."""
        self._status = 0
        self._answered_at = 0.0
        self._bytes_in = 0
        self._bytes_out = 0
        self._client_ended = False
        self._upstream_ended = False

    # The request.

    @property
    def body(self) -> bytes:
        """What was received of the body."""
        if len(self._pieces) > 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0] if self._pieces else b""

    def start(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Hold the body back if the plan wants to see it, else ask for its last word."""
        if not self._keep(payload, done=done, trailers=trailers):
            return
        if done or not self._plan.whole_body or self._is_large:
            self._prepare()

    @property
    def _is_large(self) -> bool:
        """Whether the body is known to be larger than the plan wants to see."""
        return max(self._size, self.request.content_length) > self._plan.whole_body

    def take(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """More of the request's body, or of what a tunnel carries."""
        if self._phase == _OVER:
            return
        if self._status == 101:
            self._bytes_in += len(payload)
            if self._chosen is not None:
                self._chosen.send(payload, done=True, trailers=())
            return
        if not self._keep(payload, done=done, trailers=trailers):
            return
        if self._phase == _HELD:
            if done or self._is_large:
                self._prepare()
            return
        if self._phase == _PREPARING:
            return
        for trying in tuple(self._tries):
            trying.send(payload, done=done, trailers=trailers)
        self._let_go()
        if done:
            self._complete()

    def _keep(self, payload: bytes, done: bool, trailers: Sequence[bytes]) -> bool:
        """Take in a piece of the body; False when it was one too many and the request is refused."""
        self._bytes_in += len(payload)
        self.is_done, self.trailers = done, trailers
        if 0 < self._forward.max_body < self._bytes_in:
            self.client.refuse(Refusal.BODY_TOO_LARGE, "the body is larger than allowed here")
            return False
        self._size += len(payload)
        if payload and self.is_whole:
            self._pieces.append(payload)
        return True

    def _let_go(self) -> None:
        """Forget a body that is too long to be kept, once it is on its way."""
        if not self.is_whole or self._size <= self._plan.keep_body:
            return
        if self._chosen is None and not (self._tries and all(trying.channel for trying in self._tries)):
            return  # somebody still has to get it
        self.is_whole = False
        self._pieces = []

    def _complete(self) -> None:
        """The body is complete, and on its way."""
        self.balance()
        if not self._is_told:
            self._is_told = True
            body = self.body if self.is_whole and self._size <= self._plan.keep_body else None
            self._tell("sent", lambda: self._plan.sent(self.request, body))
        if self._phase == _OPEN:
            self._arm_hedge()

    # Preparing.

    def _prepare(self) -> None:
        is_seen = self._plan.whole_body > 0 and self.is_done and self._size <= self._plan.whole_body
        body = self.body if is_seen else None
        self._phase = _PREPARING
        enter_scope(self.request.scope)
        try:
            prepared = self._plan.prepare(self.request, self._forward, body)
        except Exception as problem:  # noqa: BLE001 - a plan's defect is the request's end, not the engine's
            self._defect("prepare", problem)
            return
        if isinstance(prepared, (Forward, Answer)):
            self._prepared(prepared)
        else:
            self.balance()
            self.client.engine.spawn(self._await(prepared), name="http.prepare")

    async def _await(self, pending: Awaitable[Forward | Answer]) -> None:
        if self._phase == _OVER:
            if isinstance(pending, Coroutine):
                pending.close()
            return
        # Only what has begun can be cancelled in an orderly way.
        self._task = asyncio.current_task()
        enter_scope(self.request.scope)
        try:
            prepared = await pending
        except asyncio.CancelledError:
            if self._phase != _OVER:
                self._task = None
                self._finish(cut=True)
            raise
        except Exception as problem:  # noqa: BLE001 - as above
            self._task = None
            self._defect("prepare", problem)
            return
        self._task = None
        if self._phase != _OVER:
            self._prepared(prepared)

    def _prepared(self, prepared: Forward | Answer) -> None:
        if isinstance(prepared, Answer):
            self._status = prepared.status
            self._bytes_out = self.client.answer(prepared)
            self._finish()
            return
        self._forward = prepared
        self._phase = _OPEN
        if 0 < prepared.max_body < self._bytes_in:
            self.client.refuse(Refusal.BODY_TOO_LARGE, "the body is larger than allowed here")
            return
        self._launch(prepared)
        if self.is_done and self._phase != _OVER:
            self._complete()

    # Attempts.

    def _launch(self, forward: Forward, *, is_hedge: bool = False) -> None:
        self._count += 1
        attempt = Attempt(self._count, forward, is_hedge, started_at=monotonic())
        source = self.client.engine.pools.get(
            forward.upstream, self.request.connection, upgrade=self.is_upgrade
        )
        trying = Trying(self, attempt, source)
        self._tries.append(trying)
        trying.start()
        self.balance()

    def connected(self) -> None:
        """An attempt has its channel, and everything that was kept was sent on it."""
        self._let_go()
        self.balance()

    def _launch_later(self, again: Again, forward: Forward) -> None:
        if again.wait <= 0:
            self._launch(forward)
            return

        def turn() -> None:
            self._waiting.discard(handle)
            enter_scope(self.request.scope)
            self._launch(forward)

        handle = asyncio.get_running_loop().call_later(again.wait, turn)
        self._waiting.add(handle)
        self.balance()

    def _drop(self, trying: Trying, *, cancelled: bool = False) -> None:
        """An attempt is over: the plan is told, once."""
        if trying.is_over:
            return
        trying.attempt.is_cancelled = cancelled
        self._tries.remove(trying)
        trying.end()
        self._tell("ended", lambda: self._plan.ended(self.request, trying.attempt))

    def _tell(self, step: str, tell: Callable[[], None]) -> None:
        """Tell the plan what it cannot change any more; its defect is recorded, and changes nothing."""
        enter_scope(self.request.scope)
        try:
            tell()
        except Exception as problem:  # noqa: BLE001 - as above
            events.gate_failed(step=f"plan.{step}", error=describe(problem))

    def failed(self, trying: Trying, failure: Failure, detail: str) -> None:
        """An attempt came to nothing."""
        if trying is self._chosen:
            self._finish(failure=failure, detail=detail, cut=True)
            return
        again = self._ask_again(trying)
        if self._phase == _OVER:
            return
        self._drop(trying)
        if again is not None and again.forward is not None:
            self._launch_later(again, again.forward)
        elif not self._tries and not self._waiting:
            self._give_up(failure, detail)
        else:
            self.balance()

    def _give_up(self, failure: Failure, detail: str) -> None:
        self._close()
        self.client.answer_failure(failure, detail, self._bytes_in)

    def _ask_again(self, trying: Trying) -> Again | None:
        enter_scope(self.request.scope)
        try:
            again = self._plan.again(self.request, trying.attempt, can_repeat=self.is_whole)
            self._check_whole(None if again is None else again.forward)
        except Exception as problem:  # noqa: BLE001 - as above
            self._defect("again", problem)
            return None
        return again

    def _check_whole(self, forward: Forward | None) -> None:
        if forward is not None and not self.is_whole:
            raise _Defect("sending again what is not there any more")

    # Hedging.

    def _arm_hedge(self) -> None:
        after = self._plan.hedge_after
        if after > 0 and self._hedging is None:
            self._hedging = asyncio.get_running_loop().call_later(after, self._hedge)

    def _hedge(self) -> None:
        self._hedging = None
        if self._tries:
            enter_scope(self.request.scope)
            running = [trying.attempt for trying in self._tries]
            try:
                forward = self._plan.hedge(self.request, running, can_repeat=self.is_whole)
                self._check_whole(forward)
            except Exception as problem:  # noqa: BLE001 - as above
                self._defect("hedge", problem)
                return
            if forward is None:
                return
            self._launch(forward, is_hedge=True)
        if self._phase == _OPEN:
            self._arm_hedge()

    # The response.

    def interim(self, trying: Trying, head: ResponseHead) -> None:
        """Pass an interim response on, unless the final one may be another attempt's."""
        if self._phase == _OPEN and self._tries == [trying] and not self._waiting:
            self.client.interim(head)

    def answered(
        self, trying: Trying, head: ResponseHead, payload: bytes, done: bool, trailers: Sequence[bytes]
    ) -> None:
        """An attempt has a response: pass it on, or let it go."""
        if not self._accept(trying):
            return
        try:
            changed = self._changed(trying, head)
            if self._filter is not None:
                trailers = ()
                payload = self._filtered(payload, done=done)
                changed.content_length = len(payload) if done else -1
                changed.length_line = b"Content-Length: %d\r\n" % len(payload) if done else b""
        except BrokenBody as problem:
            self._unreadable(problem)
            return
        except Exception as problem:  # noqa: BLE001 - as above
            self._defect("reply", problem)
            return
        if self._is_silent:
            payload, trailers = b"", ()
        self._status = changed.status
        self._bytes_out = len(payload)
        forward = trying.attempt.forward
        self.client.respond(
            changed, forward.response_add, forward.response_drop, payload, done=done, trailers=trailers
        )
        if done:
            self._finish()
        elif self.client.is_blocked:
            self.client_paused()

    def _accept(self, trying: Trying) -> bool:
        """Whether this attempt's response is the one; then all others are given up."""
        again = self._ask_again(trying)
        if self._phase == _OVER:
            return False
        if again is not None:
            others = len(self._tries) > 1 or bool(self._waiting)
            if again.forward is not None or others:
                self._drop(trying)
                if again.forward is not None:
                    self._launch_later(again, again.forward)
                else:
                    self.balance()
                return False
        trying.attempt.is_chosen = True
        self._chosen = trying
        self._phase = _ANSWERING
        self._answered_at = trying.attempt.answered_at
        self._disarm()
        for other in tuple(self._tries):
            if other is not trying:
                self._drop(other, cancelled=True)
        self._let_go()
        self.balance()
        return True

    def _changed(self, trying: Trying, head: ResponseHead) -> ResponseHead:
        """The head as the plan wants it; the very same if it wants nothing."""
        reply = Reply(head.status, list(head.kept), head.content_length)
        enter_scope(self.request.scope)
        self._plan.reply(self.request, trying.attempt, reply)
        had_none = has_no_body(head.status, self.request.method)
        has_none = has_no_body(reply.status, self.request.method)
        is_filtered = reply.filter is not None
        if reply.status == head.status and reply.lines == head.kept and not is_filtered:
            return head
        _check(reply, head)
        first = head.status_line if reply.status == head.status else status_line(reply.status)[:-2]
        changed = ResponseHead(reply.status, first)
        changed.kept = reply.lines
        if had_none and not has_none:
            changed.content_length, changed.length_line = 0, b"Content-Length: 0\r\n"
        elif not is_filtered:
            changed.content_length, changed.length_line = head.content_length, head.length_line
        if not has_none and not had_none:
            self._filter = reply.filter
        self._is_silent = has_none
        return changed

    def _filtered(self, payload: bytes, done: bool) -> bytes:
        body_filter = self._filter
        if body_filter is None:
            return payload
        enter_scope(self.request.scope)
        if payload:
            payload = body_filter.feed(payload)
        return payload + body_filter.end() if done else payload

    def more(self, payload: bytes, done: bool, trailers: Sequence[bytes]) -> None:
        """More of the chosen response's body."""
        if self._filter is not None:
            trailers = ()
            try:
                payload = self._filtered(payload, done=done)
            except BrokenBody as problem:
                self._unreadable(problem)
                return
            except Exception as problem:  # noqa: BLE001 - as above
                self._defect("filter", problem)
                return
        if self._is_silent:
            payload, trailers = b"", ()
        self._bytes_out += len(payload)
        self.client.send(payload, done=done, trailers=trailers)
        if done:
            self._finish()

    # Tunnels.

    def switched(self, trying: Trying, head: ResponseHead, early: bytes) -> None:
        """An attempt's upstream switched protocols."""
        if not self._accept(trying):
            return
        try:
            changed = self._changed(trying, head)
        except Exception as problem:  # noqa: BLE001 - as above
            self._defect("reply", problem)
            return
        self._status = 101
        self._bytes_out = len(early)
        forward = trying.attempt.forward
        sent_early = self.client.switch(changed, forward.response_add, forward.response_drop, early)
        if sent_early:
            self.take(sent_early, done=True)

    def tunnelled(self, data: bytes) -> None:
        """Bytes from the upstream."""
        self._bytes_out += len(data)
        self.client.send(data, done=False)

    def tunnel_ended(self) -> bool:
        """The upstream will send no more; whether its channel stays open for what the client sends."""
        self._upstream_ended = True
        if self._client_ended or not self.client.send_eof():
            self._end_tunnel(None)
            return False
        return True

    def client_ended(self) -> bool:
        """The client will send no more; whether its connection stays open for what is still to be sent."""
        channel = self._chosen.channel if self._chosen is not None else None
        if channel is None or self._status != 101:
            return True
        self._client_ended = True
        if self._upstream_ended or not channel.send_eof():
            self._end_tunnel(None)
            return False
        return True

    def tunnel_gone(self) -> None:
        """The upstream's connection is gone."""
        self._end_tunnel(None)

    def _end_tunnel(self, failure: Failure | None) -> None:
        self.client.retire()
        self._finish(failure=failure)

    # Troubles.

    def _unreadable(self, problem: BrokenBody) -> None:
        """A filter found that the upstream's body is broken."""
        if self._phase == _OVER:
            return
        if self._status:
            self._finish(failure=Failure.BODY_BROKEN, detail=str(problem), cut=True)
        else:
            self._give_up(Failure.BODY_BROKEN, str(problem))

    def _defect(self, step: str, problem: Exception) -> None:
        """The plan broke: nobody knows what should be sent now, so nothing is."""
        if self._phase == _OVER:
            return
        enter_scope(self.request.scope)
        events.gate_failed(step=f"plan.{step}", error=describe(problem))
        if self._status:
            self._finish(detail="the plan for this request broke", cut=True)
            return
        self._close()
        if not self.is_done:
            self.client.retire()
        answer = plain(500, f"Something went wrong here. Reference: {self.request.scope.request_id}")
        self._status = 500
        self._bytes_out = self.client.answer(answer)
        self._finish_closed()

    def client_lost(self) -> None:
        """Nobody is there to answer."""
        if self._phase == _OVER:
            return
        if self._status == 101:
            self._end_tunnel(None)
        else:
            self._finish(client_left=True)

    def abort(self) -> int:
        """The client's side gives the request up, and reports it."""
        self._close(cancelled=True)
        return self._status

    def withdraw(self) -> bool:
        """Give the request up unless its answer has begun."""
        return not self._status and not self.abort()

    def _finish(
        self,
        *,
        failure: Failure | None = None,
        detail: str = "",
        cut: bool = False,
        client_left: bool = False,
    ) -> None:
        if self._phase == _OVER:
            return
        self._close(cancelled=client_left)
        self._finish_closed(failure=failure, detail=detail, cut=cut, client_left=client_left)

    def _finish_closed(
        self,
        *,
        failure: Failure | None = None,
        detail: str = "",
        cut: bool = False,
        client_left: bool = False,
    ) -> None:
        began = self.request.started_at
        outcome = Outcome(
            self._status,
            self._bytes_in,
            self._bytes_out,
            monotonic() - began,
            failure,
            None,
            client_left,
            detail,
            self._answered_at - began if self._answered_at else 0.0,
        )
        self.client.finish(self.request, outcome, cut=cut)

    def _close(self, *, cancelled: bool = False) -> None:
        """End everything that is still going on, and tell the plan."""
        if self._phase == _OVER:
            return
        self._phase = _OVER
        self._disarm()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        for trying in tuple(self._tries):
            self._drop(trying, cancelled=cancelled or trying is not self._chosen)
        self._pieces = []

    def _disarm(self) -> None:
        if self._hedging is not None:
            self._hedging.cancel()
            self._hedging = None
        for handle in self._waiting:
            handle.cancel()
        self._waiting.clear()

    # Back-pressure and time.

    def balance(self) -> None:
        """Read from the client only while somebody takes what it sends."""
        if self._phase == _OVER:
            return
        is_stuck = self._phase == _PREPARING or (
            self._phase != _HELD
            and (not self._tries or any(t.is_blocked or t.channel is None for t in self._tries))
        )
        if is_stuck and (not self.is_done or self._status == 101):
            self.client.pause(PAUSED_BY_UPSTREAM)
        else:
            self.client.resume(PAUSED_BY_UPSTREAM)

    def client_paused(self) -> None:
        """The client does not keep up with the response."""
        if self._chosen is not None and self._chosen.channel is not None:
            self._chosen.channel.pause()

    def client_resumed(self) -> None:
        """The client takes more."""
        if self._chosen is not None and self._chosen.channel is not None:
            self._chosen.touched = self.client.engine.now
            self._chosen.channel.resume()

    def sweep(self, now: float) -> None:
        """Look at the clock, about once a second."""
        chosen = self._chosen
        if chosen is not None and chosen.is_tunnel:
            quiet = min(now - chosen.touched, now - self.client.touched)
            if quiet > chosen.attempt.forward.upstream.idle_timeout:
                self._end_tunnel(Failure.IDLE)
            return
        is_paused = self.client.is_paused
        for trying in tuple(self._tries):
            trying.sweep(now, is_client_paused=is_paused)


def _check(reply: Reply, head: ResponseHead) -> None:
    """Whatever a plan put into a head goes to a client, so it has to be one."""
    if reply.status != head.status and (head.status == 101 or not 200 <= reply.status <= 599):
        raise _Defect(f"status {reply.status}")
    known = set(head.kept)
    for line in reply.lines:
        if line not in known and (
            not is_field_line(line, 0, len(line)) or comparable(line.partition(b":")[0]) in _FRAMING
        ):
            raise _Defect("an invalid response header")
