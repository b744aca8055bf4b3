"""Access by country and network, as a guard at the door and for whoever else lets people in.

What must stay true:
  `_passed` and `_refused` hold only what the databases and the policy in use have decided;
  both are emptied, on the event loop, in the same step in which one of these changes.
"""

import asyncio
import contextlib
from pathlib import Path

from yett.guard.geo import events
from yett.guard.geo.config import GeoSettings, OnFailure
from yett.guard.geo.database import LookupFailed
from yett.guard.geo.model import Kind, Origin
from yett.guard.geo.rules import IPAddress, Place, Policy, Reason, compile_policy, judge, parse_address
from yett.guard.geo.source import EMBEDDED, Source
from yett.guard.model import Blocked
from yett.kernel import Supervisor
from yett.net.http import Request

_MOST_REMEMBERED = 50_000
_LOOK_EVERY = 5.0


class GeoGuard:
    """Keeps people out by the country and the network their address belongs to."""

    def __init__(
        self,
        settings: GeoSettings,
        tasks: Supervisor,
        *,
        embedded: Path = EMBEDDED,
        look_every: float = _LOOK_EVERY,
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._embedded = embedded
        self._look_every = look_every
        self._policy = compile_policy(settings)
        self._enforced = Policy()
        self._country = Source(Kind.COUNTRY, None, embedded)
        self._asn = Source(Kind.ASN, None, embedded)
        self._passed: set[str] = set()
        self._refused: dict[str, tuple[Place, Reason]] = {}
        self._changing = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether `check` has anything to say."""
        return self._settings.enabled

    @property
    def origins(self) -> dict[Kind, Origin]:
        """Where the databases in use come from."""
        return {Kind.COUNTRY: self._country.origin, Kind.ASN: self._asn.origin}

    # Starting, changing, stopping.

    async def start(self) -> None:
        """Open the databases and follow their files."""
        async with self._changing:
            if self.is_enabled:
                await self._open(self._settings)
            else:
                events.disabled()

    async def apply(self, settings: GeoSettings) -> None:
        """Judge by other settings; returns when they are in force. BadRule leaves everything as it was."""
        policy = compile_policy(settings)
        async with self._changing:
            old, old_policy = self._settings, self._policy
            if settings.enabled and _wanted(settings, policy) != _wanted(old, old_policy):
                # The old settings judge until the databases of the new ones are there.
                await self._open(settings, policy, previous=(self._country, self._asn))
                return
            self._settings, self._policy = settings, policy
            if old.enabled and not settings.enabled:
                await self._stop_watching()
                self._country = Source(Kind.COUNTRY, None, self._embedded)
                self._asn = Source(Kind.ASN, None, self._embedded)
                events.disabled()
            self._refresh()

    async def stop(self) -> None:
        """Follow the files no longer."""
        async with self._changing:
            await self._stop_watching()

    async def look(self) -> None:
        """Take over database files that have changed."""
        async with self._changing:
            changed = [await source.look() for source in (self._country, self._asn)]
            if any(changed):
                self._refresh()

    # Deciding.

    def check(self, request: Request, now: float) -> Blocked | None:  # noqa: ARG002 - every guard is asked alike
        """Whether the client's address may not come. Raises LookupFailed as `check_address` does."""
        address = request.scope.client_address
        if address in self._passed:
            return None
        return self.check_address(address)

    def check_address(self, address: str) -> Blocked | None:
        """Whether an address may not come.

        Raises LookupFailed when a damaged database keeps that from being told and `on_failure` is
        "allow"; the caller says so and follows the policy of its protocol.
        """
        if address in self._passed or not self.is_enabled:
            return None
        known = self._refused.get(address)
        if known is None:
            try:
                known = self._decide(address)
            except LookupFailed as problem:
                if self._settings.on_failure is OnFailure.ALLOW:
                    raise
                events.not_looked_up(client_address=address, error=str(problem))
                return _NOT_LOOKED_UP
        if known is None:
            return None
        place, reason = known
        events.BLOCKED[reason](client_address=address, country=place.country, asn=place.asn)
        return _BLOCKED[reason]

    def foresee(self, address: str) -> tuple[Place, Blocked | None]:
        """Where an address is, and what `check_address` would say of it, without recording anything.

        Raises LookupFailed in the same cases.
        """
        if not self.is_enabled:
            return Place(), None
        try:
            place, reason = self._find(address)
        except LookupFailed:
            if self._settings.on_failure is OnFailure.ALLOW:
                raise
            return Place(), _NOT_LOOKED_UP
        return place, None if reason is None else _BLOCKED[reason]

    # Inside.

    async def _open(
        self,
        settings: GeoSettings,
        policy: Policy | None = None,
        previous: tuple[Source | None, Source | None] = (None, None),
    ) -> None:
        country = Source(Kind.COUNTRY, settings.geo_database, self._embedded)
        asn = Source(Kind.ASN, settings.geo_asn_database, self._embedded)
        policy = policy or self._policy
        if _wants_countries(settings, policy):
            await country.open(previous[0])
        await asn.open(previous[1])
        self._settings, self._policy, self._country, self._asn = settings, policy, country, asn
        self._refresh()
        events.initialized(countries=country.origin, asns=asn.origin)
        if self._watching is None:
            self._watching = self._tasks.every(self._look_every, self.look, name="guard.geo.look")

    def _refresh(self) -> None:
        """Put the databases and the policy of now in force."""
        has_countries, has_asns = self._country.database is not None, self._asn.database is not None
        self._enforced = self._policy.enforceable(has_countries=has_countries, has_asns=has_asns)
        self._passed.clear()
        self._refused.clear()
        missing = self._missing() if self.is_enabled else None
        if missing is not None:
            events.unenforceable(kind=missing, on_failure=self._settings.on_failure)

    def _missing(self) -> Kind | None:
        """The kind of database that a list needs and that is not there."""
        if self._policy.needs_countries and self._country.database is None:
            return Kind.COUNTRY
        if self._policy.needs_asns and self._asn.database is None:
            return Kind.ASN
        return None

    def _find(self, address: str) -> tuple[Place, Reason | None]:
        """Where an address is, and why it may not come. Raises LookupFailed when nobody can say."""
        parsed = parse_address(address)
        if parsed is not None and parsed in self._policy.bypass:
            return Place(), None
        missing = self._missing()
        if missing is not None and self._settings.on_failure is OnFailure.BLOCK:
            raise LookupFailed(f"there is no {missing.value} database")
        return self._judge(parsed)

    def _decide(self, address: str) -> tuple[Place, Reason] | None:
        """Decide on an address that is not remembered, and remember it."""
        place, reason = self._find(address)
        if reason is not None:
            if len(self._refused) >= _MOST_REMEMBERED:
                self._refused.clear()
            self._refused[address] = place, reason
            return place, reason
        if len(self._passed) >= _MOST_REMEMBERED:
            # Whoever comes from ever new addresses costs others a second look, and no memory.
            self._passed.clear()
        self._passed.add(address)
        return None

    def _judge(self, address: IPAddress | None) -> tuple[Place, Reason | None]:
        """Where an address is and why it may not come. What is no address is nowhere."""
        if address is None:
            return Place(), judge(Place(), self._enforced)
        policy, country, asn = self._enforced, "", 0
        failure: LookupFailed | None = None
        try:
            if policy.needs_asns and self._asn.database is not None:
                asn = self._asn.database.asn(address)
        except LookupFailed as problem:
            failure = problem
            policy = policy.enforceable(has_countries=True, has_asns=False)
        try:
            if policy.needs_countries and self._country.database is not None:
                country = self._country.database.country(address)
        except LookupFailed as problem:
            failure = problem
            policy = policy.enforceable(has_countries=False, has_asns=True)
        place = Place(country, asn)
        reason = judge(place, policy)
        if reason is None and failure is not None:
            # One damaged database does not undo what the other one decides.
            raise failure
        return place, reason

    async def _stop_watching(self) -> None:
        task, self._watching = self._watching, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _wants_countries(settings: GeoSettings, policy: Policy) -> bool:
    """Whether to look for a country database: an operator who only lists networks does not miss it."""
    return policy.needs_countries or settings.geo_database is not None or not policy.needs_asns


def _wanted(settings: GeoSettings, policy: Policy) -> tuple[object, ...]:
    """What has to be opened anew when it changes."""
    return (
        settings.enabled,
        settings.geo_database,
        settings.geo_asn_database,
        _wants_countries(settings, policy),
    )


def _blocked(reason: Reason) -> Blocked:
    return Blocked(
        403,
        reason,
        "Not available from here",
        "This service does not accept connections from your country or network. "
        "If you should have access, tell those who look after it.",
    )


_BLOCKED = {reason: _blocked(reason) for reason in events.BLOCKED}
_NOT_LOOKED_UP = Blocked(
    503,
    Reason.NOT_LOOKED_UP,
    "Your connection could not be checked",
    "The gateway cannot tell at the moment where you connect from, so it lets nobody in. "
    "Try again later; if it stays like this, tell those who look after it.",
    b"Retry-After: 60\r\n",
)
