"""Changing pools while they run.

The store has the last word: a change is written there by compare-and-set and then put in force, so that
two operators on two nodes never overwrite each other. What the settings say is put in force even
when the store does not answer: traffic goes on.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from yett.events import describe
from yett.kernel import Clock
from yett.proxy.balancing import encoding, events
from yett.proxy.balancing.discovery import DiscoveryRules
from yett.proxy.balancing.encoding import HEALTH, OUTLIER, StoredCircuit, StoredHealth, StoredOutlier
from yett.proxy.balancing.health import HealthState
from yett.proxy.balancing.live import LivePool, Member
from yett.proxy.balancing.model import MOST_BACKENDS, Backend, Origin, Pool, Refusal, Refused
from yett.proxy.balancing.roster import Roster
from yett.proxy.balancing.spreading import Spreading, circuit_key
from yett.store import Record, Records, StoreUnavailable

_TRIES = 8
_Alter = Callable[[Pool], Pool | Refusal]
_Failed = Callable[[str], None]


class Administration:
    """The operations on pools and backends. Each returns what came of it, or why nothing did."""

    def __init__(self, records: Records, roster: Roster, spreading: Spreading, clock: Clock) -> None:
        self._records = records
        self._roster = roster
        self._spreading = spreading
        self._clock = clock

    # Pools.

    async def create(self, pool: Pool) -> Pool | Refused:
        """Make a pool that there was not."""
        if pool.id in self._roster.pools:
            return Refused(Refusal.POOL_EXISTS)
        return await self._create(pool)

    async def _create(self, pool: Pool) -> Pool | Refused:
        is_new = pool.id not in self._roster.pools
        key = encoding.pool_key(pool.id)
        try:
            exists = await self._records.get(key) is not None
        except StoreUnavailable as problem:
            events.pool_check_failed(pool_id=pool.id, error=describe(problem))
            return Refused(Refusal.STORE)
        if exists:
            return Refused(Refusal.POOL_EXISTS)
        if len(pool.backends) > MOST_BACKENDS:
            return Refused(Refusal.TOO_MANY)
        try:
            version = await self._records.create(key, encoding.encode(pool))
        except StoreUnavailable as problem:
            events.pool_store_failed(pool_id=pool.id, error=describe(problem))
            return Refused(Refusal.STORE)
        if version is None:
            return Refused(Refusal.POOL_EXISTS)
        await self._roster.activate(pool, version)
        for backend in pool.backends:
            await self._initialise(pool, backend)
        if is_new:
            _say_created(pool)
        return pool

    async def update(self, pool: Pool) -> Pool | Refused:
        """Give a pool other settings. Discovered backends stay if they are still looked for."""
        changed = await self._change(
            pool.id,
            lambda known: _with_discovered(pool, known),
            lambda error: events.pool_get_for_update_failed(pool_id=pool.id, error=error),
            lambda error: events.pool_update_failed(pool_id=pool.id, error=error),
        )
        if isinstance(changed, Pool):
            events.pool_updated(pool_id=pool.id)
        return changed

    async def delete(self, pool_id: str) -> Pool | Refused:
        """Remove a pool; the one that was."""
        key = encoding.pool_key(pool_id)
        try:
            record = await self._records.get(key)
        except StoreUnavailable as problem:
            events.pool_get_for_delete_failed(pool_id=pool_id, error=describe(problem))
            return Refused(Refusal.STORE)
        pool = self._known(pool_id, record)
        if pool is None:
            return Refused(Refusal.POOL_NOT_FOUND)
        try:
            await self._records.delete(key)
        except StoreUnavailable as problem:
            events.pool_delete_failed(pool_id=pool_id, error=describe(problem))
            return Refused(Refusal.STORE)
        self._roster.deactivate(pool_id)
        for backend in pool.backends:
            self._spreading.forget_backend(pool_id, backend.id)
        events.pool_deleted(pool_id=pool_id)
        return pool

    async def get(self, pool_id: str) -> Pool | Refused:
        """A pool as it is stored; as this node knows it while the store does not answer."""
        try:
            record = await self._records.get(encoding.pool_key(pool_id))
        except StoreUnavailable as problem:
            events.pool_get_failed(pool_id=pool_id, error=describe(problem))
            record = None
        pool = self._known(pool_id, record)
        return pool if pool is not None else Refused(Refusal.POOL_NOT_FOUND)

    async def list(self) -> tuple[Pool, ...]:
        """Every pool by name: those that are stored, and those in force here."""
        found = {name: live.pool for name, live in self._roster.pools.items()}
        try:
            records = await self._records.list(encoding.POOLS)
        except StoreUnavailable as problem:
            events.pools_list_failed(error=describe(problem))
            records = []
        for key, record in records:
            pool = _read(key, record)
            if pool is not None:
                found[pool.id] = pool
        return tuple(found[name] for name in sorted(found))

    async def configure(self, pools: Iterable[Pool]) -> None:
        """Have the pools of the settings, and no others of an earlier state of the settings."""
        wanted = {pool.id: pool for pool in pools}
        for pool in wanted.values():
            await self._configure(pool)
        for pool in await self.list():
            is_gone = pool.origin is Origin.SETTINGS and pool.id not in wanted
            if is_gone and isinstance(await self.delete(pool.id), Refused):
                self._roster.deactivate(pool.id)

    async def _configure(self, pool: Pool) -> None:
        made = await self._create(pool)
        if isinstance(made, Pool):
            return
        if made.reason is Refusal.POOL_EXISTS:
            known = await self.get(pool.id)
            if isinstance(known, Pool) and known.fingerprint == pool.fingerprint:
                # The settings are the same; what was changed by command since then stays.
                await self._roster.activate(known)
                return
            if isinstance(await self.update(pool), Pool):
                return
        live = self._roster.pools.get(pool.id)
        if live is None or live.pool.fingerprint != pool.fingerprint:
            await self._roster.activate(pool)
            if live is None:
                _say_created(pool)

    async def discover(self, pool_id: str, rules: DiscoveryRules | None) -> Pool | Refused:
        """Look for backends of a pool in DNS, or (without rules) no longer; those that were found stay."""
        return await self._change(
            pool_id,
            lambda known: replace(known, discovery=rules),
            lambda error: events.pool_get_for_update_failed(pool_id=pool_id, error=error),
            lambda error: events.pool_update_failed(pool_id=pool_id, error=error),
        )

    # Backends.

    async def add_backend(self, pool_id: str, backend: Backend) -> Pool | Refused:
        """Add one backend."""

        def alter(pool: Pool) -> Pool | Refusal:
            if pool.backend(backend.id) is not None:
                return Refusal.BACKEND_EXISTS
            if len(pool.backends) >= MOST_BACKENDS:
                return Refusal.TOO_MANY
            return replace(pool, backends=(*pool.backends, backend))

        changed = await self._change(
            pool_id,
            alter,
            lambda error: events.pool_get_for_add_failed(pool_id=pool_id, error=error),
            lambda error: events.backend_add_failed(pool_id=pool_id, backend_id=backend.id, error=error),
        )
        if isinstance(changed, Pool):
            await self._initialise(changed, backend)
            events.backend_added(pool_id=pool_id, backend_id=backend.id, address=backend.address)
        return changed

    async def remove_backend(self, pool_id: str, backend_id: str) -> Pool | Refused:
        """Remove one backend."""

        def alter(pool: Pool) -> Pool | Refusal:
            left = tuple(backend for backend in pool.backends if backend.id != backend_id)
            return (
                replace(pool, backends=left) if len(left) < len(pool.backends) else Refusal.BACKEND_NOT_FOUND
            )

        changed = await self._change(
            pool_id,
            alter,
            lambda error: events.pool_get_for_remove_failed(pool_id=pool_id, error=error),
            lambda error: events.backend_remove_failed(pool_id=pool_id, backend_id=backend_id, error=error),
        )
        if isinstance(changed, Pool):
            self._spreading.forget_backend(pool_id, backend_id)
            events.backend_removed(pool_id=pool_id, backend_id=backend_id)
        return changed

    async def drain(self, pool_id: str, backend_id: str, *, is_draining: bool = True) -> Backend | Refused:
        """Send a backend no new requests, or (without draining) send it some again."""
        found = self._find(pool_id, backend_id)
        if isinstance(found, Refused):
            return found
        live, member = found
        refused = await self._write_draining(live, member, is_draining=is_draining)
        if refused is not None:
            return Refused(refused)
        was_draining = member.health.is_draining
        member.health = replace(member.health, is_draining=is_draining)
        live.changed()
        if is_draining and not was_draining:
            events.backend_draining(pool_id=pool_id, backend_id=backend_id)
        elif was_draining and not is_draining:
            events.backend_undrained(pool_id=pool_id, backend_id=backend_id)
        return member.backend

    async def _write_draining(self, live: LivePool, member: Member, *, is_draining: bool) -> Refusal | None:
        pool_id, backend_id = live.pool.id, member.backend.id
        key = encoding.state_key(HEALTH, pool_id, backend_id)
        for _ in range(_TRIES):
            try:
                record = await self._records.get(key)
            except StoreUnavailable as problem:
                events.drain_get_failed(pool_id=pool_id, backend_id=backend_id, error=describe(problem))
                return Refusal.STORE
            state = replace(_health(record, member.health), is_draining=is_draining)
            at = member.stamps[key] = self._clock.now()
            value = encoding.encode(StoredHealth(self._spreading.node, at, state))
            try:
                done = await self._write(key, value, record)
            except StoreUnavailable as problem:
                events.drain_update_failed(pool_id=pool_id, backend_id=backend_id, error=describe(problem))
                return Refusal.STORE
            if done is not None:
                return None
        return Refusal.CHANGED

    async def reset_circuit(self, pool_id: str, backend_id: str, *, reset_by: str) -> Backend | Refused:
        """Close the circuits of a backend."""
        found = self._find(pool_id, backend_id)
        if isinstance(found, Refused):
            return found
        live, member = found
        for way in member.circuits:
            key = circuit_key(pool_id, backend_id, way)
            at = self._clock.now()
            try:
                await self._records.put(key, encoding.encode(StoredCircuit(self._spreading.node, at)))
            except StoreUnavailable as problem:
                events.circuit_reset_failed(pool_id=pool_id, backend_id=backend_id, error=describe(problem))
                return Refused(Refusal.STORE)
            member.stamps[key] = at
        for way, circuit in member.circuits.items():
            transition = circuit.reset()
            if transition is not None:
                self._spreading.say_circuit(pool_id, backend_id, way, transition)
        live.changed()
        events.circuit_reset(pool_id=pool_id, backend_id=backend_id, reset_by=reset_by)
        return member.backend

    def uneject(self, pool_id: str, backend_id: str) -> bool | Refused:
        """End an ejection early; whether there was one."""
        found = self._find(pool_id, backend_id)
        if isinstance(found, Refused):
            return found
        live, member = found
        if not member.standing.ejected_until:
            return False
        live.readmit(member)
        member.standing.ejections = 0
        self._spreading.unejected(live, member)
        return True

    # How a change is made.

    async def _change(
        self, pool_id: str, alter: _Alter, get_failed: _Failed, put_failed: _Failed
    ) -> Pool | Refused:
        key = encoding.pool_key(pool_id)
        for _ in range(_TRIES):
            try:
                record = await self._records.get(key)
            except StoreUnavailable as problem:
                get_failed(describe(problem))
                return Refused(Refusal.STORE)
            known = self._known(pool_id, record)
            if known is None:
                return Refused(Refusal.POOL_NOT_FOUND)
            new = alter(known)
            if isinstance(new, Refusal):
                return Refused(new)
            try:
                version = await self._write(key, encoding.encode(new), record)
            except StoreUnavailable as problem:
                put_failed(describe(problem))
                return Refused(Refusal.STORE)
            if version is not None:
                await self._roster.activate(new, version)
                return new
        return Refused(Refusal.CHANGED)

    async def _write(self, key: str, value: bytes, record: Record | None) -> int | None:
        if record is None:
            return await self._records.create(key, value)
        return await self._records.replace(key, value, version=record.version)

    async def _initialise(self, pool: Pool, backend: Backend) -> None:
        """Write down that nothing is known yet. What another node has found out already stays."""
        node, at = self._spreading.node, self._clock.now()
        if pool.circuit is not None:
            ways = encoding.WAYS if pool.circuit.is_per_protocol else (None,)
            try:
                for way in ways:
                    key = circuit_key(pool.id, backend.id, way)
                    await self._records.create(key, encoding.encode(StoredCircuit(node, at)))
            except StoreUnavailable as problem:
                events.circuit_init_failed(pool_id=pool.id, backend_id=backend.id, error=describe(problem))
        if pool.outliers is not None:
            try:
                key = encoding.state_key(OUTLIER, pool.id, backend.id)
                await self._records.create(key, encoding.encode(StoredOutlier(node, at)))
            except StoreUnavailable as problem:
                events.outlier_init_failed(pool_id=pool.id, backend_id=backend.id, error=describe(problem))

    def _known(self, pool_id: str, record: Record | None) -> Pool | None:
        """The stored pool, or the one in force here if there is none that can be read."""
        pool = _read(pool_id, record) if record is not None else None
        if pool is not None:
            return pool
        live = self._roster.pools.get(pool_id)
        return live.pool if live is not None else None

    def _find(self, pool_id: str, backend_id: str) -> tuple[LivePool, Member] | Refused:
        live = self._roster.pools.get(pool_id)
        if live is None:
            return Refused(Refusal.POOL_NOT_FOUND)
        member = live.members.get(backend_id)
        return (live, member) if member is not None else Refused(Refusal.BACKEND_NOT_FOUND)


def _read(key: str, record: Record) -> Pool | None:
    try:
        return encoding.decode(record.value, Pool)
    except encoding.Unreadable as problem:
        events.state_unreadable(key=key, error=describe(problem))
        return None


def _health(record: Record | None, otherwise: HealthState) -> HealthState:
    if record is None:
        return otherwise
    try:
        return encoding.decode(record.value, StoredHealth).state
    except encoding.Unreadable:
        return otherwise


def _with_discovered(pool: Pool, known: Pool) -> Pool:
    old, new = known.discovery, pool.discovery
    if old is None or new is None or (old.hostname, old.port) != (new.hostname, new.port):
        return pool
    names = {backend.id for backend in pool.backends}
    kept = tuple(
        replace(backend, upstream=replace(pool.template, host=backend.upstream.host, port=new.port))
        for backend in known.backends
        if backend.is_discovered and backend.id not in names
    )
    return replace(pool, backends=(*pool.backends, *kept)[:MOST_BACKENDS])


def _say_created(pool: Pool) -> None:
    events.pool_created(
        pool_id=pool.id,
        strategy=pool.strategy,
        backends_count=len(pool.backends),
        health_check_enabled=pool.health is not None,
        circuit_breaker_enabled=pool.circuit is not None,
        outlier_detection_enabled=pool.outliers is not None,
    )
