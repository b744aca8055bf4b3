"""A sign-in host in memory with a log on disk, and the console in front of it."""

import html
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.ops.console.log import NOW, write_log
from tests.signin.house import House, build
from tests.signin.place import ORIGIN

from yett.identity.access import Assurance
from yett.kernel import Supervisor
from yett.net.pages import http_error
from yett.ops.console import Console, ConsoleSettings
from yett.ops.searching import LogsSettings


@dataclass
class Desk:
    """The host, and whoever sits in front of it."""

    house: House
    console: Console
    log: Path

    async def use(self, **settings):
        """Other settings; `wiki` is a group that Ada is in."""
        own = {"groups": ("wiki",), "assurance": Assurance.SINGLE} | settings
        await self.console.apply(ConsoleSettings(**own), LogsSettings())

    def write(self, *entries):
        write_log(self.log, *entries)

    async def sign_in(self, browser, name="ada"):
        """A sign-in that was asked for anew."""
        page = await browser.get("/signin", params={"again": "1"})
        return await browser.submit(page, name=name, password=self.house.words.table[name])

    async def text(self, browser, path, **params):
        """What a page says, without its marks."""
        page = await browser.get(path, params=params)
        return text_of(page)


def text_of(page):
    body = re.sub(r"<style>.*?</style>", "", page.text, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


@pytest.fixture
async def desk(clock, tmp_path):
    tasks = Supervisor()
    house = await build(clock, tasks)
    assert clock.now() == NOW
    log = tmp_path / "log"
    log.mkdir()
    console = Console(
        log,
        house.flow,
        ConsoleSettings(groups=("wiki",), assurance=Assurance.SINGLE),
        LogsSettings(),
        clock,
        origin=ORIGIN,
    )
    await console.start()
    routes = [*house.front.routes, *house.onward.routes, *console.routes]
    house.app = Starlette(routes=routes, exception_handlers={HTTPException: http_error})
    yield Desk(house, console, log)
    await console.stop()
    await house.sessions.stop()
    await tasks.stop()


@pytest.fixture
async def browser(desk):
    async with desk.house.browser() as client:
        yield client


@pytest.fixture
async def reader(desk, browser):
    """A browser in which Ada is signed in."""
    await desk.sign_in(browser)
    return browser
