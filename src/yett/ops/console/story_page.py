"""What the log tells of one request, one session or one person: `/console/requests/<id>` and its like."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.events.dialects import Entry
from yett.events.explain import (
    PersonStory,
    SessionStory,
    Story,
    person_of,
    session_of,
    story_of,
)
from yett.kernel import Clock
from yett.net.pages import PageResponse, once, parse_fields, plain_problem, problem, redirect, render
from yett.ops.console import events, form, telling
from yett.ops.console.entry import Door, foreign
from yett.ops.console.form import Asked, Wanted
from yett.ops.console.masking import masked
from yett.ops.console.model import Reader
from yett.ops.console.search_page import SHEET, busy
from yett.ops.console.searching import Busy, Look, Searches
from yett.ops.console.showing import is_name, story_at
from yett.ops.searching import Queries

_RANGE = "24h"
"""What is told of a person unless somebody asks for more."""


class StoryPages:
    """Tells stories."""

    def __init__(self, door: Door, searches: Searches, clock: Clock, *, site: str) -> None:
        self._door = door
        self._searches = searches
        self._clock = clock
        self._site = site
        self.routes = [
            Route("/console/find", self._find),
            Route("/console/requests/{name}", self._request),
            Route("/console/sessions/{name}", self._session),
            Route("/console/people/{name}", self._person),
        ]

    async def _find(self, request: Request) -> Response:
        """To the story of whatever was typed: ids of requests and of sessions look alike, so the log decides."""
        reader = await self._door.open(request)
        if isinstance(reader, Response):
            return reader
        name = (once(parse_fields(request.scope["query_string"]) or ()) or {}).get("id", "").strip()
        if not is_name(name):
            return redirect(Asked(q=name[:200]).address())
        if not _is_id(name):
            return redirect(story_at("auth.user_id", name))
        return redirect(story_at("server.request.id", name))

    async def _request(self, request: Request) -> Response:
        opened = await self._open(request)
        if isinstance(opened, Response):
            return opened
        reader, name = opened
        told = await self._tell(request, reader, "request", name, partial(_story, name))
        if isinstance(told, Response):
            return told
        story, look = told
        if isinstance(story, SessionStory):
            return redirect(story_at("session.ref", name))
        if story is None:
            return self._nothing(reader, name)
        return await self._page("ops/console_request.html", reader, look, partial(telling.request, story))

    async def _session(self, request: Request) -> Response:
        opened = await self._open(request)
        if isinstance(opened, Response):
            return opened
        reader, name = opened
        told = await self._tell(request, reader, "session", name, lambda look: session_of(look, name))
        if isinstance(told, Response):
            return told
        story, look = told
        if story is None:
            return self._nothing(reader, name)
        return await self._page("ops/console_life.html", reader, look, partial(telling.session, story))

    async def _person(self, request: Request) -> Response:
        opened = await self._open(request)
        if isinstance(opened, Response):
            return opened
        reader, name = opened
        if reader.is_masked:
            return problem(
                request,
                403,
                "This is hidden from you",
                "You may read the log, but not what it says of a person.",
            )
        asked = form.asked_of(request.scope["query_string"])
        if asked is None:
            return plain_problem(request, 400)
        asked = replace(asked, range=asked.range or _RANGE)
        wanted = form.judge(asked, self._clock.now(), Queries(), is_masked=False)
        if not isinstance(wanted, Wanted):
            return plain_problem(request, 400)

        def tell(look: Look) -> PersonStory | None:
            return person_of(look, name, wanted.since, wanted.query.until)

        told = await self._tell(request, reader, "person", name, tell)
        if isinstance(told, Response):
            return told
        story, look = told
        ranges = [
            (words, Asked(range=each).address(request.url.path), asked.range == each)
            for each, (words, _) in form.RANGES.items()
        ]
        if story is None:
            return self._nothing(reader, name, ranges=ranges)
        draw = partial(telling.person, story)
        return await self._page("ops/console_life.html", reader, look, draw, ranges=ranges)

    async def _open(self, request: Request) -> tuple[Reader, str] | Response:
        """Who reads, and of what."""
        reader = await self._door.open(request)
        if isinstance(reader, Response):
            return reader
        name = str(request.path_params["name"])
        if not is_name(name):
            return plain_problem(request, 404)
        return foreign(request, "What you read") or (reader, name)

    async def _tell(
        self, request: Request, reader: Reader, kind: str, name: str, story: Callable[[Look], Any]
    ) -> tuple[Any, Look] | Response:
        keep: Callable[[Entry], Entry] = masked if reader.is_masked else _whole
        try:
            found, look = await self._searches.tell(story, keep)
        except Busy:
            events.too_many(user=reader.person.name)
            return busy(request)
        events.story_read(
            user=reader.person.name, kind=kind, sought=name, records=look.records, masked=reader.is_masked
        )
        return found, look

    def _nothing(
        self, reader: Reader, name: str, *, ranges: list[tuple[str, str, bool]] | None = None
    ) -> Response:
        page = render(
            "ops/console_nothing.html",
            sheet=SHEET,
            site=self._site,
            person=reader.person,
            is_masked=reader.is_masked,
            name=name,
            ranges=ranges or [],
            search=Asked(q=name, range="all").address(),
        )
        return PageResponse(page, 404)

    async def _page(
        self,
        template: str,
        reader: Reader,
        look: Look,
        draw: Callable[[], dict[str, Any]],
        *,
        ranges: Sequence[tuple[str, str, bool]] = (),
    ) -> Response:
        def drawn() -> PageResponse:
            page = render(
                template,
                sheet=SHEET,
                site=self._site,
                person=reader.person,
                is_masked=reader.is_masked,
                is_cut=look.is_cut,
                ranges=ranges,
                **draw(),
            )
            return PageResponse(page)

        # It takes as long as hundreds of requests that are served.
        return await asyncio.to_thread(drawn)


def _story(name: str, look: Look) -> Story | SessionStory | None:
    """Of a request; of a session, if there is no request of that name."""
    return story_of(look, name) or session_of(look, name)


def _whole(entry: Entry) -> Entry:
    return entry


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
