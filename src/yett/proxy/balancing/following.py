"""Taking over what other nodes wrote.

This node's own writes come back too, and are known by the node in them.
"""

from collections.abc import Callable

from yett.events import describe
from yett.kernel import Clock
from yett.proxy.balancing import encoding, events
from yett.proxy.balancing.encoding import (
    CIRCUIT,
    CONNECTIONS,
    HEALTH,
    LIMIT,
    NODES,
    OUTLIER,
    POOLS,
    StoredCircuit,
    StoredConnections,
    StoredHealth,
    StoredLimit,
    StoredOutlier,
    Unreadable,
    decode,
    parts_of,
    state_key,
)
from yett.proxy.balancing.limits import refilled
from yett.proxy.balancing.live import LivePool, Member, Way
from yett.proxy.balancing.model import Pool
from yett.proxy.balancing.roster import Roster
from yett.proxy.balancing.spreading import circuit_key
from yett.store import Change, Follower, Record, Records, StoreUnavailable

_States = Callable[[tuple[str, ...], bytes], None]


class Following:
    """Keeps the roster in step with the store."""

    def __init__(self, records: Records, roster: Roster, clock: Clock, node: str) -> None:
        self._records = records
        self._roster = roster
        self._clock = clock
        self._node = node
        self.follower = Follower(records, "", load=self._load, hear=self._hear)
        self._elsewhere: dict[str, dict[str, dict[str, int]]] = {}
        """By pool and node: how many requests that node has at which backend."""
        self._others: set[str] = set()
        self._states: dict[str, _States] = {
            HEALTH: self._hear_health,
            CIRCUIT: self._hear_circuit,
            OUTLIER: self._hear_outlier,
            LIMIT: self._hear_limit,
        }

    @property
    def is_alone(self) -> bool:
        """Whether there is no other node, as far as anybody knows."""
        return not self._others

    async def _load(self) -> None:
        """Take in everything that is stored. Raises StoreUnavailable."""
        found = await self._list_pools()
        for key, record in found:
            await self._hear(Change(key, record))
        stored = {key for key, _ in found}
        for pool_id in list(self._roster.pools):
            # Deleted while nobody watched. One that this node could never store is not.
            if encoding.pool_key(pool_id) not in stored and self._roster.is_stored(pool_id):
                self._roster.deactivate(pool_id)
        self._others.clear()
        self._elsewhere.clear()
        for prefix in (HEALTH, CIRCUIT, OUTLIER, LIMIT, CONNECTIONS, NODES):
            for key, record in await self._records.list(prefix):
                await self._hear(Change(key, record))
        self._recount(*self._roster.pools)

    async def _list_pools(self) -> list[tuple[str, Record]]:
        try:
            return await self._records.list(POOLS)
        except StoreUnavailable as problem:
            events.pools_list_failed(error=describe(problem))
            raise

    async def _hear(self, change: Change) -> None:
        kind = change.key.partition("/")[0] + "/"
        try:
            if kind == POOLS:
                await self._hear_pool(change.key, change.record)
            elif kind == CONNECTIONS:
                self._hear_connections(change.key, change.record)
            elif kind == NODES:
                self._hear_node(change.key, change.record)
            elif kind in self._states and change.record is not None:
                self._states[kind](parts_of(change.key, kind), change.record.value)
        except (Unreadable, ValueError) as problem:
            # A ValueError comes from a key with too many or too few parts.
            events.state_unreadable(key=change.key, error=describe(problem))

    # Pools.

    async def _hear_pool(self, key: str, record: Record | None) -> None:
        (pool_id,) = parts_of(key, POOLS)
        if record is None:
            self._roster.deactivate(pool_id)
            return
        pool = decode(record.value, Pool)
        live = await self._roster.activate(pool, record.version)
        if len(live.members) > 0:
            self._recount(pool.id)

    # States of backends.

    def _hear_health(self, parts: tuple[str, ...], value: bytes) -> None:
        pool_id, backend_id = parts
        stored = decode(value, StoredHealth)
        found = self._newer(pool_id, backend_id, state_key(HEALTH, pool_id, backend_id), stored)
        if found is None:
            return
        live, member = found
        before, member.health = member.health, stored.state
        if live.pool.health is None:
            member.health = type(before)(is_draining=stored.state.is_draining)
        if (before.is_healthy, before.is_draining) != (member.health.is_healthy, member.health.is_draining):
            live.changed()

    def _hear_circuit(self, parts: tuple[str, ...], value: bytes) -> None:
        pool_id, backend_id, *last = parts
        way: Way = None
        if last:
            (name,) = last
            way = encoding.protocol_of(name)
        stored = decode(value, StoredCircuit)
        found = self._newer(pool_id, backend_id, circuit_key(pool_id, backend_id, way), stored)
        if found is None:
            return
        live, member = found
        circuit = member.circuits.get(way)
        if circuit is not None and circuit.adopt(
            stored.state, self._here(stored.until), self._clock.monotonic()
        ):
            live.changed()

    def _hear_outlier(self, parts: tuple[str, ...], value: bytes) -> None:
        pool_id, backend_id = parts
        stored = decode(value, StoredOutlier)
        found = self._newer(pool_id, backend_id, state_key(OUTLIER, pool_id, backend_id), stored)
        if found is None:
            return
        live, member = found
        rules, standing = live.pool.outliers, member.standing
        if rules is None:
            return
        standing.ejections, standing.total = stored.ejections, stored.total
        until = 0.0
        if stored.ejected_until > self._clock.now():
            # A clock that is ahead must not keep a backend out for longer than the rules would.
            longest = max(rules.max_ejection, rules.base_ejection)
            until = min(self._here(stored.ejected_until), self._clock.monotonic() + longest)
        if until != standing.ejected_until:
            standing.ejected_until = until
            live.changed()

    def _newer(
        self,
        pool_id: str,
        backend_id: str,
        key: str,
        stored: StoredHealth | StoredCircuit | StoredOutlier,
    ) -> tuple[LivePool, Member] | None:
        """Whose state it is, if it is another node's and newer than what is known here."""
        live = self._roster.pools.get(pool_id)
        member = live.members.get(backend_id) if live is not None else None
        if live is None or member is None or stored.node == self._node:
            return None
        if stored.at < member.stamps.get(key, 0.0):
            return None
        # A clock that is ahead must not make this node deaf to the others.
        member.stamps[key] = min(stored.at, self._clock.now())
        return live, member

    def _here(self, epoch: float) -> float:
        return self._clock.monotonic() + (epoch - self._clock.now())

    # What is summed up over nodes.

    def _hear_limit(self, parts: tuple[str, ...], value: bytes) -> None:
        pool_id, name = parts
        stored = decode(value, StoredLimit)
        live = self._roster.pools.get(pool_id)
        limiter = live.limiter if live is not None else None
        if limiter is None or stored.node == self._node or name not in limiter.names:
            return
        level = refilled(stored.level, stored.at, limiter.rules, self._clock.now())
        limiter.hear(limiter.names[name], level, self._clock.monotonic())

    def _hear_connections(self, key: str, record: Record | None) -> None:
        node, pool_id = parts_of(key, CONNECTIONS)
        if node == self._node:
            return
        nodes = self._elsewhere.setdefault(pool_id, {})
        if record is None:
            nodes.pop(node, None)
        else:
            nodes[node] = decode(record.value, StoredConnections).counts
        if not nodes:
            del self._elsewhere[pool_id]
        self._recount(pool_id)

    def _hear_node(self, key: str, record: Record | None) -> None:
        node = key.removeprefix(NODES)
        if node == self._node:
            return
        if record is None:
            self._others.discard(node)
        else:
            self._others.add(node)

    def _recount(self, *pool_ids: str) -> None:
        for pool_id in pool_ids:
            live = self._roster.pools.get(pool_id)
            if live is None:
                continue
            nodes = self._elsewhere.get(pool_id, {}).values()
            for backend_id, member in live.members.items():
                member.candidate.hear(sum(counts.get(backend_id, 0) for counts in nodes))
