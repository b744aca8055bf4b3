"""The client's side of a connection: heads in, one decision each, then bytes by the decision.

Phases:
  HEAD    waiting for a head, or for the rest of one
  BODY    a request is in progress and its body still comes (or is read to be thrown away)
  WAIT    a request is in progress, its body is complete; what comes now is kept for later
  TUNNEL  bytes are bytes
  LINGER  the last answer is written; what still comes is thrown away, so that the client
          gets to read the answer before its own bytes provoke a reset
  CLOSED

What must stay true:
  one request at a time is decided on; pipelined ones wait, and their number of bytes is bounded;
  the next head is looked for only when the body before it was read to its end;
  `Gate.finished` is called once for each request that `Gate.decide` was called for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Final

from yett.events import Scope, describe, enter_scope
from yett.net.http import events
from yett.net.http.answers import (
    CHUNKED,
    CLOSE,
    CONTINUE,
    FULL,
    KEEP_ALIVE,
    UPGRADE,
    compose,
    has_no_body,
    plain,
)
from yett.net.http.asgi import ApplicationRun
from yett.net.http.channel import Source
from yett.net.http.charset import Offset
from yett.net.http.chunked import ChunkedDecoder, frame
from yett.net.http.engine import (
    PAUSED_BY_DECISION,
    PAUSED_BY_PIPELINE,
    PAUSED_BY_UPSTREAM,
    Engine,
    Work,
    forwarded_lines,
)
from yett.net.http.exchange import Exchange
from yett.net.http.h2.alpn import PREFACE_LINE, chose_http2
from yett.net.http.head import AROUND_ORDINARY, Fields, Refused, Target
from yett.net.http.model import (
    FAILURE_STATUS,
    REFUSAL_STATUS,
    Answer,
    Connection,
    Decision,
    Failure,
    Forward,
    Outcome,
    Refusal,
    Request,
    Serve,
    Upstream,
)
from yett.net.http.planned import PlannedExchange
from yett.net.http.response import ResponseHead
from yett.net.http.stream import ClientStream, addresses_of, turn_away
from yett.net.http.trailers import announced, permitted_from_client

_EMPTY_LINE: Final = b"\r\n\r\n"
HEAD, BODY, WAIT, TUNNEL, LINGER, CLOSED = range(6)
_MAX_LINGER: Final = 4 << 20
_LARGE: Final = 16 * 1024
"""From here on, pieces are written side by side in place of being joined first."""


class ClientConnection(ClientStream):
    """One connection from a client."""

    __slots__ = (
        "_addresses",
        "_answered",
        "_block",
        "_body_done",
        "_buffer",
        "_chunked_out",
        "_decoder",
        "_discarded",
        "_fields",
        "_forwarded",
        "_forwarded_address",
        "_forwarded_fields",
        "_head_since",
        "_in_heads",
        "_is_eof",
        "_left",
        "_minor",
        "_phase",
        "_request",
        "_skipped",
        "_source",
        "_trailers",
        "_upstream",
        "persistent",
    )

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.persistent = True
        """Whether this connection may serve another request."""
        self._addresses: Connection | None = None
        self._phase = HEAD
        self._buffer = b""
        self._head_since = 0.0
        self._in_heads = False
        self._skipped = False
        self._is_eof = False
        # The newest header block and what it meant: a client's lines repeat.
        self._block = b""
        self._minor = -1
        self._fields: Fields | None = None
        self._forwarded = b""
        self._forwarded_fields: Fields | None = None
        self._forwarded_address = ""
        self._upstream: Upstream | None = None
        self._source: Source | None = None
        # The request in progress.
        self._request: Request | None = None
        self._left = 0
        self._decoder: ChunkedDecoder | None = None
        self._body_done = True
        self._answered = False
        self._chunked_out = False
        self._trailers: Sequence[bytes] = ()
        self._discarded = 0

    # The connection's life.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, unless there are too many."""
        self.transport = transport  # type: ignore[assignment]  # servers make stream transports
        engine = self.engine
        if len(engine.connections) >= engine.limits.max_connections:
            turn_away(engine)
            self._phase = CLOSED
            self.transport.write(FULL)
            self.transport.close()
            return
        engine.connections.add(self)
        self._addresses = addresses_of(transport, self.arrival)
        self.touched = engine.now
        if self._addresses.is_tls and chose_http2(transport):
            self._hand_over(b"")

    def _is_preface(self, data: bytes) -> bool:
        """Whether a connection begins as one of HTTP/2; in TLS that is agreed on in the handshake only."""
        is_tls = self._addresses is not None and self._addresses.is_tls
        return self._fields is None and not is_tls and data.startswith(PREFACE_LINE)

    def _hand_over(self, data: bytes) -> bool:
        """Let HTTP/2 have the connection, if it is spoken here; `data` is what came already."""
        engine = self.engine
        if engine.http2 is None:
            return False
        engine.connections.discard(self)
        self._phase = CLOSED
        successor = engine.http2()
        successor.arrival = self.arrival
        self.transport.set_protocol(successor)
        successor.connection_made(self.transport)
        if data:
            successor.data_received(data)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        engine = self.engine
        engine.connections.discard(self)
        if engine.is_draining and not engine.connections:
            engine.emptied.set()
        self._phase = CLOSED
        self._buffer = b""
        request = self._request
        if request is None:
            return
        if exc is not None and request is not None:
            enter_scope(request.scope)
            events.client_failed(client=self._peer, error=describe(exc))
        if self._work is not None:
            self._work.client_lost()
        elif not self._answered:
            # Still being decided on.
            self._conclude(request, Outcome(0, 0, 0, monotonic() - request.started_at, client_left=True))

    def eof_received(self) -> bool:
        """The client sends no more. It may still read: one that asked gets its answer."""
        self._is_eof = True
        can_stay = self.transport.can_write_eof()
        if self._phase == WAIT:
            return can_stay
        if self._phase == TUNNEL and self._work is not None:
            return self._work.client_ended() and can_stay
        return False

    @property
    def _peer(self) -> str:
        return self._addresses.client_address if self._addresses is not None else ""

    # Reading.

    def data_received(self, data: bytes) -> None:
        """Give bytes their meaning, which depends on the phase only."""
        self.touched = self.engine.now
        phase = self._phase
        if phase == HEAD:
            if self._buffer:
                data = self._buffer + data
                self._buffer = b""
            self._heads(data)
        elif phase == BODY:
            self._body(data)
        elif phase == TUNNEL:
            if self._work is not None:
                self._work.take(data, done=True)
        elif phase == WAIT:
            self._buffer += data
            if len(self._buffer) > self.engine.limits.max_pipelined:
                self.pause(PAUSED_BY_PIPELINE)
        elif phase == LINGER:
            self._discarded += len(data)
            if self._discarded > _MAX_LINGER:
                self.transport.abort()

    def _heads(self, data: bytes) -> None:
        """Begin the requests whose heads are there; a loop, so that pipelining cannot nest."""
        self._in_heads = True
        while True:
            ordinary = self._like_the_last(data)
            if ordinary is not None:
                self._skipped = False
                self._head_since = 0.0
                self._begin(ordinary)
                break
            end = data.find(_EMPTY_LINE)
            if end < 0 or end > self.engine.max_head:
                if not self._wait_for_more(data):
                    break
                self._buffer = data
                break
            head = self._parse(data, end)
            if head is None:  # an empty line before the head, which is forgiven once
                data = data[2:]
                continue
            self._skipped = False
            self._head_since = 0.0
            self._buffer = data[end + 4 :]
            if isinstance(head, Refused):
                if not self._is_preface(data) or not self._hand_over(data):
                    self._refuse_head(head)
                break
            self._begin(head)
            if self._phase != HEAD or not self._buffer:
                break
            data, self._buffer = self._buffer, b""
        self._in_heads = False
        if self._is_eof:
            self._miss_the_rest()

    def _miss_the_rest(self) -> None:
        """The client has stopped sending: what is not here whole by now is given up, what is written goes out."""
        if self._phase == HEAD:
            self._end()
        elif self._phase == BODY:
            self.persistent = False
            if self._work is not None:
                self._work.client_lost()
            else:
                self._end()

    def _wait_for_more(self, data: bytes) -> bool:
        """Whether an incomplete head may still become a good one; the same is found if it comes whole."""
        start = 2 if not self._skipped and data.startswith(b"\r\n") else 0
        feed = data.find(b"\n", start)
        is_ended = feed > start and data[feed - 1] == 13
        # The CR before an LF, or before one that may come, is no part of the line.
        size = (feed - is_ended if feed >= 0 else len(data) - data.endswith(b"\r", start)) - start
        problem = None
        if self.engine.parser.is_too_long(size):
            problem = Refused(Refusal.TARGET_TOO_LONG, "request line too long")
        elif feed >= 0 and not is_ended:
            problem = Refused(Refusal.MALFORMED, "a line ends without CR")
        elif len(data) > self.engine.limits.max_head + 3:  # so that the end of the largest one fits in
            problem = Refused(Refusal.HEAD_TOO_LARGE, "head too large")
        if problem is not None:
            self._refuse_head(problem)
            return False
        if not self._head_since:
            self._head_since = self.engine.now
        return True

    def _like_the_last(self, data: bytes) -> Request | None:
        """The one request that `data` is, if its lines are those of the last one or differ in one value.

        Mostly they do, and then there is no need to look for where the head ends: no empty line stands
        in what is as it was, none fits into a value, and `data` ends with one.
        """
        fields: Fields | None = self._fields
        end: Offset = len(data) - len(_EMPTY_LINE)
        if fields is None or end > self.engine.max_head or not data.endswith(_EMPTY_LINE):
            return None
        line: Target | None = self.engine.parser.beginning(data, end)
        if line is None or line[3] != self._minor:
            return None
        start: Offset = len(line[0]) + len(line[1]) + AROUND_ORDINARY
        if not data.startswith(b"\r\n", start):
            return None
        start += 2
        block: bytes = self._block
        if not (block and end - start == len(block) and data.startswith(block, start)):
            if not fields.follow_in(data, start, end):
                return None
            self._block = b""
        return self._request_of(line, fields)

    def _parse(self, data: bytes, end: int) -> Request | Refused | None:
        line_end = data.find(b"\r\n")
        if line_end == 0 and not self._skipped:
            self._skipped = True
            return None
        line: Target | Refused = self.engine.parser.line(data, line_end)
        if type(line) is not tuple:
            return line  # type: ignore[return-value]  # the only other type; isinstance would cost on each request
        minor, authority = line[3], line[4]
        block = data[line_end + 2 : end]
        fields: Fields | None = self._fields
        if (
            fields is None
            or minor != self._minor
            or authority is not None
            or not ((block and block == self._block) or fields.follow(block))
        ):
            parsed = self.engine.parser.fields(block, minor, authority)
            if isinstance(parsed, Refused):
                return parsed
            fields = self._fields = parsed
            self._minor = minor if authority is None else -1
        self._block = block
        return self._request_of(line, fields)

    def _request_of(self, line: Target, fields: Fields) -> Request:
        method, target, path, minor, _, is_even = line
        addresses: Connection | None = self._addresses
        assert addresses is not None  # noqa: S101 - set when the connection was made
        return Request(
            addresses,
            Scope(self.engine.ids.next(), "", "", "", addresses.client_address),
            method,
            target,
            path,
            fields.host,
            fields.port,
            fields.lines,
            minor,
            fields.cookie,
            fields.authorization,
            fields.content_length,
            fields.is_chunked,
            fields.upgrade,
            monotonic(),
            None,
            is_even,
        )

    def _begin(self, request: Request) -> None:
        """Ask for the decision, and do it."""
        fields = self._fields
        assert fields is not None  # noqa: S101 - the request was made from it
        self._request = request
        self._answered = self._chunked_out = False
        self.persistent = not fields.wants_close and (request.minor_version == 1 or fields.keep_alive)
        if fields.is_chunked:
            self._decoder, self._body_done, self._phase = ChunkedDecoder(), False, BODY
        elif fields.content_length:
            self._left, self._body_done, self._phase = fields.content_length, False, BODY
        else:
            self._body_done, self._phase = True, WAIT
        enter_scope(request.scope)
        trust = self.engine.trust
        unclear = trust.introduce(request, fields) if trust is not None else ""
        if unclear:
            self._request = None
            self._turn_away(request, request.scope, Refusal.MALFORMED, unclear)
            return
        if fields.expectation and fields.expectation != b"100-continue":
            self._request = None
            self._turn_away(request, request.scope, Refusal.EXPECTATION, "an expectation nobody can meet")
            return
        try:
            decision = self.engine.gate.decide(request)
        except Exception as problem:  # noqa: BLE001 - whatever it was: nothing was decided, so nothing is let through
            self._undecided(problem)
            return
        if type(decision) is Forward:
            self._forward(request, fields, decision)
        elif isinstance(decision, (Forward, Answer, Serve)):
            self._carry_out(request, fields, decision)
        else:
            self._phase = WAIT
            self.pause(PAUSED_BY_DECISION)
            self.engine.spawn(self._await(decision, request, fields), name="http.decide")

    async def _await(self, pending: Awaitable[Decision], request: Request, fields: Fields) -> None:
        enter_scope(request.scope)
        try:
            decision = await pending
        except Exception as problem:  # noqa: BLE001 - as above
            if self._request is request:
                self._undecided(problem)
                if self._is_eof:
                    self._miss_the_rest()
            return
        except asyncio.CancelledError:
            if self._request is request:
                self.cut()
            raise
        if self._request is not request:
            return  # the client left meanwhile, and the gate was told so
        self._phase = WAIT if self._body_done else BODY
        # First, because carrying it out may lead to the next decision, which pauses again.
        self.resume(PAUSED_BY_DECISION)
        self._carry_out(request, fields, decision)
        if self._is_eof:
            self._miss_the_rest()

    def _carry_out(self, request: Request, fields: Fields, decision: Decision) -> None:
        if isinstance(decision, Forward):
            self._forward(request, fields, decision)
        elif isinstance(decision, Answer):
            self._answer(decision, fields.expectation)
        else:
            self._serve(request, fields, decision)

    def _forward(self, request: Request, fields: Fields, forward: Forward) -> None:
        is_upgrade = (
            fields.upgrade == b"websocket"
            and request.method == b"GET"
            and self._body_done
            and not fields.framing
        )
        if is_upgrade and not forward.websocket:
            self.refuse(Refusal.UPGRADE, "WebSocket is not passed on here")
            return
        if 0 < forward.max_body < request.content_length:
            self.refuse(Refusal.BODY_TOO_LARGE, "the body is larger than allowed here")
            return
        work: Work
        if forward.plan is None:
            source = self._source
            if source is None or forward.upstream is not self._upstream or source.is_closed or is_upgrade:
                source = self._source = self.engine.pools.get(
                    forward.upstream, request.connection, upgrade=is_upgrade
                )
                # One that is told who the client is has another source for the next client of a proxy.
                is_special = is_upgrade or forward.upstream.send_proxy
                self._upstream = None if is_special else forward.upstream
            exchange = Exchange(self, request, forward, fields, source, is_upgrade)
            if self._body_done:
                self._work = exchange
                exchange.start(b"", True)
                return
            work = exchange
        else:
            work = PlannedExchange(self, request, forward, fields, forward.plan, upgrade=is_upgrade)
        self._work = work
        if self._body_done:
            work.start(b"", done=True)
        else:
            self._start_with_body(work, fields)

    def _serve(self, request: Request, fields: Fields, serve: Serve) -> None:
        if request.content_length > serve.max_body:
            self.refuse(Refusal.BODY_TOO_LARGE, "the body is larger than allowed here")
            return
        run = ApplicationRun(self, request, fields, serve)
        self._work = run
        if self._body_done:
            run.start(b"", done=True)
        else:
            self._start_with_body(run, fields)

    def _start_with_body(self, work: Work, fields: Fields) -> None:
        payload = self._first_payload(fields)
        if payload is not None:
            work.start(payload, done=self._body_done, trailers=self._taken_trailers())

    def _first_payload(self, fields: Fields) -> bytes | None:
        """What came of the body together with the head; None when it was refused."""
        data, self._buffer = self._buffer, b""
        if not data:
            if fields.expectation:
                self.transport.write(CONTINUE)
            return b""
        payload = self._take(data)
        if payload is None:
            self._bad_body()
        return payload

    def _take(self, data: bytes) -> bytes | None:
        """The payload in `data`; what follows the body goes to the buffer. None when it is malformed."""
        decoder = self._decoder
        if decoder is not None:
            payload = decoder.feed(data)
            if not decoder.done:
                return payload
            self._buffer = decoder.rest
            self._decoder = None
            if decoder.trailers and self._request is not None:
                trailers = permitted_from_client(decoder.trailers, self.engine.parser)
                self._trailers = announced(trailers, self._request)
        else:
            left = self._left
            if len(data) < left:
                self._left = left - len(data)
                return data
            payload = data[:left]
            self._buffer = data[left:]
        self._body_done = True
        self._phase = WAIT
        return payload

    def _body(self, data: bytes) -> None:
        payload = self._take(data)
        if payload is None:
            self._bad_body()
        elif self._answered:
            self._discarded += len(data)
            if self._body_done:
                self._next()
            elif self._discarded > self.engine.limits.max_drain:
                self._end()
        elif self._work is not None:
            if self._trailers:
                self._work.take(payload, done=self._body_done, trailers=self._taken_trailers())
            else:
                self._work.take(payload, done=self._body_done)

    def _taken_trailers(self) -> Sequence[bytes]:
        trailers, self._trailers = self._trailers, ()
        return trailers

    def _bad_body(self) -> None:
        problem = self._decoder.problem if self._decoder is not None else "malformed body"
        if self._answered:
            self._end()
        else:
            self.refuse(Refusal.MALFORMED, problem)

    # The response, as work sends it.

    def interim(self, head: ResponseHead) -> None:
        """Pass an interim response on; HTTP/1.0 has none."""
        if self._request is not None and self._request.minor_version:
            self.transport.write(head.compose(b"", frozenset(), b"", b""))

    def respond(
        self,
        head: ResponseHead,
        add: bytes,
        drop: frozenset[bytes],
        payload: bytes,
        done: bool,
        trailers: Sequence[bytes] = (),
    ) -> None:
        """Send a response's head with what is there of its body."""
        request = self._request
        assert request is not None  # noqa: S101 - only the work of a request responds
        # This runs for every request, so the ordinary case is decided here and not in calls.
        status = head.status
        framing = head.length_line if head.length_line and status != 204 else self._framing(status, request)
        if self.persistent and request.minor_version and not self.engine.is_draining:
            connection = b""
        else:
            connection = self._connection_line(request)
        first = head.compose(add, drop, framing, connection)
        if self._chunked_out:
            payload = frame(payload, last=done, trailers=self._asked_for(trailers))
        if len(payload) >= _LARGE:
            self.transport.writelines((first, payload))
        else:
            self.transport.write(first + payload)

    def _framing(self, status: int, request: Request) -> bytes:
        """The line that tells the client where a body ends whose length nobody stated."""
        if has_no_body(status, request.method):
            return b""
        if request.minor_version:
            self._chunked_out = True
            return CHUNKED
        self.persistent = False
        return b""

    def _connection_line(self, request: Request) -> bytes:
        if not self.keeps_alive():
            return CLOSE
        return b"" if request.minor_version else KEEP_ALIVE

    def _asked_for(self, trailers: Sequence[bytes]) -> Sequence[bytes]:
        return trailers if trailers and self._fields is not None and self._fields.takes_trailers else ()

    def send(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Send more of the body, or of what a tunnel carries."""
        if self._chunked_out:
            payload = frame(payload, last=done, trailers=self._asked_for(trailers))
        if payload:
            self.transport.write(payload)

    def switch(self, head: ResponseHead, add: bytes, drop: frozenset[bytes], early: bytes) -> bytes:
        """From here on bytes are bytes; the answer is what came too early."""
        self.transport.write(head.compose(add, drop, UPGRADE, b"") + early)
        self._phase = TUNNEL
        data, self._buffer = self._buffer, b""
        self.resume(PAUSED_BY_PIPELINE)
        return data

    def send_eof(self) -> bool:
        """Say that nothing more comes; False where that cannot be said."""
        if not self.transport.can_write_eof():
            return False
        self.transport.write_eof()
        return True

    def retire(self) -> None:
        """Take no other request."""
        self.persistent = False

    # Answering.

    def keeps_alive(self) -> bool:
        """Whether the response may promise another one; a no is final."""
        if self.engine.is_draining:
            self.persistent = False
        return self.persistent

    def forwarded(self, request: Request, fields: Fields) -> bytes:
        """Who asked, for the upstream; made again only when that changes."""
        address = request.scope.client_address
        if self._forwarded_fields is not fields or self._forwarded_address != address:
            self._forwarded_fields, self._forwarded_address = fields, address
            self._forwarded = forwarded_lines(request, fields)
        return self._forwarded

    def answer(self, answer: Answer) -> int:
        """Send a finished answer for the work in progress."""
        return self._write_answer(self._request, answer)

    def _answer(self, answer: Answer, expectation: bytes = b"") -> None:
        """Send a finished answer to the request in progress."""
        request = self._request
        if request is None:
            return
        size = self._write_answer(request, answer, expectation)
        self._work = None
        outcome = Outcome(answer.status, 0, size, monotonic() - request.started_at)
        self.finish(request, outcome)

    def _write_answer(self, request: Request | None, answer: Answer, expectation: bytes = b"") -> int:
        if answer.close or (expectation and not self._body_done and not self._buffer):
            # A client that waits for 100 may or may not send its body now: only a new connection is sure.
            self.persistent = False
        if not self._body_done and self._left > self.engine.limits.max_drain:
            self.persistent = False
        if not self.keeps_alive():
            connection = CLOSE
        elif request is not None and request.minor_version == 0:
            connection = KEEP_ALIVE
        else:
            connection = b""
        method = request.method if request is not None else b""
        self.transport.write(compose(answer, method, self.engine.date, connection))
        return 0 if method == b"HEAD" else len(answer.body)

    def answer_failure(self, failure: Failure, detail: str, bytes_in: int) -> None:
        """The upstream gave nothing: send the gate's page for that."""
        request = self._request
        if request is None:
            return
        enter_scope(request.scope)
        answer = self._page(
            lambda: self.engine.gate.failed(request, failure, detail), FAILURE_STATUS[failure], "failed"
        )
        size = self._write_answer(request, answer)
        duration = monotonic() - request.started_at
        self.finish(request, Outcome(answer.status, bytes_in, size, duration, failure, detail=detail))

    def _page(self, ask: Callable[[], Answer], status: int, step: str) -> Answer:
        """The gate's page; a bare one if the gate itself fails."""
        try:
            return ask()
        except Exception as problem:  # noqa: BLE001 - the client gets an answer whatever happened here
            events.gate_failed(step=step, error=describe(problem))
            return plain(status, "The request could not be answered.")

    def _undecided(self, problem: Exception) -> None:
        """No decision could be made: nobody gets in on that."""
        request = self._request
        events.gate_failed(step="decide", error=describe(problem))
        self._phase = WAIT if self._body_done else BODY
        reference = request.scope.request_id if request is not None else ""
        self.resume(PAUSED_BY_DECISION)
        self._answer(plain(500, f"Something went wrong here. Reference: {reference}"))

    # Refusing.

    def _refuse_head(self, refused: Refused) -> None:
        scope = Scope(self.engine.ids.next(), "", "", "", self._peer)
        enter_scope(scope)
        self._turn_away(None, scope, refused.refusal, refused.detail)

    def refuse(self, refusal: Refusal, detail: str) -> None:
        """Turn the request in progress away, wherever it stands."""
        request = self._request
        if request is None:
            return
        work, self._work = self._work, None
        sent = work.abort() if work is not None else 0
        enter_scope(request.scope)
        duration = monotonic() - request.started_at
        if sent:
            events.request_refused(client=self._peer, refusal=refusal, detail=detail)
            self.finish(request, Outcome(sent, 0, 0, duration, None, refusal, detail=detail), cut=True)
            return
        status, size = self._turn_away(request, request.scope, refusal, detail)
        self.finish(request, Outcome(status, 0, size, duration, None, refusal, detail=detail))

    def withdraw(self) -> None:
        """What let the request in progress through has ended: a page if its answer has not begun, an end if it has."""
        request, work = self._request, self._work
        if request is None:
            return
        if work is not None and not work.withdraw():
            self.cut()
            return
        self._work = None
        enter_scope(request.scope)
        duration = monotonic() - request.started_at
        status, size = self._turn_away(request, request.scope, Refusal.WITHDRAWN, "")
        self.finish(request, Outcome(status, 0, size, duration, None, Refusal.WITHDRAWN))

    def _turn_away(
        self, request: Request | None, scope: Scope, refusal: Refusal, detail: str
    ) -> tuple[int, int]:
        if refusal is Refusal.WITHDRAWN:
            events.request_withdrawn(client=self._peer)
        else:
            events.request_refused(client=self._peer, refusal=refusal, detail=detail)
        answer = self._page(
            lambda: self.engine.gate.refused(request, scope, refusal, detail),
            REFUSAL_STATUS[refusal],
            "refused",
        )
        # After a refusal nobody can be sure where the next request begins; only an upgrade had no body.
        if refusal is not Refusal.UPGRADE:
            self.persistent = False
        size = self._write_answer(request, answer)
        if self._request is None:
            self._body_done = False
            self._end()
        return answer.status, size

    # Ending.

    def finish(self, request: Request, outcome: Outcome, *, cut: bool = False) -> None:
        """The request in progress is over; on to the next, or to the end of the connection."""
        self._work = None
        self._conclude(request, outcome)
        if self._phase >= LINGER:
            return
        if self._pauses:
            # Whoever did not keep up is out of the game.
            self.resume(PAUSED_BY_UPSTREAM)
        if cut:
            self.cut()
        elif not self.persistent:
            self._end()
        elif not self._body_done:
            self._discarded = 0
            if self._buffer:
                data, self._buffer = self._buffer, b""
                self._body(data)
        else:
            self._next()

    def _conclude(self, request: Request, outcome: Outcome) -> None:
        self._request = None
        self._answered = True
        enter_scope(request.scope)
        try:
            self.engine.gate.finished(request, outcome)
        except Exception as problem:  # noqa: BLE001 - the answer is out; what is left is to say so
            events.gate_failed(step="finished", error=describe(problem))

    def _next(self) -> None:
        if not self.persistent or self.engine.is_draining or (self._is_eof and not self._buffer):
            self._end()
            return
        if self.is_blocked:
            # Who does not read its answers gets no more of them: `resume_writing` goes on.
            self._phase = WAIT
            return
        self._phase = HEAD
        if self._pauses:
            self.resume(PAUSED_BY_PIPELINE)
        if self._buffer and not self._in_heads:
            data, self._buffer = self._buffer, b""
            self._heads(data)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._phase == WAIT and self._request is None and not self.transport.is_closing():
            self._next()

    def _end(self) -> None:
        """Close after what is written went out, without a reset that would destroy it."""
        if self._phase >= LINGER:
            return
        unread = self._buffer or not self._body_done
        self._phase = LINGER
        self._buffer = b""
        self._discarded = 0
        self._head_since = self.engine.now
        can_half_close = self.transport.can_write_eof()
        if self._is_eof or not (unread or can_half_close):
            self.transport.close()
            return
        # Even a client that was told so may still be sending (RFC 9112, 9.6). One that closes ends this.
        if self._pauses:
            self.resume(self._pauses)
        if can_half_close and not self.transport.is_closing():
            self.transport.write_eof()

    def close_if_idle(self) -> None:
        """For draining: a connection between requests is closed, others after their request."""
        if self._phase == HEAD and not self._buffer:
            self._close_idle()

    def _close_idle(self) -> None:
        """Close between requests: nothing was written that could get lost."""
        self._phase = LINGER
        self.transport.close()

    @property
    def requests(self) -> list[Request]:
        """The request in progress, if any."""
        return [self._request] if self._request is not None else []

    def withdraw_requests(self, matches: Callable[[Request], bool]) -> int:
        """Withdraw what is in progress if it matches; the number of requests."""
        if self._request is None or not matches(self._request):
            return 0
        self.withdraw()
        return 1

    # Time.

    def sweep(self, now: float) -> None:
        """Look at the clock, about once a second."""
        limits = self.engine.limits
        phase = self._phase
        if phase == HEAD:
            if self._head_since:
                if now - self._head_since > limits.head_timeout:
                    self._refuse_head(Refused(Refusal.HEAD_TIMEOUT, "the head did not come in time"))
            elif now - self.touched > limits.idle_timeout:
                self._close_idle()
            return
        if self._is_stalled(now):
            self.cut()
        elif phase == LINGER:
            if self.transport.get_write_buffer_size():
                # A client that still reads is not cut off; one that does not was seen above.
                self._head_since = now
            elif now - self._head_since > limits.linger_timeout:
                self.transport.close()
        elif phase == BODY and not self._pauses and now - self.touched > limits.body_timeout:
            if self._answered:
                self._end()
            else:
                self.refuse(Refusal.BODY_TIMEOUT, "the body did not come in time")
        elif self._work is not None:
            self._work.sweep(now)
