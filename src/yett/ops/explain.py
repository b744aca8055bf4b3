"""`yett explain`: why something was allowed, refused or broken, told from the record.

It reads the log's files, so it works whether or not a gateway is running.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from cyclopts import Parameter

from yett.config import parse_duration
from yett.events.explain import (
    Question,
    person_of,
    render,
    render_answer,
    render_person,
    render_session,
    session_of,
    story_of,
    why_not,
)
from yett.identity import fold_name
from yett.kernel import CommandFailed, Place, command
from yett.ops.searching import when_of

_DAY = 86_400.0
_LONGEST_ID = 256


class ExplainCommands:
    """The command that tells stories."""

    def __init__(self, directory: Path, now: Callable[[], float] = time.time) -> None:
        self._directory = directory
        self._now = now

    @command("explain", place=Place.HERE)
    def explain(
        self,
        id: Annotated[str, Parameter(help="A request id, a session, or the name of a person.")] = "",  # noqa: A002 - the name that help shows
        *,
        user: Annotated[str, Parameter(help="Why could this person not get somewhere?")] = "",
        url: Annotated[str, Parameter(help="Where somebody wanted to go: https://host/path.")] = "",
        address: Annotated[str, Parameter(help="The client address that somebody came from.")] = "",
        at: Annotated[str, Parameter(help="When: 10m (ago), or 2026-01-31T12:00. Now, when left out.")] = "",
        within: Annotated[str, Parameter(help="How far around that time to look.")] = "10m",
        since: Annotated[
            str, Parameter(help="For the name of a person: from when on; a day, when left out.")
        ] = "",
        until: Annotated[str, Parameter(help="For the name of a person: until when.")] = "",
        json: Annotated[bool, Parameter(help="As JSON.", negative=())] = False,
    ) -> str | dict[str, Any]:
        """Tell why something was allowed, refused or broken, in plain sentences, from the record.

        With an id it tells the story of that request, session or person. With --user, --url or
        --address it answers why that person could not get there at that time.
        """
        self._must_exist()
        name = id.strip()
        if bool(name) == bool(user or url or address):
            raise CommandFailed("say what to explain: an id, or --user, --url or --address (and not both)")
        if not name:
            return self._why(_person(user.strip()), url.strip(), address.strip(), at, within, json=json)
        if at or len(name) > _LONGEST_ID:
            raise CommandFailed("--at goes with --user, --url or --address, not with an id")
        return self._story(name, since, until, json=json)

    def _story(self, name: str, since: str, until: str, *, json: bool) -> str | dict[str, Any]:
        if not (since or until):
            story = story_of(self._directory, name)
            if story is not None:
                return _written(story, render(story), json=json)
            session = session_of(self._directory, name)
            if session is not None:
                return _written(session, render_session(session), json=json)
        first, last = when_of(since, "--since"), when_of(until, "--until")
        first = (last or self._now()) - _DAY if first is None else first
        if last is not None and first >= last:
            raise CommandFailed(f"--since {since!r} is not before --until {until!r}, so nothing can be found")
        person = person_of(self._directory, _person(name), first, last)
        if person is not None:
            return _written(person, render_person(person), json=json)
        raise CommandFailed(
            f"there is no record of a request {name}, nor of a session or a person of that name (people are looked for "
            "in the last day; say --since 7d). Look at the id again; records are kept as long as "
            "telemetry.retention says, and only on the node that answered."
        )

    def _why(
        self, user: str, url: str, address: str, at: str, within: str, *, json: bool
    ) -> str | dict[str, Any]:
        host, path = _place(url)
        moment = when_of(at, "--at")
        question = Question(
            at=self._now() if moment is None else moment,
            within=_span(within),
            user=user,
            host=host,
            path=path,
            client_address=address,
        )
        found = why_not(self._directory, question)
        return _written(found, render_answer(found), json=json)

    def _must_exist(self) -> None:
        if not self._directory.is_dir():
            raise CommandFailed(
                f"there is no log in {self._directory}: no gateway with this configuration has run yet, "
                "or telemetry.store is off"
            )


def _written(story: Any, text: str, *, json: bool) -> str | dict[str, Any]:
    return dict(msgspec.to_builtins(story)) if json else text


def _person(typed: str) -> str:
    """The name that records have, whose case people type as they like; what can be nobody's name stays as it is."""
    return fold_name(typed) or typed


def _place(url: str) -> tuple[str, str]:
    """Host and path of a URL; of "host/path", too. CommandFailed for anything else."""
    if not url:
        return "", ""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"}:
        raise CommandFailed(f"--url {url!r} is not an address like https://host/path")
    return host, "" if parts.path == "/" else parts.path


def _span(text: str) -> float:
    try:
        seconds = parse_duration(text).total_seconds()
    except ValueError as problem:
        raise CommandFailed(f'--within {problem}; durations read "10m", "1h"') from problem
    if not 0 < seconds <= 30 * _DAY:
        raise CommandFailed("--within is longer than nothing and at most 30 days")
    return seconds
