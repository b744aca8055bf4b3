"""The task that compares, and the ear that hears what the directory tells by itself."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from yett.events import describe
from yett.identity import Person, PersonChanged
from yett.identity.access import Rule
from yett.kernel import Signal, Supervisor
from yett.net.http import Request
from yett.proxy.group_monitor import events, rules
from yett.proxy.group_monitor.config import GroupMonitorSettings
from yett.proxy.group_monitor.model import GROUPS
from yett.sessions import Session, SessionType
from yett.store import StoreUnavailable

Cut = Callable[[Callable[[Request], bool]], int]
"""Breaks off the requests in progress that match; how many those were."""


class Directory(Protocol):
    """Who people are, now."""

    changed: Signal[PersonChanged]

    def person(self, name: str) -> Person | None: ...


class Sessions(Protocol):
    """The part of the session service that is needed here."""

    def live(self, module_key: str | None = None) -> list[Session]: ...
    async def annotate(self, ref: str, metadata: Mapping[str, str]) -> Session | None: ...


class GroupMonitor:
    """Keeps sessions in step with the directory."""

    def __init__(
        self,
        sessions: Sessions,
        directory: Directory,
        settings: GroupMonitorSettings,
        tasks: Supervisor,
        *,
        rule_of: Callable[[Request], Rule | None],
        cut: Cut,
    ) -> None:
        """`rule_of` tells by which rule a request in progress was let in; None for one that was not."""
        self._sessions = sessions
        self._directory = directory
        self._settings = settings
        self._tasks = tasks
        self._rule_of = rule_of
        self._cut = cut
        self._running: asyncio.Task[None] | None = None
        self._said: dict[str, str] = {}
        """What was said of sessions that are not written down yet, so that it is said once."""
        self._writing = asyncio.Lock()

    async def start(self) -> None:
        """Compare from now on."""
        self._directory.changed.connect(self._hear)
        self._run()

    async def stop(self) -> None:
        """Compare no more."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def apply(self, settings: GroupMonitorSettings) -> None:
        """Go by these settings from now on."""
        before, self._settings = self._settings, settings
        if self._running is not None and settings.interval != before.interval:
            self._running.cancel()
            self._run()

    def _run(self) -> None:
        interval = self._settings.interval.total_seconds()
        events.started(interval=interval)
        self._running = self._tasks.every(interval, self.check, name="proxy.group_monitor")

    async def check(self) -> None:
        """Compare all sessions with the directory."""
        sessions = self._at_applications()
        live = {session.ref for session in sessions}
        self._said = {ref: said for ref, said in self._said.items() if ref in live}
        changed, failed = await self._look_at(sessions, cuts=True)
        events.checked(sessions=len(sessions), changed=changed, failed=failed)

    def _hear(self, told: PersonChanged) -> None:
        """The directory says something else of a person: cut first, then write down."""
        self._cut_off(told.name)
        sessions = self._at_applications(told.name)
        if sessions and told.person is not None:
            self._tasks.run(self._look_at(sessions, cuts=False), name="proxy.group_monitor.person")

    def _at_applications(self, user: str | None = None) -> list[Session]:
        return [each for each in self._sessions.live(user) if each.type is SessionType.AUTHENTICATED]

    async def _look_at(self, sessions: list[Session], *, cuts: bool) -> tuple[int, int]:
        """Bring sessions up to date; how many changed, and for how many that failed.

        Everything is said, and with `cuts` everything lost is cut, before the first wait for the store.
        """
        changed = failed = 0
        lost: list[str] = []
        behind: list[tuple[Session, str]] = []
        for session in sessions:
            person = self._directory.person(session.module_key)
            if person is None:
                failed += 1
                if self._say_unknown(session):
                    lost.append(session.module_key)
            elif session.metadata.get(GROUPS) != rules.written(person):
                behind.append((session, rules.written(person)))
                if self._say_changed(session, person):
                    changed += 1
                    lost.append(person.name)
            else:
                self._said.pop(session.ref, None)
        if cuts:
            for user in dict.fromkeys(lost):
                self._cut_off(user)
        async with self._writing:
            for session, groups in behind:
                if not await self._update(session, groups):
                    # The next one would have to wait as long.
                    return changed, failed + 1
        return changed, failed

    def _say_unknown(self, session: Session) -> bool:
        """Say that nobody knows whose session this is; False when that is no news."""
        if session.ref in self._said:
            return False
        self._said[session.ref] = ""
        events.fetch_failed(user=session.module_key, session=session.ref)
        return True

    def _say_changed(self, session: Session, person: Person) -> bool:
        """Say what changed, if a session knew something else before; False when that is no news."""
        kept = session.metadata.get(GROUPS)
        change = rules.change(kept, person) if kept is not None else None
        if change is None or self._said.get(session.ref) == rules.written(person):
            return False
        self._said[session.ref] = rules.written(person)
        events.groups_changed(
            user=person.name, session=session.ref, added=change.added, removed=change.removed
        )
        return True

    async def _update(self, session: Session, groups: str) -> bool:
        wait = self._settings.wait.total_seconds()
        try:
            async with asyncio.timeout(wait):
                await self._sessions.annotate(session.ref, {GROUPS: groups})
        except TimeoutError:
            events.wait_failed(session=session.ref, waited=wait)
            return False
        except StoreUnavailable as problem:
            events.update_failed(session=session.ref, error=describe(problem))
            return False
        self._said.pop(session.ref, None)
        return True

    def _cut_off(self, user: str) -> None:
        """Break off what a person has open and may open no more."""
        person = self._directory.person(user)

        def is_lost(request: Request) -> bool:
            if request.scope.user != user:
                return False
            rule = self._rule_of(request)
            return rule is not None and not rules.may_stay(rule, user, person)

        count = self._cut(is_lost)
        if count:
            events.cut(user=user, connections=count)
