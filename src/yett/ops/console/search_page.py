"""Searching the log: `/console/logs`."""

import asyncio
from datetime import UTC, datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.events import Query
from yett.events.dialects import Entry
from yett.kernel import Clock
from yett.net.pages import Action, PageResponse, plain_problem, problem, redirect, render
from yett.ops.console import bars, events, form, rules
from yett.ops.console.entry import Door, address_of
from yett.ops.console.form import Asked, Mistake, Wanted
from yett.ops.console.masking import masked
from yett.ops.console.model import Ending, Found, Reader
from yett.ops.console.searching import Busy, Job, Searches
from yett.ops.console.showing import Shown, show
from yett.ops.searching import Queries

SHEET = "ops/console.css"
_MINUTE = 60
_NAMES = {
    "auth.user_id": "person",
    "server.request.client_ip": "from",
    "session.ref": "session",
    "server.request.id": "request",
}
"""What the values in sight are called there."""


class SearchPage:
    """Shows the form, and what it finds."""

    def __init__(self, door: Door, searches: Searches, clock: Clock, queries: Queries, *, site: str) -> None:
        self._door = door
        self._searches = searches
        self._clock = clock
        self._site = site
        self.queries = queries
        self.routes = [Route("/console", self._home), Route(form.PAGE, self._show)]

    async def _home(self, _: Request) -> Response:
        return redirect(form.PAGE)

    async def _show(self, request: Request) -> Response:
        reader = await self._door.open(request)
        if isinstance(reader, Response):
            return reader
        asked = form.asked_of(request.scope["query_string"])
        if asked is None:
            return plain_problem(request, 400)
        wanted = form.judge(asked, self._clock.now(), self.queries, is_masked=reader.is_masked)
        if not isinstance(wanted, Wanted):
            return self._page(reader, asked, mistakes=wanted, status=422)
        if not rules.is_own(request.headers.get("sec-fetch-site", "")):
            # It would be on record that this person looked for that.
            return self._page(reader, asked, is_foreign=True)
        try:
            found = await self._searches.page(Job(wanted.query, _width(wanted), keeper(reader, wanted.query)))
        except Busy:
            events.too_many(user=reader.person.name)
            return busy(request)
        events.searched(
            user=reader.person.name,
            sought=asked.words(),
            shown=len(found.entries),
            found=found.total,
            ending=found.ending,
            masked=reader.is_masked,
        )
        # Drawing takes as long as a few hundred requests that are served.
        return await asyncio.to_thread(self._page, reader, asked, wanted=wanted, found=found)

    def _page(
        self,
        reader: Reader,
        asked: Asked,
        *,
        wanted: Wanted | None = None,
        found: Found | None = None,
        mistakes: tuple[Mistake, ...] = (),
        is_foreign: bool = False,
        status: int = 200,
    ) -> Response:
        wrong = {each.field: each.sentence for each in reversed(mistakes)}
        shown: list[Shown] = []
        older = ""
        if found is not None:
            shown = [show(kept, asked, whole=whole) for kept, whole in found.entries]
            if found.is_more:
                older = asked.before_entry(str(found.entries[-1][0]["time"]), wanted).address()
        page = render(
            "ops/console_logs.html",
            sheet=SHEET,
            site=self._site,
            person=reader.person,
            is_masked=reader.is_masked,
            asked=asked,
            ranges=[(name, words) for name, (words, _) in form.RANGES.items()],
            default_range=form.DEFAULT_RANGE,
            unsaved=asked.narrowed(saved="").address(),
            levels=form.LEVELS,
            wrong=wrong,
            is_foreign=is_foreign,
            has_log=self._searches.has_log,
            found=found,
            shown=shown,
            chart=_chart(wanted, found) if wanted is not None and found is not None else None,
            summary=_summary(asked, found) if found is not None else "",
            older=older,
            newest=asked.narrowed().address() if asked.before else "",
            exports=self._exports(asked) if found is not None and found.entries else (),
            bar_height=bars.HEIGHT,
            bar_width=bars.STEP - bars.GAP,
            at_range=partial(_only, asked),
            searched_range=_range(wanted) if wanted is not None and found is not None else "",
            cut=_cut(found) if found is not None else "",
            names=_NAMES,
            saved=[(each.name, each.help, Asked(saved=each.name).address()) for each in self.queries],
        )
        return PageResponse(page, status)

    def _exports(self, asked: Asked) -> tuple[tuple[str, str], ...]:
        if not self._searches.settings.export_limit:
            return ()
        whole = asked.narrowed()
        return (
            ("JSON lines", whole.address(form.EXPORT.format("jsonl"))),
            ("CSV", whole.address(form.EXPORT.format("csv"))),
        )


def keeper(reader: Reader, query: Query) -> "partial[Entry | None]":
    """What a reader may see of an entry that a query found."""
    return partial(_keep, is_masked=reader.is_masked, query=query)


def _keep(entry: Entry, *, is_masked: bool, query: Query) -> Entry | None:
    if not is_masked:
        return entry
    kept = masked(entry)
    # Found by what is hidden, it would tell what that is.
    return kept if query.matches(kept) else None


def busy(request: Request) -> Response:
    """The page for when too many search."""
    return problem(
        request,
        503,
        "Others are searching at the moment",
        "Only a few searches run at a time, so that nobody who uses an application has to wait for them.",
        actions=[Action("Try again", address_of(request))],
        headers={"Retry-After": "5"},
    )


def _width(wanted: Wanted) -> int:
    """Seconds that each count of a search stands for. How far back "everything" goes shows only at its end."""
    return _MINUTE if wanted.since is None else bars.width_for(wanted.since, wanted.until)


def _chart(wanted: Wanted, found: Found) -> bars.Chart | None:
    if not found.counts:
        return None
    width, counts, since = _width(wanted), found.counts, wanted.since
    if since is None:
        since = float(min(counts) * width)
        coarse = bars.width_for(since, wanted.until)
        counts, width = bars.merged(counts, width, coarse), coarse
    reached = None if not found.reached else form.seconds_of(found.reached)
    return bars.chart_of(counts, since, wanted.until, width, reached=reached)


def _only(asked: Asked, bar: bars.Bar) -> str:
    """Where only what one bar counts is shown."""
    return asked.narrowed(since=bar.since, until=bar.until).address()


def _summary(asked: Asked, found: Found) -> str:
    """What was found, in words."""
    number = f"{found.total:,} record{'' if found.total == 1 else 's'}"
    if found.ending is Ending.ENOUGH:
        return f"More than {number}"
    if not found.total:
        return "Nothing found" if found.ending is Ending.COMPLETE else "Nothing found so far"
    return f"{number} further back" if asked.before else number


def _cut(found: Found) -> str:
    """How far a search got that did not come to its end; empty for one that did."""
    if found.ending is Ending.COMPLETE:
        return ""
    why = "Time was up" if found.ending is Ending.DEADLINE else "That is enough to count"
    if not found.reached:
        return (
            f"{why} before anything was found. Choose a shorter range, or say more about what you look for."
        )
    moment = form.seconds_of(found.reached)
    how_far = _moment(moment) if moment is not None else found.reached
    return f"{why}. Everything back to {how_far} was looked at, and nothing older."


def _range(wanted: Wanted) -> str:
    until = _moment(wanted.until)
    return f"up to {until}" if wanted.since is None else f"{_moment(wanted.since)} to {until}"


def _moment(seconds: float) -> str:
    """An instant in words."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%-d %b %Y, %H:%M:%S UTC")
