"""Keeping a current certificate for every served name.

One pass compares what has to be there (`plan`, for the cycle in force) with what is installed and
mends the difference. The same pass serves the start, the renewal loop, a manual renewal, a change
of settings and an expiry; only what is said differs.
"""

import asyncio
import contextlib
import datetime
import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from yett.events import describe
from yett.kernel import Clock, Supervisor
from yett.net import ServiceSettings
from yett.pki.autotls import events
from yett.pki.autotls.cycle import Period, overlap_problem, parse_epoch, period_at
from yett.pki.autotls.plan import Deriver, Plan, key_for, plans_for, serial_for, wildcard_of
from yett.pki.ca import AuthorityUnavailable, Signed, SigningKey
from yett.pki.ca.building import key_pem
from yett.pki.certificates import DEFAULT, Certificates, Installed, Refused, Source
from yett.pki.config import DEFAULT_EPOCH, PKISettings
from yett.pki.names import normal
from yett.store import Records, StoreUnavailable

STATE = "pki/autotls"

_ATTEMPTS = 3
_LONGEST_WAIT = 60.0
"""Seconds between looks at the clock, which may be stepped."""
_LONGEST_RETRY = 300.0
_MOST_RACES = 10


class Mode(enum.Enum):
    """Whether the own authority is to provide certificates."""

    ON = "on"
    OFF = "off"
    STATIC = "static"
    """The operator provides one as files."""


class Renewal(enum.Enum):
    """How a manual renewal went."""

    RENEWED = "renewed"
    NOT_ENABLED = "not_enabled"
    FAILED = "failed"
    """It is tried again by itself."""


class NotIssued(Exception):
    """A certificate could not be made or kept; the text says why."""


class _State(msgspec.Struct, frozen=True):
    """What the nodes have to remember together."""

    hostname: str = ""
    generation: int = 0
    """Grows with each manual renewal."""


@dataclass(frozen=True, slots=True)
class _Goal:
    """What has to be there now."""

    hostname: str
    plans: tuple[Plan, ...]
    period: Period
    generation: int
    key_id: bytes


_TROUBLE = (AuthorityUnavailable, StoreUnavailable, NotIssued, ValueError)


class AutoTLS:
    """Issues and renews certificates from the own authority.

    `names` gives the further served names; it is asked anew in each pass.
    """

    def __init__(
        self,
        authority: SigningKey,
        certificates: Certificates,
        keys: Deriver,
        records: Records,
        settings: tuple[ServiceSettings, PKISettings],
        names: Callable[[], Iterable[str]],
        clock: Clock,
        tasks: Supervisor,
        *,
        retry_pause: float = 1.0,
    ) -> None:
        self._authority = authority
        self._certificates = certificates
        self._keys = keys
        self._records = records
        self._settings, self._pki = settings
        self._names = names
        self._clock = clock
        self._tasks = tasks
        self._retry_pause = retry_pause
        self._mode: Mode | None = None
        self._epoch: tuple[str, float] | None = None
        self._renew_at = 0.0
        self._failures = 0
        self._said_change = ""
        self._wake = asyncio.Event()
        self._passing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        certificates.on_expired(lambda _: self._wake.set())

    # Life.

    async def start(self) -> None:
        """Have a certificate before the listener opens, if it can be had; then keep it current.

        Never fails: a gateway without a certificate can still be looked into and mended.
        """
        try:
            async with self._passing:
                await self._start()
        except Exception as problem:  # noqa: BLE001 - the catalogue promises that a fault here is survived
            self._failures = 1
            events.init_panicked(detail=describe(problem))
        self._task = self._tasks.keep(self._run, name="autotls")

    async def stop(self) -> None:
        """Stop renewing; what is installed stays."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def update(self, settings: ServiceSettings, pki: PKISettings) -> None:
        """Go by these settings from now on; also call it when the served names changed."""
        self._settings, self._pki = settings, pki
        self._wake.set()

    # What others ask for.

    async def renew(self) -> Renewal:
        """Give every certificate a new key now, on every node."""
        async with self._passing:
            if self._mode_now() is not Mode.ON:
                return Renewal.NOT_ENABLED
            try:
                generation = await self._next_generation()
            except (StoreUnavailable, NotIssued) as problem:
                self._said_failed(problem)
                return Renewal.FAILED
            events.renewal_requested(hostname=self._settings.hostname, generation=generation)
            return Renewal.RENEWED if await self._pass() else Renewal.FAILED

    async def check(self) -> bool:
        """One pass: renew what has to be renewed; whether all is well."""
        async with self._passing:
            return await self._pass()

    # Passes.

    async def _start(self) -> None:
        if not await self._is_on():
            return
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                goal = await self._goal()
                installed = await self._bring_up(goal, is_first=attempt == 1)
                await self._finish(goal)
            except _TROUBLE as problem:
                if attempt == _ATTEMPTS:
                    self._failures = 1
                    events.init_failed(hostname=self._settings.hostname, error=describe(problem))
                    return
                events.retrying(attempt=attempt, attempts=_ATTEMPTS, error=describe(problem))
                await asyncio.sleep(self._retry_pause)
            else:
                events.initialized(
                    serial=installed.certificate.serial,
                    not_after=_end(installed),
                    hostname=goal.hostname,
                    cycle=goal.period.number,
                )
                return

    async def _bring_up(self, goal: _Goal, *, is_first: bool) -> Installed:
        installed = self._current(goal.plans[0], goal)
        if installed is not None:
            await self._complete(goal, installed)
            return installed
        if is_first:
            kind = events.Kind.HOSTNAME if wildcard_of(goal.hostname) is None else events.Kind.WILDCARD
            events.issuing_first(kind=kind, hostname=goal.hostname)
        return await self._issue_main(goal)

    async def _pass(self) -> bool:
        try:
            if not await self._is_on():
                return True
            goal = await self._goal()
            installed = self._current(goal.plans[0], goal)
            if installed is None:
                events.renewing(hostname=goal.hostname, cycle=goal.period.number, generation=goal.generation)
                installed = await self._issue_main(goal)
                events.renewed(
                    serial=installed.certificate.serial,
                    not_after=_end(installed),
                    hostname=goal.hostname,
                    cycle=goal.period.number,
                )
            else:
                await self._complete(goal, installed)
            await self._finish(goal)
        except _TROUBLE as problem:
            self._said_failed(problem)
            return False
        self._failures = 0
        return True

    async def _finish(self, goal: _Goal) -> None:
        """Further names, names no longer served, and what to remember."""
        for plan in goal.plans[1:]:
            if self._current(plan, goal) is not None:
                continue
            try:
                await self._issue(plan, goal)
            except (AuthorityUnavailable, NotIssued, ValueError) as problem:
                events.further_not_issued(name=plan.name, error=describe(problem))
        await self._withdraw(keep={DEFAULT, *(place for plan in goal.plans for place in plan.places)})
        state, version = await self._state()
        if state.hostname != goal.hostname:
            # Lost to another node's write, it is done in the next pass.
            await self._save(_State(goal.hostname, state.generation), version)
        self._renew_at = goal.period.renew_at

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._pause())
            self._wake.clear()
            await self.check()

    def _pause(self) -> float:
        if self._failures:
            return self._retry_after()
        return min(max(self._renew_at - self._clock.now(), 0.1), _LONGEST_WAIT)

    def _retry_after(self) -> float:
        doubled = float(2 ** min(self._failures - 1, 10))
        return min(self._retry_pause * 5 * doubled, _LONGEST_RETRY)

    # What has to be there.

    def _mode_now(self) -> Mode:
        settings = self._settings
        if settings.tls and settings.tls_cert is not None and settings.tls_key is not None:
            return Mode.STATIC
        return Mode.ON if settings.tls and settings.auto_tls else Mode.OFF

    async def _is_on(self) -> bool:
        """Whether there is work here; when there is none any more, ours is taken away."""
        mode = self._mode_now()
        if mode is not self._mode and mode is Mode.STATIC:
            events.skipped(certificate=str(self._settings.tls_cert))
        if mode is not Mode.ON and mode is not self._mode:
            await self._withdraw(keep=set())
        self._mode = mode
        return mode is Mode.ON

    async def _goal(self) -> _Goal:
        settings = self._settings
        problem = overlap_problem(settings.auto_tls_renewal, settings.auto_tls_validity)
        hostname = normal(settings.hostname)
        if hostname is None:
            problem = "[service] hostname is neither a host name nor an address"
        if problem or hostname is None:
            raise NotIssued(problem)
        await asyncio.to_thread(self._authority.open)
        state, _ = await self._state()
        if state.hostname not in {"", hostname, self._said_change}:
            self._said_change = state.hostname
            events.hostname_changed(before=state.hostname, hostname=hostname)
        period = period_at(
            self._clock.now(),
            epoch=self._epoch_now(),
            renewal=settings.auto_tls_renewal,
            validity=settings.auto_tls_validity,
        )
        plans = plans_for(hostname, self._names())
        return _Goal(hostname, plans, period, state.generation, self._authority.key_id)

    def _epoch_now(self) -> float:
        """The epoch of the settings; what is odd about it is said once."""
        text = self._pki.epoch
        if self._epoch is None or self._epoch[0] != text:
            epoch = parse_epoch(text)
            if epoch is None:
                events.epoch_invalid(value=text[:64], default=DEFAULT_EPOCH)
                epoch = parse_epoch(DEFAULT_EPOCH) or 0.0
            elif epoch > self._clock.now():
                events.epoch_in_future(epoch=text)
            self._epoch = (text, epoch)
        return self._epoch[1]

    def _current(self, plan: Plan, goal: _Goal) -> Installed | None:
        """What is installed for a plan, if it is what has to be there."""
        return self._is_installed(plan.places[0], self._serial(plan, goal))

    def _is_installed(self, place: str, serial: str) -> Installed | None:
        installed = self._certificates.exactly(place)
        return installed if installed is not None and installed.certificate.serial == serial else None

    def _serial(self, plan: Plan, goal: _Goal) -> str:
        return f"{serial_for(self._keys, plan, goal.period, goal.generation, goal.key_id):x}"

    # Issuing.

    async def _issue_main(self, goal: _Goal) -> Installed:
        """The host name's certificate, in its three places."""
        installed = await self._issue(goal.plans[0], goal)
        await self._complete(goal, installed)
        return installed

    async def _complete(self, goal: _Goal, installed: Installed) -> None:
        """Show the host name's certificate for the wildcard and as default, too."""
        certificate = installed.certificate
        for place in goal.plans[0].places[1:]:
            if self._is_installed(place, certificate.serial) is None:
                result = await self._certificates.set(
                    place, certificate.chain_pem, certificate.key_pem, source=Source.AUTOTLS
                )
                if isinstance(result, Refused):
                    events.wildcard_not_stored(hostname=goal.hostname, detail=result.detail)
        if self._is_installed(DEFAULT, certificate.serial) is None:
            result = await self._certificates.set_default(
                certificate.chain_pem, certificate.key_pem, source=Source.AUTOTLS
            )
            if isinstance(result, Refused):
                events.default_not_set(hostname=goal.hostname, detail=result.detail)

    async def _issue(self, plan: Plan, goal: _Goal) -> Installed:
        """Sign a plan's certificate and install it in the first of its places."""
        period = goal.period
        events.issuing(names=plan.names, cycle=period.number, generation=goal.generation)
        key = key_for(self._keys, plan, period, goal.generation)
        signed: Signed = self._authority.issue(
            plan.names,
            key.public_key(),
            not_before=period.not_before,
            not_after=period.not_after,
            serial=serial_for(self._keys, plan, period, goal.generation, goal.key_id),
        )
        result = await self._certificates.set(
            plan.places[0], signed.chain_pem, key_pem(key), source=Source.AUTOTLS
        )
        if isinstance(result, Refused):
            raise NotIssued(result.detail)
        events.issued(
            serial=result.certificate.serial, not_after=_end(result), names=plan.names, cycle=period.number
        )
        return result

    async def _withdraw(self, keep: set[str]) -> None:
        for installed in self._certificates.all():
            if installed.source is Source.AUTOTLS and installed.name not in keep:
                await self._certificates.delete(installed.name)

    def _said_failed(self, problem: BaseException) -> None:
        self._failures += 1
        events.renewal_failed(
            hostname=self._settings.hostname, error=describe(problem), retry_seconds=self._retry_after()
        )

    # What is remembered.

    async def _state(self) -> tuple[_State, int | None]:
        """What was remembered, and the version to replace it by; None when nothing was."""
        record = await self._records.get(STATE)
        if record is None:
            return _State(), None
        try:
            return msgspec.json.decode(record.value, type=_State), record.version
        except (msgspec.MsgspecError, ValueError) as problem:
            raise NotIssued(f"the record {STATE} is damaged") from problem

    async def _save(self, state: _State, version: int | None) -> bool:
        value = msgspec.json.encode(state)
        if version is None:
            return await self._records.create(STATE, value) is not None
        return await self._records.replace(STATE, value, version=version) is not None

    async def _next_generation(self) -> int:
        for _ in range(_MOST_RACES):
            state, version = await self._state()
            if await self._save(_State(state.hostname, state.generation + 1), version):
                return state.generation + 1
        raise NotIssued("other nodes kept changing the same record")


def _end(installed: Installed) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(installed.certificate.not_after, datetime.UTC)
