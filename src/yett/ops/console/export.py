"""Taking what a search finds along: `/console/export.jsonl` and `.csv`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from yett.events.dialects import Entry
from yett.kernel import Clock
from yett.net.pages import plain_problem, redirect
from yett.ops.console import events, form
from yett.ops.console.entry import Door, foreign
from yett.ops.console.form import Wanted
from yett.ops.console.model import Form, Reader
from yett.ops.console.search_page import busy, keeper
from yett.ops.console.searching import Busy, Run, Searches, Stop
from yett.ops.searching import Queries, csv_line, header

LONGEST = 900.0
"""Seconds that one download may take, however slowly it is read."""
_BATCH = 500
_TYPES = {Form.JSON: "application/x-ndjson", Form.CSV: "text/csv; charset=utf-8; header=present"}


class Export:
    """Streams records to whoever may see them."""

    def __init__(self, door: Door, searches: Searches, clock: Clock, queries: Queries) -> None:
        self._door = door
        self._searches = searches
        self._clock = clock
        self.queries = queries
        self.routes = [
            Route(form.EXPORT.format(each.value), partial(self._start, each), methods=["GET"])
            for each in Form
        ]

    async def _start(self, kind: Form, request: Request) -> Response:
        reader = await self._door.open(request)
        if isinstance(reader, Response):
            return reader
        asked = form.asked_of(request.scope["query_string"])
        limit = self._searches.settings.export_limit
        if asked is None or not limit:
            return plain_problem(request, 404 if asked else 400)
        if (page := foreign(request, "A download")) is not None:
            return page
        wanted = form.judge(asked, self._clock.now(), self.queries, is_masked=reader.is_masked)
        if not isinstance(wanted, Wanted):
            return redirect(asked.address())
        write = csv_line if kind is Form.CSV else _json_line
        begin = header() if kind is Form.CSV else b""
        found = partial(_records, self._searches, wanted, reader, limit, write)
        stamp = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        return _Download(self._searches, reader, kind, asked.words(), begin, found, f"yett-log-{stamp}")


class _Download(Response):
    """Sends records in pieces, as fast as they are taken; says how many in the end, however it ends."""

    def __init__(
        self,
        searches: Searches,
        reader: Reader,
        kind: Form,
        sought: str,
        begin: bytes,
        found: Callable[[Stop], Iterator[bytes]],
        name: str,
    ) -> None:
        super().__init__(
            headers={
                "Content-Disposition": f'attachment; filename="{name}.{kind.value}"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Cross-Origin-Resource-Policy": "same-origin",
            },
            media_type=_TYPES[kind],
        )
        del self.headers["content-length"]
        self._searches = searches
        self._reader = reader
        self._kind = kind
        self._sought = sought
        self._begin = begin
        self._found = found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with self._searches.download(LONGEST) as (run, stop):
                await self._send(scope, send, run, stop)
        except Busy:
            events.too_many(user=self._reader.person.name)
            await busy(Request(scope))(scope, receive, send)

    async def _send(self, scope: Scope, send: Send, run: Run, stop: Stop) -> None:
        user = self._reader.person.name
        events.export_started(user=user, sought=self._sought, form=self._kind, masked=self._reader.is_masked)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        count, is_whole = 0, False
        lines = self._found(stop)
        try:
            body = self._begin
            while scope["method"] != "HEAD":
                batch = await run(lambda: list(islice(lines, _BATCH)))
                count += len(batch)
                body += b"".join(batch)
                await send({"type": "http.response.body", "body": body, "more_body": True})
                body = b""
                if len(batch) < _BATCH:
                    break
            is_whole = not stop.is_late and count < self._searches.settings.export_limit
            await send({"type": "http.response.body", "body": body, "more_body": False})
        finally:
            events.export_ended(user=user, records=count, is_whole=is_whole)


def _records(
    searches: Searches,
    wanted: Wanted,
    reader: Reader,
    limit: int,
    write: Callable[[Entry], bytes],
    stop: Stop,
) -> Iterator[bytes]:
    """The lines of a download, made in a thread."""
    keep = keeper(reader, wanted.query)
    kept = (keep(entry) for entry in searches.entries(wanted.query, stop))
    return (write(entry) for entry in islice((each for each in kept if each is not None), limit))


def _json_line(entry: Entry) -> bytes:
    return msgspec.json.encode(entry) + b"\n"
