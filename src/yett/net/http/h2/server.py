"""Clients that speak HTTP/2: a connection of many requests, each of them a stream.

A stream is the `Client` that a request's work sees, as an HTTP/1.1 connection is for its one
request. It goes through the same parser, the same gate, the same exchange.

What must stay true, besides what `connection` says:
  `Gate.finished` is called once for each request that `Gate.decide` was called for;
  a stream that ends, ends for its request only; a connection that ends, for all of them.
"""

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Final

from yett.events import Scope, describe, enter_scope
from yett.net.http import events
from yett.net.http.answers import plain
from yett.net.http.asgi import ApplicationRun
from yett.net.http.channel import Source
from yett.net.http.engine import PAUSED_BY_DECISION, PAUSED_BY_PIPELINE, Engine, Work, forwarded_lines
from yett.net.http.exchange import Exchange
from yett.net.http.h2 import events as said
from yett.net.http.h2 import frames
from yett.net.http.h2.connection import STREAM_WINDOW, Budget, Machine, Stream
from yett.net.http.h2.frames import Code
from yett.net.http.h2.head import (
    FieldReader,
    Malformed,
    RequestHead,
    encode_lines,
    encode_response,
    encode_status,
)
from yett.net.http.h2.hpack import Field, encode_field
from yett.net.http.head import Fields, Refused
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
from yett.net.http.stream import ClientStream, addresses_of
from yett.net.http.trailers import permitted_from_client

_CONTINUE: Final = encode_status(100)
_MOST_REMEMBERED: Final = 64
_LONGEST_REMEMBERED: Final = 4096
"""Bytes of a head that is remembered: together this bounds what a connection can make us keep."""
_MAX_LINGER: Final = 4 << 20
_LARGEST_BUFFER: Final = 1 << 20
"""Bytes that wait for the transport until nothing more is read from whoever does not read."""
_HANDSHAKE: Final = b"Sec-WebSocket-Key: %b\r\nConnection: Upgrade\r\nUpgrade: websocket"
_OPEN: Final = 2
_ANNOUNCED, _FINAL = 1, 2
_HEAD: Final = (b":method", b"HEAD")
_NOTHING: Final[frozenset[bytes]] = frozenset()
_NOT_FOR_STREAMS: Final = frozenset({b"sec-websocket-accept"})


class ClientRequest(Stream):
    """One request of a client, from its head to the last byte of the response."""

    __slots__ = (
        "_answered",
        "_body_done",
        "_early",
        "_early_trailers",
        "_fields",
        "_is_head",
        "_is_responding",
        "_pauses",
        "_request",
        "_stalled_since",
        "_tunnel",
        "_work",
        "connection",
        "engine",
        "touched",
    )

    def __init__(self, connection: "H2ClientConnection", machine: Machine, number: int) -> None:
        super().__init__(machine, number)
        self.connection = connection
        self.engine = connection.engine
        self.touched = connection.engine.now
        self._request: Request | None = None
        self._fields: Fields | None = None
        self._work: Work | None = None
        self._pauses = 0
        self._early = bytearray()
        self._body_done = False
        self._answered = False
        self._early_trailers: Sequence[bytes] = ()
        self._tunnel = 0
        """0 for a request, 1 when a tunnel was asked for, 2 when it is open."""
        self._is_head = False
        self._is_responding = False
        self._stalled_since = 0.0

    # The head.

    def head(self, fields: list[Field] | None, *, end: bool) -> None:
        """The request's head, or its trailers."""
        self.touched = self.engine.now
        if self._fields is not None or self._answered:
            self._trailing(fields, end=end)
            return
        self._body_done = end
        if fields is None:
            self._refuse_head(Refused(Refusal.HEAD_TOO_LARGE, "head too large"))
            # A small block can stand for many fields: reading it is work that nobody should have done often.
            self.machine.budget.spend(Budget.RESET)
            return
        self._is_head = _HEAD in fields
        head = self.connection.reader.request(fields, end=end)
        if isinstance(head, Malformed):
            self.violated(Code.PROTOCOL_ERROR, head.detail)
            return
        request = self._parse(head)
        if isinstance(request, Refused):
            self._refuse_head(request)
        elif end and request.content_length:
            self.violated(Code.PROTOCOL_ERROR, "a body that is missing")
        else:
            if not end and not request.is_chunked and not request.upgrade:
                self.expected = request.content_length
            self._begin(request)

    def _parse(self, head: RequestHead) -> Request | Refused:
        connection = self.connection
        parser = self.engine.parser
        line = parser.line(head.line, len(head.line))
        if isinstance(line, Refused):
            return line
        method, target, path, _, _, is_even = line
        fields = connection.known(head.lines)
        if fields is None or head.is_websocket:
            block = b"\r\n".join(head.lines)
            if head.is_websocket:
                # What an HTTP/1.1 client would have said for the same (RFC 8441, 5).
                self._tunnel, self._body_done = 1, True
                key = base64.b64encode(secrets.token_bytes(16))
                block = b"%b\r\n%b" % (block, _HANDSHAKE % key) if block else _HANDSHAKE % key
            parsed = parser.fields(block, 1)
            if isinstance(parsed, Refused):
                return parsed
            fields = parsed
            # RFC 9113, 8.2.2: here TE is said without Connection.
            fields.takes_trailers = any(line.lower() == b"te: trailers" for line in head.lines)
            if not head.is_websocket:
                connection.remember(head.lines, fields)
        self._fields = fields
        addresses = connection.addresses
        return Request(
            addresses,
            Scope(self.engine.ids.next(), "", "", "", addresses.client_address),
            method,
            target,
            path,
            fields.host,
            fields.port,
            fields.lines,
            1,
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
        enter_scope(request.scope)
        if fields.expectation and fields.expectation != b"100-continue":
            self._request = None
            self._turn_away(request, request.scope, Refusal.EXPECTATION, "an expectation nobody can meet")
            return
        trust = self.engine.trust
        problem = trust.introduce(request, fields) if trust is not None else ""
        if problem:
            self._request = None
            self._turn_away(request, request.scope, Refusal.MALFORMED, problem)
            return
        try:
            decision = self.engine.gate.decide(request)
        except Exception as raised:  # noqa: BLE001 - whatever it was: nothing was decided, so nothing is let through
            self._undecided(raised)
            return
        if type(decision) is Forward:
            self._forward(request, fields, decision)
        elif isinstance(decision, (Forward, Answer, Serve)):
            self._carry_out(request, fields, decision)
        else:
            self.pause(PAUSED_BY_DECISION)
            self.engine.spawn(self._await(decision, request, fields), name="http.decide")

    async def _await(self, pending: Awaitable[Decision], request: Request, fields: Fields) -> None:
        enter_scope(request.scope)
        try:
            decision = await pending
        except Exception as problem:  # noqa: BLE001 - as above
            if self._request is request:
                self._undecided(problem)
            return
        except asyncio.CancelledError:
            if self._request is request:
                self.cut()
            raise
        if self._request is not request:
            return  # the client left meanwhile, and the gate was told so
        self._carry_out(request, fields, decision)
        self.resume(PAUSED_BY_DECISION)

    def _carry_out(self, request: Request, fields: Fields, decision: Decision) -> None:
        if isinstance(decision, Forward):
            self._forward(request, fields, decision)
        elif isinstance(decision, Answer):
            self._answer(decision)
        else:
            self._serve(request, fields, decision)

    def _forward(self, request: Request, fields: Fields, forward: Forward) -> None:
        if self._tunnel and not forward.websocket:
            self.refuse(Refusal.UPGRADE, "WebSocket is not passed on here")
            return
        if 0 < forward.max_body < request.content_length:
            self.refuse(Refusal.BODY_TOO_LARGE, "the body is larger than allowed here")
            return
        is_upgrade = self._tunnel != 0
        if forward.plan is None:
            source = self.connection.source_for(forward.upstream, request.connection, upgrade=is_upgrade)
            self._start(Exchange(self, request, forward, fields, source, upgrade=is_upgrade))
        else:
            self._start(PlannedExchange(self, request, forward, fields, forward.plan, upgrade=is_upgrade))

    def _serve(self, request: Request, fields: Fields, serve: Serve) -> None:
        if request.content_length > serve.max_body:
            self.refuse(Refusal.BODY_TOO_LARGE, "the body is larger than allowed here")
            return
        self._start(ApplicationRun(self, request, fields, serve))

    def _start(self, work: Work) -> None:
        self._work = work
        if self._tunnel:
            # What came early belongs into the tunnel, once there is one.
            work.start(b"", done=True)
            return
        payload, self._early = bytes(self._early), bytearray()
        fields = self._fields
        if not self._body_done and not payload and fields is not None and fields.expectation:
            self.send_headers(_CONTINUE, end=False)
        trailers, self._early_trailers = self._early_trailers, ()
        work.start(payload, done=self._body_done, trailers=trailers)

    # The body.

    def data(self, payload: bytes, *, end: bool) -> None:
        """More of the request's body, or of what a tunnel carries."""
        self.touched = self.engine.now
        work = self._work
        if self._tunnel == _OPEN:
            if payload and work is not None:
                work.take(payload, done=True)
            if end:
                self._client_ended()
        elif self._tunnel:
            self._early += payload
            self.hold()
        else:
            self._body_done = end
            if work is not None:
                work.take(payload, done=end)
            elif not self._answered:
                self._early += payload

    def _trailing(self, fields: list[Field] | None, *, end: bool) -> None:
        """A second header block: trailers, or a mistake (RFC 9113, 8.1)."""
        lines = (
            self.connection.reader.trailers(fields) if fields is not None else Malformed("trailers too large")
        )
        if not end or self._tunnel or self.expected > 0:
            lines = Malformed("a header block inside the body")
        if isinstance(lines, Malformed):
            self.violated(Code.PROTOCOL_ERROR, lines.detail)
            return
        self._body_done = True
        trailers = permitted_from_client(lines, self.engine.parser)
        if self._work is not None:
            self._work.take(b"", done=True, trailers=trailers)
        else:
            self._early_trailers = trailers

    def _client_ended(self) -> None:
        if self._work is not None:
            self._work.client_ended()

    @property
    def is_paused(self) -> bool:
        """Whether the client gets no more credit at the moment."""
        return self._pauses != 0

    def pause(self, reason: int) -> None:
        """Give no more credit until every reason is gone."""
        self._pauses |= reason
        self.hold()

    def resume(self, reason: int) -> None:
        """One reason not to read is gone."""
        if not self._pauses & reason:
            return
        self._pauses &= ~reason
        if not self._pauses:
            self.touched = self.engine.now
            self.release()

    def blocked(self) -> None:
        if self._work is not None:
            self._work.client_paused()

    def unblocked(self) -> None:
        if self._work is not None:
            self._work.client_resumed()

    # The response, as work sends it.

    def forwarded(self, request: Request, fields: Fields) -> bytes:
        """Who asked, for the upstream."""
        return self.connection.forwarded(request, fields)

    def interim(self, head: ResponseHead) -> None:
        """Pass an interim response on."""
        self.send_headers(encode_response(head, b"", _NOTHING), end=False)

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
        known = head.encoded
        if known is not None and known[0] == add and known[1] == drop:
            block = known[2]
        else:
            block = encode_response(head, add, drop)
            head.encoded = (add, drop, block)
        self._is_responding = True
        if payload or trailers or not done:
            self.send_headers(block, end=False)
            if payload or trailers:
                self.send(payload, done=done, trailers=trailers)
        else:
            self.send_headers(block, end=True)

    def send(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Send more of the body, or of what a tunnel carries."""
        self.send_data(payload, end=done, trailers=encode_lines(trailers) if trailers else b"")

    def switch(self, head: ResponseHead, add: bytes, drop: frozenset[bytes], early: bytes) -> bytes:
        """The upstream is a WebSocket: so is the stream from here on (RFC 8441, 5)."""
        self._tunnel = _OPEN
        self.send_headers(encode_response(head, add, drop | _NOT_FOR_STREAMS, status=200), end=False)
        if early:
            self.send_data(early, end=False)
        data, self._early = bytes(self._early), bytearray()
        if not self._pauses:
            self.release()
        if self.remote_ended:
            # After what is given back here went its way.
            asyncio.get_running_loop().call_soon(self._client_ended)
        return data

    def send_eof(self) -> bool:
        """Nothing more comes; that can always be said here."""
        self.send_data(b"", end=True)
        return True

    def retire(self) -> None:
        """Other requests on the connection are none of this one's business."""

    # Answering.

    def answer(self, answer: Answer) -> int:
        """Send a finished answer for the work in progress."""
        return self._write_answer(answer)

    def _answer(self, answer: Answer) -> None:
        """Send a finished answer to the request in progress."""
        request = self._request
        if request is None:
            return
        size = self._write_answer(answer)
        self._work = None
        self.finish(request, Outcome(answer.status, 0, size, monotonic() - request.started_at))

    def _write_answer(self, answer: Answer) -> int:
        body = b"" if self._is_head else answer.body
        self.send_headers(self.connection.encoded_answer(answer), end=not body)
        if body:
            self.send_data(body, end=True)
        return len(body)

    def answer_failure(self, failure: Failure, detail: str, bytes_in: int) -> None:
        """The upstream gave nothing: send the gate's page for that."""
        request = self._request
        if request is None:
            return
        enter_scope(request.scope)
        answer = self._page(
            lambda: self.engine.gate.failed(request, failure, detail), FAILURE_STATUS[failure], "failed"
        )
        size = self._write_answer(answer)
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
        reference = request.scope.request_id if request is not None else ""
        self._answer(plain(500, f"Something went wrong here. Reference: {reference}"))

    # Refusing.

    def _refuse_head(self, refused: Refused) -> None:
        scope = Scope(self.engine.ids.next(), "", "", "", self.connection.peer)
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
            events.request_refused(client=self.connection.peer, refusal=refusal, detail=detail)
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
            events.request_withdrawn(client=self.connection.peer)
        else:
            events.request_refused(client=self.connection.peer, refusal=refusal, detail=detail)
        answer = self._page(
            lambda: self.engine.gate.refused(request, scope, refusal, detail),
            REFUSAL_STATUS[refusal],
            "refused",
        )
        self._answered = True
        return answer.status, self._write_answer(answer)

    def violated(self, code: Code, detail: str) -> None:
        """The client broke a rule of HTTP/2: the stream is reset, without a page."""
        self.reset(code)
        request, self._request = self._request, None
        work, self._work = self._work, None
        sent = work.abort() if work is not None else 0
        enter_scope(request.scope if request is not None else self.connection.scope())
        events.request_refused(client=self.connection.peer, refusal=Refusal.MALFORMED, detail=detail)
        if request is not None:
            duration = monotonic() - request.started_at
            self._conclude(request, Outcome(sent, 0, 0, duration, None, Refusal.MALFORMED, detail=detail))
        self.machine.budget.spend(Budget.RESET)

    # Ending.

    def finish(self, request: Request, outcome: Outcome, *, cut: bool = False) -> None:
        """The request is over."""
        self._work = None
        self._conclude(request, outcome)
        if cut:
            self.reset(Code.INTERNAL_ERROR)
            return
        if not self.local_ended:
            self.send_data(b"", end=True)
        if not outcome.client_left:
            self.machine.budget.earn(Budget.PER_STREAM)
        if self._pauses:
            # Whoever did not keep up is out of the game.
            self.resume(self._pauses)

    def _conclude(self, request: Request, outcome: Outcome) -> None:
        self._request = None
        self._answered = True
        self._early = bytearray()
        enter_scope(request.scope)
        try:
            self.engine.gate.finished(request, outcome)
        except Exception as problem:  # noqa: BLE001 - the answer is out; what is left is to say so
            events.gate_failed(step="finished", error=describe(problem))

    def ended_early(self) -> None:
        """The response is out whole, and what the client still sends is of no use (RFC 9113, 8.1)."""
        if 0 <= self.expected <= self.engine.limits.max_drain and not self._tunnel:
            # Not much: easier read than refused, and some clients take a reset for a failure.
            self.touched = self.engine.now
        else:
            self.reset(Code.NO_ERROR)

    def lost(self, code: int, detail: str) -> None:  # noqa: ARG002 - the port names them; nobody asks why a client left
        """The client gave the request up, or is gone."""
        request = self._request
        if request is None:
            return
        if self._work is not None:
            self._work.client_lost()
        else:
            # Still being decided on.
            self._conclude(request, Outcome(0, 0, 0, monotonic() - request.started_at, client_left=True))

    def cut(self) -> None:
        """End the request at once, in a way no client takes for the end of a response."""
        self.reset(Code.CANCEL)
        self.lost(Code.CANCEL, "cut off")

    @property
    def request(self) -> Request | None:
        """The request in progress."""
        return self._request

    # Time.

    def sweep(self, now: float) -> None:
        """Look at the clock, about once a second."""
        limits = self.engine.limits
        queued = self.queued
        if not queued or self.has_moved or self.machine.is_choked or not self._stalled_since:
            # A transport that takes no more is the connection's business.
            self.has_moved, self._stalled_since = False, now
        elif now - self._stalled_since > limits.body_timeout:
            self.cut()
            return
        work = self._work
        if work is None:
            if self.local_ended and not queued and now - self.touched > limits.linger_timeout:
                self.reset(Code.NO_ERROR)
            return
        if (
            not self._body_done
            and not self._pauses
            and not self._is_responding
            and now - self.touched > limits.body_timeout
            and not self._is_conversation()
        ):
            self.refuse(Refusal.BODY_TIMEOUT, "the body did not come in time")
        else:
            work.sweep(now)

    def _is_conversation(self) -> bool:
        """Whether a client may be silent for long in the middle of its request, as those of gRPC may."""
        request = self._request
        kind = request.field(b"content-type") if request is not None else None
        return kind is not None and kind.startswith(b"application/grpc")


class _ServerMachine(Machine):
    """The machine of a client's connection."""

    __slots__ = ("connection",)

    def __init__(self, connection: "H2ClientConnection") -> None:
        limits = connection.engine.limits
        super().__init__(is_server=True, max_list=limits.max_head, max_streams=limits.max_streams)
        self.connection = connection

    def open(self, number: int) -> Stream:
        return ClientRequest(self.connection, self, number)

    def wake(self) -> None:
        self.connection.wake()

    def failed(self, code: Code, detail: str) -> None:
        self.connection.failed(code, detail)

    def answered_ping(self) -> None:
        self.connection.answered_ping()


class H2ClientConnection(ClientStream):
    """One connection from a client that speaks HTTP/2."""

    __slots__ = (
        "_active_at",
        "_block_since",
        "_discarded",
        "_forwarded",
        "_forwarded_address",
        "_forwarded_fields",
        "_is_awake",
        "_is_gone",
        "_known",
        "_lingers_since",
        "_loop",
        "_machine",
        "_parting",
        "_preface",
        "_source",
        "_upstream",
        "addresses",
        "reader",
    )

    def __init__(self, engine: Engine, reader: FieldReader) -> None:
        super().__init__(engine)
        self.reader = reader
        self.addresses: Connection
        self._loop = asyncio.get_running_loop()
        self._machine = _ServerMachine(self)
        self._preface = frames.PREFACE
        """What is still to come of it."""
        self._is_awake = False
        self._is_gone = False
        """Whether nothing more is said: the client has left, or is only waited for."""
        self._lingers_since = 0.0
        self._discarded = 0
        self._active_at = engine.now
        """When there last was a stream."""
        self._block_since = 0.0
        self._parting = 0
        """How far a goodbye has come: 1 when announced, 2 when final."""
        self._known: dict[tuple[bytes, ...], Fields] = {}
        self._forwarded = b""
        self._forwarded_fields: Fields | None = None
        self._forwarded_address = ""
        self._upstream: Upstream | None = None
        self._source: Source | None = None

    # The connection's life.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a connection that was let in already."""
        self.transport = transport  # type: ignore[assignment]  # servers make stream transports
        engine = self.engine
        engine.connections.add(self)
        self.addresses = addresses_of(transport, self.arrival)
        self.addresses.protocol = "h2"
        self.touched = self._active_at = engine.now
        limits = engine.limits
        self._machine.greet(
            {
                frames.MAX_CONCURRENT_STREAMS: limits.max_streams,
                frames.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                frames.MAX_HEADER_LIST_SIZE: limits.max_head,
                frames.ENABLE_CONNECT_PROTOCOL: 1,
                frames.NO_RFC7540_PRIORITIES: 1,
            }
        )

    def connection_lost(self, exc: Exception | None) -> None:
        engine = self.engine
        self._is_gone = True
        if exc is not None and self._machine.streams:
            enter_scope(self.scope())
            events.client_failed(client=self.peer, error=describe(exc))
        self._machine.close(Code.CANCEL, "the connection is gone")
        engine.connections.discard(self)
        if engine.is_draining and not engine.connections:
            engine.emptied.set()

    def eof_received(self) -> bool:
        """A client that sends no more cannot keep up its side of the connection."""
        self._is_gone = True
        return False

    @property
    def peer(self) -> str:
        """The client's address."""
        return self.addresses.client_address

    def scope(self) -> Scope:
        """For what concerns no request."""
        return Scope(self.engine.ids.next(), "", "", "", self.peer)

    def data_received(self, data: bytes) -> None:
        """Give bytes to the machine."""
        self.touched = self.engine.now
        if self._is_gone:
            self._throw_away(data)
            return
        preface = self._preface
        if preface:
            if not data.startswith(preface[: len(data)]):
                self._machine.fail(Code.PROTOCOL_ERROR, "not the preface of HTTP/2")
                return
            self._preface = preface[len(data) :]
            data = data[len(preface) :]
        self._machine.receive(data)

    def wake(self) -> None:
        """Write once for all that comes together in a turn of the loop."""
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_awake = False
        machine = self._machine
        out = machine.out
        transport = self.transport
        if not out or self._is_gone or transport.is_closing():
            return
        machine.out = []
        transport.write(b"".join(out))
        if machine.waiting:
            machine.pump()
        if machine.is_choked and transport.get_write_buffer_size() > _LARGEST_BUFFER:
            # Answers nobody reads: no more questions until they are.
            self.pause(PAUSED_BY_PIPELINE)
        if not machine.streams:
            self._active_at = self.engine.now
            if self._parting == _FINAL:
                self._linger()

    def _linger(self) -> None:
        """End, but read on for a moment: bytes that nobody reads would become a reset, and the goodbye get lost."""
        self._is_gone = True
        self._lingers_since = self.engine.now
        transport = self.transport
        if self._pauses:
            self.resume(self._pauses)
        if transport.can_write_eof() and not transport.is_closing():
            transport.write_eof()

    def _throw_away(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > _MAX_LINGER:
            self.transport.abort()

    def pause_writing(self) -> None:
        self._machine.is_choked = self.is_blocked = True

    def resume_writing(self) -> None:
        self._machine.is_choked = self.is_blocked = False
        # Somebody reads: that as much waits at the next look as did at the last one is chance then.
        self._stalled_size = 0
        self.resume(PAUSED_BY_PIPELINE)
        self._machine.pump()

    def failed(self, code: Code, detail: str) -> None:
        """The client broke the rules of the connection."""
        enter_scope(self.scope())
        said.connection_ended(client=self.peer, code=code.name, detail=detail)
        self._flush()
        if not self._is_gone:
            self._linger()

    # What its streams share.

    def known(self, lines: tuple[bytes, ...]) -> Fields | None:
        """What equal header lines meant; requests of one client repeat theirs."""
        return self._known.get(lines)

    def remember(self, lines: tuple[bytes, ...], fields: Fields) -> None:
        """Keep what header lines mean. Streams share it, so it must not change from now on."""
        if sum(map(len, lines)) > _LONGEST_REMEMBERED:
            return
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[lines] = fields

    def forwarded(self, request: Request, fields: Fields) -> bytes:
        """Who asked, for the upstream; made again only when that changes."""
        address = request.scope.client_address
        if self._forwarded_fields is not fields or self._forwarded_address != address:
            self._forwarded_fields, self._forwarded_address = fields, address
            self._forwarded = forwarded_lines(request, fields)
        return self._forwarded

    def source_for(self, upstream: Upstream, client: Connection, *, upgrade: bool) -> Source:
        """Where channels to an upstream come from."""
        source = self._source
        if source is None or upstream is not self._upstream or source.is_closed or upgrade:
            source = self._source = self.engine.pools.get(upstream, client, upgrade=upgrade)
            # One that is told who the client is has another source for the next client of a proxy.
            self._upstream = None if upgrade or upstream.send_proxy else upstream
        return source

    def encoded_answer(self, answer: Answer) -> bytes:
        """The head of an answer of ours."""
        status, body = answer.status, answer.body
        block = encode_status(status) + encode_lines((self.engine.date[:-2],))
        if status not in {204, 304}:
            if answer.content_type and body:
                block += encode_field(b"content-type", answer.content_type)
            block += encode_field(b"content-length", b"%d" % len(body))
        return block + encode_lines(answer.headers.splitlines())

    # What the server asks.

    @property
    def requests(self) -> list[Request]:
        """The requests in progress."""
        found = (
            stream.request for stream in self._machine.streams.values() if isinstance(stream, ClientRequest)
        )
        return [request for request in found if request is not None]

    def withdraw_requests(self, matches: Callable[[Request], bool]) -> int:
        """Withdraw the requests in progress that match; the number of them."""
        found = [
            stream
            for stream in self._machine.streams.values()
            if isinstance(stream, ClientRequest) and stream.request is not None and matches(stream.request)
        ]
        for stream in found:
            stream.withdraw()
        return len(found)

    def close_if_idle(self) -> None:
        """For draining: announce the end, then, when the client must have heard of it, mean it (RFC 9113, 6.8)."""
        if not self._parting and not self._machine.is_closed:
            self._parting = _ANNOUNCED
            self._machine.say_goodbye(soon=True)
            self._machine.ping()

    def answered_ping(self) -> None:
        """The client has read all that was said before it."""
        if self._parting == _ANNOUNCED:
            self._part()

    def _part(self) -> None:
        self._parting = _FINAL
        self._machine.say_goodbye()

    # Time.

    def sweep(self, now: float) -> None:
        """Look at the clock, about once a second."""
        limits = self.engine.limits
        machine = self._machine
        machine.budget.earn(max(1, int(Budget.PER_SECOND * limits.sweep)))
        if self._is_stalled(now):
            self.cut()
            return
        if self._is_gone:
            if self.transport.get_write_buffer_size():
                self._lingers_since = now
            elif now - self._lingers_since > limits.linger_timeout:
                self.transport.close()
            return
        for stream in list(machine.streams.values()):
            stream.sweep(now)
        if machine.is_within_block or not machine.is_greeted:
            if not self._block_since:
                self._block_since = now
            elif now - self._block_since > limits.head_timeout:
                machine.fail(Code.ENHANCE_YOUR_CALM, "a head did not come in time")
        else:
            self._block_since = 0.0
        if machine.streams:
            self._active_at = now
        elif self._parting == _FINAL:
            # The last stream ended without a word from us.
            self._linger()
        elif now - self._active_at > limits.idle_timeout and not self._parting:
            self._part()
