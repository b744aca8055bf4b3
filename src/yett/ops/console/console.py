"""Builds and joins the console."""

from pathlib import Path
from urllib.parse import urlsplit

from starlette.routing import Route

from yett.kernel import Clock
from yett.ops.console.config import ConsoleSettings
from yett.ops.console.entry import Door, Flow
from yett.ops.console.export import Export
from yett.ops.console.search_page import SearchPage
from yett.ops.console.searching import Searches
from yett.ops.console.story_page import StoryPages
from yett.ops.searching import LogsSettings, Queries


class Console:
    """The pages `/console…`. `directory` is that of the log, None where nothing is stored."""

    def __init__(
        self,
        directory: Path | None,
        flow: Flow,
        settings: ConsoleSettings,
        logs: LogsSettings,
        clock: Clock,
        *,
        origin: str,
    ) -> None:
        site = urlsplit(origin).netloc
        self._door = Door(flow, settings, clock)
        self._searches = Searches(directory, settings)
        queries = Queries(logs.query)
        self._search = SearchPage(self._door, self._searches, clock, queries, site=site)
        self._export = Export(self._door, self._searches, clock, queries)
        stories = StoryPages(self._door, self._searches, clock, site=site)
        self.routes: list[Route] = [*self._search.routes, *self._export.routes, *stories.routes]

    async def start(self) -> None:
        """Say whether there is a console."""
        await self._door.start()

    async def stop(self) -> None:
        """End the searches that run."""
        await self._searches.stop()

    async def apply(self, settings: ConsoleSettings, logs: LogsSettings) -> None:
        """Go by other settings from now on."""
        self._search.queries = self._export.queries = Queries(logs.query)
        self._searches.settings = settings
        await self._door.apply(settings)
