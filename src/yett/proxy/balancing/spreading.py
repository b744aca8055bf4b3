"""What this node decided, said in the log and told to the others.

Writing is best effort and in the background: traffic never waits for it. Each write takes the
state as it is when its turn comes.
"""

from collections.abc import Iterable
from dataclasses import replace

from yett.kernel import Clock
from yett.proxy.balancing import encoding, events
from yett.proxy.balancing.circuit import Transition
from yett.proxy.balancing.encoding import (
    CIRCUIT,
    CONNECTIONS,
    HEALTH,
    LIMIT,
    OUTLIER,
    StoredCircuit,
    StoredConnections,
    StoredHealth,
    StoredLimit,
    StoredOutlier,
    state_key,
)
from yett.proxy.balancing.limits import Bucket, Limiter, LimitRules, refilled
from yett.proxy.balancing.live import LivePool, Member, Way
from yett.proxy.balancing.outbox import Failed, Job, Outbox
from yett.proxy.balancing.outliers import EjectReason
from yett.store import Consistency, Records

_TRIES = 4
PRESENCE = 15.0
"""Seconds after which a node that says nothing more is taken for gone."""


class Spreading:
    """The pools' teller."""

    def __init__(self, records: Records, outbox: Outbox, clock: Clock, node: str) -> None:
        self._records = records
        self._outbox = outbox
        self._clock = clock
        self.node = node

    def epoch(self, instant: float) -> float:
        """A monotonic instant in seconds since the epoch."""
        return self._clock.now() + (instant - self._clock.monotonic())

    # Circuits.

    def circuit_changed(self, live: LivePool, member: Member, way: Way, transition: Transition) -> None:
        """Say it, and tell the others."""
        self.say_circuit(live.pool.id, member.backend.id, way, transition)
        circuit = member.circuits[way]
        key = self._stamp(member, circuit_key(live.pool.id, member.backend.id, way))

        async def write() -> None:
            until = self.epoch(circuit.until) if circuit.until else 0.0
            await self._put(key, StoredCircuit(self.node, member.stamps[key], circuit.state, until))

        self._post(
            key,
            write,
            lambda error: events.circuit_store_failed(
                pool_id=live.pool.id, backend_id=member.backend.id, error=error
            ),
        )

    def say_circuit(self, pool_id: str, backend_id: str, way: Way, transition: Transition) -> None:
        """A circuit is in another state."""
        before, after, ratio = transition.before, transition.after, transition.error_ratio
        if way is None:
            events.circuit_changed(
                pool_id=pool_id, backend_id=backend_id, from_state=before, to_state=after, error_ratio=ratio
            )
        else:
            events.protocol_circuit_changed(
                pool_id=pool_id,
                backend_id=backend_id,
                protocol=way,
                from_state=before,
                to_state=after,
                error_ratio=ratio,
            )

    # Outliers.

    def ejected(self, live: LivePool, member: Member, reason: EjectReason, length: float, now: float) -> None:
        """Say it, and tell the others."""
        events.backend_ejected(
            pool_id=live.pool.id,
            backend_id=member.backend.id,
            reason=reason,
            ejection_count=member.standing.total,
            duration=length,
            re_admit_at=self.epoch(now + length),
        )
        self._spread_standing(live, member, events.outlier_store_failed)

    def readmitted(self, live: LivePool, member: Member) -> None:
        """Say it, and tell the others."""
        events.backend_readmitted(
            pool_id=live.pool.id, backend_id=member.backend.id, total_ejections=member.standing.total
        )
        self._spread_standing(live, member, events.readmission_store_failed)

    def unejected(self, live: LivePool, member: Member) -> None:
        """Somebody ended an ejection early."""
        events.backend_unejected(pool_id=live.pool.id, backend_id=member.backend.id)
        self._spread_standing(live, member, events.readmission_store_failed)

    def interval_over(self, live: LivePool, member: Member, requests: int, failures: int) -> None:
        """The figures of an interval, for the others to look at."""
        self._spread_standing(live, member, events.interval_store_failed, requests, failures)

    def _spread_standing(
        self,
        live: LivePool,
        member: Member,
        failed: events.BackendTrouble,
        requests: int = 0,
        failures: int = 0,
    ) -> None:
        key = self._stamp(member, state_key(OUTLIER, live.pool.id, member.backend.id))
        standing = member.standing

        async def write() -> None:
            until = self.epoch(standing.ejected_until) if standing.ejected_until else 0.0
            stored = StoredOutlier(
                self.node, member.stamps[key], until, standing.ejections, standing.total, requests, failures
            )
            await self._put(key, stored)

        self._post(
            key,
            write,
            lambda error: failed(pool_id=live.pool.id, backend_id=member.backend.id, error=error),
        )

    # Health.

    def health_changed(self, live: LivePool, member: Member) -> None:
        """Tell the others how a backend is. Whether it drains is not this node's to say: others may have."""
        key = self._stamp(member, state_key(HEALTH, live.pool.id, member.backend.id))

        async def write() -> None:
            for _ in range(_TRIES):
                record = await self._records.get(key)
                state = member.health
                if record is not None:
                    state = replace(state, is_draining=_is_draining(record.value, state.is_draining))
                value = encoding.encode(StoredHealth(self.node, member.stamps[key], state))
                if record is None:
                    done = await self._records.create(key, value, consistency=Consistency.BEST_EFFORT)
                else:
                    done = await self._records.replace(
                        key, value, version=record.version, consistency=Consistency.BEST_EFFORT
                    )
                if done is not None:
                    return

        self._post(
            key,
            write,
            lambda error: events.health_store_failed(
                pool_id=live.pool.id, backend_id=member.backend.id, error=error
            ),
        )

    # Connections and limits, which only others have a use for.

    def spread_connections(self, live: LivePool, counts: dict[str, int]) -> None:
        """Tell the others how many requests of this node are where."""
        key = state_key(CONNECTIONS, self.node, live.pool.id)
        value = encoding.encode(StoredConnections(counts))

        def failed(error: str) -> None:
            for backend_id in counts:
                events.connections_store_failed(pool_id=live.pool.id, backend_id=backend_id, error=error)

        self._post(
            key,
            lambda: self._records.put(key, value, lifetime=PRESENCE, consistency=Consistency.BEST_EFFORT),
            failed,
        )

    def spread_limit(self, live: LivePool, limiter: Limiter, user: str, bucket: Bucket) -> None:
        """Take from the shared bucket what this node has taken from its own, and go on with the rest."""
        name = encoding.bucket_name(user)
        key = state_key(LIMIT, live.pool.id, name)
        limiter.names[name] = user
        rules = limiter.rules

        async def write() -> None:
            for _ in range(_TRIES):
                record = await self._records.get(key)
                now, told = self._clock.now(), bucket.taken
                level = rules.burst if record is None else _level(record.value, rules, now)
                # Several nodes together may have let through more than there was.
                level = max(level - told, -rules.burst)
                value = encoding.encode(StoredLimit(self.node, now, level))
                lifetime = (rules.burst - level) / rules.rate + PRESENCE
                if record is None:
                    done = await self._records.create(
                        key, value, lifetime=lifetime, consistency=Consistency.BEST_EFFORT
                    )
                else:
                    done = await self._records.replace(
                        key,
                        value,
                        version=record.version,
                        lifetime=lifetime,
                        consistency=Consistency.BEST_EFFORT,
                    )
                if done is not None:
                    bucket.settle(level, told, self._clock.monotonic())
                    return

        self._post(
            key,
            write,
            lambda error: events.limit_store_failed(pool_id=live.pool.id, key=user or "all", error=error),
        )

    def spread_presence(self) -> None:
        """Let the others know that there is somebody to tell things to."""
        key = encoding.NODES + self.node
        self._post(
            key,
            lambda: self._records.put(key, b"{}", lifetime=PRESENCE, consistency=Consistency.BEST_EFFORT),
            lambda _: None,
        )

    # Forgetting.

    def leave(self, pool_ids: Iterable[str]) -> None:
        """This node is going: nobody is to wait for what it has."""
        self._forget(encoding.NODES + self.node)
        for pool_id in pool_ids:
            self._forget(state_key(CONNECTIONS, self.node, pool_id))

    def forget_backend(self, pool_id: str, backend_id: str) -> None:
        """Remove what is kept about a backend that is no more."""
        keys = [state_key(kind, pool_id, backend_id) for kind in (HEALTH, OUTLIER, CIRCUIT)]
        keys += [circuit_key(pool_id, backend_id, way) for way in encoding.WAYS]
        for key in keys:
            self._forget(key)

    def _forget(self, key: str) -> None:
        # A leftover does no harm: a backend of that name that comes later takes it over and finds out.
        self._post(key, lambda: self._records.delete(key), lambda _: None)

    def _stamp(self, member: Member, key: str) -> str:
        member.stamps[key] = self._clock.now()
        return key

    async def _put(self, key: str, stored: object) -> None:
        await self._records.put(key, encoding.encode(stored), consistency=Consistency.BEST_EFFORT)

    def _post(self, key: str, job: Job, failed: Failed) -> None:
        self._outbox.post(key, job, failed)


def circuit_key(pool_id: str, backend_id: str, way: Way) -> str:
    """The key of a circuit."""
    return state_key(CIRCUIT, pool_id, backend_id, *(() if way is None else (way.value,)))


def _level(value: bytes, rules: LimitRules, now: float) -> float:
    try:
        stored = encoding.decode(value, StoredLimit)
    except encoding.Unreadable:
        return rules.burst
    return refilled(stored.level, stored.at, rules, now)


def _is_draining(value: bytes, otherwise: bool) -> bool:
    try:
        return encoding.decode(value, StoredHealth).state.is_draining
    except encoding.Unreadable:
        return otherwise
