"""Our own pages and interfaces behind the engine: ASGI 3, one task per request.

Requests served here are few and small next to those that are forwarded, so what counts is that
the applications may be written in the ordinary way. The framing rules are the engine's: an
application that promises a length and sends another has its connection cut.
"""

import asyncio
import re
from collections.abc import Iterable, MutableMapping, Sequence
from time import monotonic
from typing import Any, Final
from urllib.parse import unquote

from yett.events import describe, enter_scope
from yett.net.http import events
from yett.net.http.answers import has_no_body, plain, status_line
from yett.net.http.engine import PAUSED_BY_APPLICATION, Client
from yett.net.http.head import HOP_BY_HOP, TOKEN, Fields
from yett.net.http.model import Outcome, Refusal, Request, Serve
from yett.net.http.response import ResponseHead
from yett.net.http.trailers import permitted

_NAME: Final = re.compile(TOKEN)
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_OURS: Final = HOP_BY_HOP | {b"connection", b"transfer-encoding", b"upgrade"}
_NOTHING: Final[frozenset[bytes]] = frozenset()
_HIGH_WATER: Final = 64 * 1024

Message = MutableMapping[str, Any]


class _Misused(Exception):
    """An application broke the ASGI rules."""


class ApplicationRun:
    """One request in the hands of an application."""

    __slots__ = (
        "_body",
        "_bytes_in",
        "_bytes_out",
        "_changed",
        "_client",
        "_fields",
        "_is_gone",
        "_is_over",
        "_promised",
        "_request",
        "_request_done",
        "_request_told",
        "_serve",
        "_start",
        "_status",
        "_takes_trailers",
        "_task",
        "_writable",
    )

    def __init__(self, client: Client, request: Request, fields: Fields, serve: Serve) -> None:
        self._client = client
        self._request = request
        self._fields = fields
        self._serve = serve
        self._task: asyncio.Task[None] | None = None
        self._body = b""
        self._request_done = False
        self._request_told = False
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._start: Message | None = None
        self._status = 0
        self._promised = -1
        self._takes_trailers = False
        self._bytes_in = 0
        self._bytes_out = 0
        self._is_over = False
        self._is_gone = False

    def start(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Take what is there of the body and run the application."""
        self.take(payload, done=done, trailers=trailers)
        if not self._is_over:
            self._task = self._client.engine.spawn(self._run(), name="http.application")

    async def _run(self) -> None:
        enter_scope(self._request.scope)
        problem: Exception | None = None
        try:
            await self._serve.app(self._scope(), self._receive, self._send)
        except asyncio.CancelledError:
            if not self._is_over:
                self._finish(cut=True)
            raise
        except Exception as raised:  # noqa: BLE001 - an application's defect must not take the server along
            problem = raised
        if problem is None and not self._is_over:
            problem = _Misused("the application returned before its response was complete")
        # A framework may have answered for its application before it hands the defect on. Whoever
        # writes to a client that has left is told so by an exception, and that is no defect.
        if problem is not None and not self._is_gone:
            name = getattr(self._serve.app, "__qualname__", type(self._serve.app).__qualname__)
            events.application_failed(application=name, error=describe(problem))
        if self._is_over:
            return
        if self._status:
            self._finish(cut=True)
        else:
            self._apologise()

    def _apologise(self) -> None:
        client, request = self._client, self._request
        self._status = 500
        if not self._request_done:
            client.retire()
        self._bytes_out = client.answer(
            plain(500, f"Something went wrong here. Reference: {request.scope.request_id}")
        )
        self._finish()

    # What the application is told.

    def _scope(self) -> dict[str, Any]:
        request = self._request
        connection = request.connection
        query = request.target.partition(b"?")[2]
        parser = self._client.engine.parser
        headers = []
        for line in request.lines:
            if parser.is_private(line):
                continue
            name, _, value = line.partition(b":")
            headers.append((name.lower(), value.strip(b" \t")))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "2" if connection.protocol == "h2" else f"1.{request.minor_version}",
            "method": request.method.decode("ascii"),
            "scheme": "https" if connection.is_tls else "http",
            "path": unquote(request.path, errors="replace"),
            "raw_path": request.path.encode("ascii"),
            "query_string": query,
            "root_path": "",
            "headers": headers,
            "client": (request.scope.client_address, connection.client_port),
            "server": (request.host, request.port or connection.local_port),
            "state": self._serve.state,
            "extensions": {"http.response.trailers": {}},
        }

    async def _receive(self) -> Message:
        while True:
            if self._is_over:
                return {"type": "http.disconnect"}
            if self._body or (self._request_done and not self._request_told):
                body, self._body = self._body, b""
                self._request_told = self._request_done
                self._client.resume(PAUSED_BY_APPLICATION)
                return {"type": "http.request", "body": body, "more_body": not self._request_done}
            self._changed.clear()
            await self._changed.wait()

    # What the connection tells.

    def take(
        self,
        payload: bytes,
        done: bool,
        trailers: Sequence[bytes] = (),  # noqa: ARG002 - ASGI has no place for a request's trailers
    ) -> None:
        """More of the request's body."""
        self._bytes_in += len(payload)
        self._request_done = done
        if self._is_over:
            return
        if self._bytes_in > self._serve.max_body:
            self._client.refuse(Refusal.BODY_TOO_LARGE, "the body is larger than allowed here")
            return
        self._body += payload
        if len(self._body) > _HIGH_WATER:
            self._client.pause(PAUSED_BY_APPLICATION)
        self._changed.set()

    def client_lost(self) -> None:
        """Nobody is there to answer; the application learns it when it next asks or sends."""
        self._is_gone = True
        if not self._is_over:
            self._finish(client_left=True)

    def client_ended(self) -> bool:
        """The client sends no more, but may read."""
        return True

    def client_paused(self) -> None:
        self._writable.clear()

    def client_resumed(self) -> None:
        self._writable.set()

    def abort(self) -> int:
        """The connection gives the request up; whoever does that reports the outcome."""
        self._is_over = True
        self._wake()
        if self._task is not None:
            self._task.cancel()
        return self._status

    def withdraw(self) -> bool:
        """Answer no more unless an answer has begun. The application goes on: it may be what ends the session."""
        if self._status:
            return False
        self._is_over = self._is_gone = True
        self._wake()
        return True

    def sweep(self, now: float) -> None:
        """An application may take its time; clients that stand still are the connection's business."""

    # What the application says.

    async def _send(self, message: Message) -> None:
        if self._is_gone:
            raise OSError("the client has left")
        if self._is_over:
            raise _Misused("a message after the end of the response")
        kind = message["type"]
        if kind == "http.response.start" and self._start is None:
            # Held back until the first piece of the body, for the sake of one write.
            self._start = message
        elif kind == "http.response.trailers" and self._takes_trailers:
            self._send_trailers(message.get("headers", ()))
        elif kind == "http.response.body" and self._start is not None and not self._takes_trailers:
            last = not message.get("more_body", False)
            # The end of the body is then not the end of the response.
            self._takes_trailers = last and bool(self._start.get("trailers", False))
            self._send_body(message.get("body", b""), last=last and not self._takes_trailers)
            if not self._writable.is_set():
                await self._writable.wait()
        else:
            raise _Misused(f"unexpected message {kind}")

    def _send_body(self, body: bytes, *, last: bool) -> None:
        client = self._client
        silent = has_no_body(int(self._start["status"]), self._request.method) if self._start else True
        head = None if self._status else self._head(len(body) if last else -1, silent=silent)
        if silent:
            body = b""
        elif body:
            self._bytes_out += len(body)
            if 0 <= self._promised < self._bytes_out:
                raise _Misused("the response is longer than its Content-Length")
        is_short = last and not silent and 0 <= self._promised != self._bytes_out
        if head is not None:
            self._status = head.status
            client.respond(head, b"", _NOTHING, bytes(body), done=last and not is_short)
        else:
            client.send(bytes(body), done=last and not is_short)
        if is_short:
            raise _Misused("the response is shorter than its Content-Length")
        if last:
            self._finish()

    def _send_trailers(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        lines = [b"%b: %b" % (bytes(name), bytes(value)) for name, value in headers]
        for line in lines:
            name, _, value = line.partition(b": ")
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise _Misused("an invalid trailer")
        if 0 <= self._promised != self._bytes_out:
            raise _Misused("the response is shorter than its Content-Length")
        self._client.send(b"", done=True, trailers=permitted(lines))
        self._finish()

    def _head(self, length: int, *, silent: bool) -> ResponseHead:
        message, client = self._start, self._client
        if message is None:
            raise _Misused("a body before the head")
        status = int(message["status"])
        if not 200 <= status <= 599:
            raise _Misused(f"status {status}")
        head = ResponseHead(status, status_line(status)[:-2])
        self._take_lines(head, message.get("headers", ()))
        if self._promised < 0 and not silent:
            self._promised = length
        if self._promised >= 0:
            head.content_length = self._promised
            head.length_line = b"Content-Length: %d\r\n" % self._promised
        if self._fields.expectation and not self._request_done and not self._bytes_in:
            client.retire()
        return head

    def _take_lines(self, head: ResponseHead, headers: Iterable[tuple[bytes, bytes]]) -> None:
        has_date = False
        for raw_name, raw_value in headers:
            name, value = bytes(raw_name), bytes(raw_value)
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise _Misused("an invalid response header")
            lower = name.lower()
            if lower == b"content-length":
                if not value.isdigit() or self._promised >= 0:
                    raise _Misused("an invalid Content-Length")
                self._promised = int(value)
            elif lower == b"connection":
                if value.lower() == b"close":
                    self._client.retire()
            elif lower not in _OURS:
                has_date = has_date or lower == b"date"
                head.kept.append(b"%b: %b" % (name, value))
        if not has_date:
            head.kept.append(self._client.engine.date.rstrip())

    def _wake(self) -> None:
        self._changed.set()
        self._writable.set()

    def _finish(self, *, cut: bool = False, client_left: bool = False) -> None:
        self._is_over = True
        self._wake()
        request = self._request
        duration = monotonic() - request.started_at
        outcome = Outcome(
            self._status, self._bytes_in, self._bytes_out, duration, None, None, client_left, ""
        )
        self._client.resume(PAUSED_BY_APPLICATION)
        self._client.finish(request, outcome, cut=cut)
