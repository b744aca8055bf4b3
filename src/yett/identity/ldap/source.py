"""LDAP as a source of the directory: starting, staying up to date, stopping."""

import asyncio
from collections.abc import Iterable

from yett.events import describe
from yett.identity.ldap import events
from yett.identity.ldap.config import LdapSettings
from yett.identity.ldap.current import Current, filled
from yett.identity.ldap.keeping import Keeping, Kept
from yett.identity.ldap.model import (
    SOURCE,
    DirectoryUnreachable,
    LdapUser,
    NotThere,
    Synced,
    SyncFailed,
)
from yett.identity.ldap.pool import Dialer, NotConnected, Pool
from yett.identity.ldap.reading import Reading
from yett.identity.ldap.syncing import Syncing
from yett.identity.model import Person, PersonChanged
from yett.kernel import Clock, Signal, Supervisor
from yett.net.ldap import Connection, escape_value
from yett.store import Records, StoreUnavailable

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 60.0


class LdapPeople:
    """People of LDAP. Reads are from local memory and never wait; without `urls` there is nobody."""

    def __init__(self, records: Records, settings: LdapSettings, tasks: Supervisor, clock: Clock) -> None:
        self.name = SOURCE
        self._keeping = Keeping(records)
        self._tasks = tasks
        self._clock = clock
        self._running: list[asyncio.Task[None]] = []
        self._current = Current(settings)
        self.changed: Signal[PersonChanged] = self._current.changed
        self._use(settings)

    def _use(self, settings: LdapSettings) -> None:
        self.settings = settings
        self._dialer = Dialer(settings, self._clock)
        self._pool = Pool(self._dialer, settings.pool_size)
        self._reading = Reading(self._pool, settings)
        self._syncing = Syncing(self._reading, self._current, self._keeping, settings, self._clock)
        self.is_connected = False

    # Reading.

    def person(self, name: str) -> Person | None:
        return self._current.roster.people.get(name)

    def people(self) -> Iterable[Person]:
        return list(self._current.roster.people.values())

    def user(self, name: str) -> LdapUser | None:
        """The entry behind a person; None also when several claim the name."""
        return self._current.roster.user(name)

    # Starting and stopping.

    async def start(self) -> None:
        """Connect and fetch everybody. Raises DirectoryUnreachable when there is nobody to go on with."""
        if not self.settings.is_enabled:
            events.provider_disabled()
            events.sync_disabled()
            self._current.is_telling = True
            return
        kept = await self._load()
        events.waiting_for_pool()
        events.provider_initializing(servers=len(self.settings.urls))
        try:
            await self._connect(is_patient=kept is None)
        except NotConnected as problem:
            if kept is None or problem.is_permanent:
                events.provider_failed(error=describe(problem))
                raise DirectoryUnreachable(f"LDAP cannot be used: {problem}") from problem
            age = int(self._clock.now() - kept.state.synced_at)
            events.kept_in_force(people=len(self._current.roster.people), age_seconds=age)
            self._current.is_telling = True
            self._running.append(self._tasks.run(self._begin_later(), name="identity.ldap.connect"))
            return
        await self._begin()
        self._current.is_telling = True

    async def _load(self) -> Kept | None:
        """Put in force what is kept from before."""
        kept = None
        try:
            kept = await self._keeping.load(self.settings, self._clock.now())
        except StoreUnavailable as problem:
            events.kept_unused(reason=describe(problem))
        if kept is not None:
            await self._current.take_over(await filled(self.settings, kept.users, kept.groups))
            self._syncing.newest = kept.state.newest
            self._syncing.synced_at = kept.state.synced_at
        self._kept = 0 if kept is None else len(kept.users)
        return kept

    async def _connect(self, *, is_patient: bool) -> None:
        """Open the pool; with patience, again and again for a while. Raises NotConnected."""
        began, wait, attempt = self._clock.monotonic(), _FIRST_WAIT, 1
        while True:
            try:
                await self._pool.open()
            except NotConnected as problem:
                error = describe(problem)
                if problem.is_permanent:
                    events.pool_refused(error=error)
                    raise
                if not is_patient:
                    raise
                left = self.settings.max_retry.total_seconds() - (self._clock.monotonic() - began)
                if left <= 0:
                    elapsed = round(self._clock.monotonic() - began, 1)
                    events.pool_gave_up(seconds=elapsed, attempts=attempt, error=error)
                    raise
                wait = min(wait, left)
                events.pool_retrying(wait_seconds=round(wait, 1), attempt=attempt, error=error)
            else:
                self.is_connected = True
                events.provider_ready()
                return
            await asyncio.sleep(wait)
            wait, attempt = min(wait * 2, _LONGEST_WAIT), attempt + 1

    async def _begin_later(self) -> None:
        """Go on trying, however long it takes: everybody is known from before meanwhile."""
        wait, attempt = _FIRST_WAIT, 1
        while not self.is_connected:
            events.pool_retrying(wait_seconds=wait, attempt=attempt, error="no server answers")
            await asyncio.sleep(wait)
            try:
                await self._pool.open()
            except NotConnected:
                wait, attempt = min(wait * 2, _LONGEST_WAIT), attempt + 1
            else:
                self.is_connected = True
                events.provider_ready()
        await self._begin()

    async def _begin(self) -> None:
        events.storage_ready(kept=self._kept)
        if not await self._syncing.full():
            events.initial_sync_failed(error=self._syncing.problem)
        self._running = [self._tasks.keep(self._full_loop, name="identity.ldap.full")]
        if self.settings.delta_interval:
            self._running.append(self._tasks.keep(self._delta_loop, name="identity.ldap.delta"))

    async def _full_loop(self) -> None:
        seconds = self.settings.full_interval.total_seconds()
        events.full_loop_started(interval_seconds=seconds)
        while True:
            await asyncio.sleep(seconds)
            await self._syncing.full()

    async def _delta_loop(self) -> None:
        seconds = self.settings.delta_interval.total_seconds()
        events.delta_loop_started(interval_seconds=seconds)
        while True:
            await asyncio.sleep(seconds)
            await self._syncing.delta()

    async def stop(self) -> None:
        """Ask LDAP nothing any more; everybody stays known."""
        running, self._running = self._running, []
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._pool.close()

    async def apply(self, settings: LdapSettings) -> None:
        """Go by other settings from now on. Without servers in them, nobody of LDAP is known any more."""
        if settings == self.settings:
            return
        await self.stop()
        before = self._syncing
        self._use(settings)
        if not settings.is_enabled:
            events.provider_disabled()
            events.sync_disabled()
            await self._current.take_over(Current(settings).roster)
            return
        self._kept = len(self._current.roster.people)
        self._syncing.synced_at, self._syncing.full_at = before.synced_at, before.full_at
        self._running.append(self._tasks.run(self._begin_later(), name="identity.ldap.connect"))

    # Asking.

    async def sync_user(self, name: str) -> Synced | NotThere | SyncFailed:
        """What LDAP says about one person at this moment, put in force."""
        if not self.settings.is_enabled:
            return NotThere()
        return await self._syncing.user(name)

    async def sync(self, *, is_full: bool, accept_loss: bool = False) -> str:
        """A sync by hand; empty when it worked, else why not."""
        if not self.settings.is_enabled:
            return "there are no servers in [identity.ldap] urls"
        if is_full:
            events.full_requested(accept_loss=accept_loss)
            is_done = await self._syncing.full(accept_loss=accept_loss)
        else:
            is_done = await self._syncing.delta()
        return "" if is_done else self._syncing.problem

    async def look_for(self, name: str) -> None:
        """A search like that of `sync_user` of which nothing comes. LDAPFailed may come from it."""
        await self._reading.user(name)

    def dn_of_nobody(self, name: str) -> str:
        """Where the entry of a person would be who is not there."""
        base = next(iter(self.settings.user_bases), "")
        return f"{self.settings.name_attribute}={escape_value(name)},{base}"

    async def dial(self) -> Connection:
        """A connection of one's own, bound by nobody, for checking a password. Raises NotConnected."""
        return await self._dialer.dial(with_account=False)

    async def dial_with_account(self) -> Connection:
        """A connection of one's own, bound with the service account. Raises NotConnected."""
        return await self._dialer.dial()

    @property
    def state(self) -> Syncing:
        """When what was synced."""
        return self._syncing

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many people, how many of them disabled, and how many groups."""
        roster = self._current.roster
        return (
            len(roster.people),
            sum(person.is_disabled for person in roster.people.values()),
            len(roster.groups),
        )
