"""The pools in force on this node."""

import asyncio

from yett.kernel import Clock, Signal
from yett.proxy.balancing import events
from yett.proxy.balancing.checking import Checks
from yett.proxy.balancing.circuit import ExpressionInvalid, Rule, compile_expression
from yett.proxy.balancing.live import LivePool
from yett.proxy.balancing.model import Affinity, Pool
from yett.proxy.balancing.spreading import Spreading
from yett.proxy.balancing.strategies import KEYED, Draw, Sticky, Strategy, StrategyName, make_strategy


class Roster:
    """Pools by name. Only what was activated here is used for requests."""

    def __init__(self, spreading: Spreading, checks: Checks, draw: Draw, clock: Clock) -> None:
        self.pools: dict[str, LivePool] = {}
        self._versions: dict[str, int] = {}
        self._spreading = spreading
        self._checks = checks
        self._draw = draw
        self._clock = clock
        self._turn = asyncio.Lock()
        self.changed: Signal[str] = Signal("loadbalancer.pool_changed")
        """Told which pool is used otherwise than before, or no more."""

    async def activate(self, pool: Pool, version: int | None = None) -> LivePool:
        """Use a pool from now on. A version older than the one in use is left alone; None is this node's own."""
        # One after the other: preparing takes time, and the newer one must win.
        async with self._turn:
            live = self.pools.get(pool.id)
            known = self._versions.get(pool.id, 0)
            if live is not None and (live.pool == pool or (version is not None and version < known)):
                self._versions[pool.id] = max(version or 0, known)
                return live
            before = live.pool if live is not None else None
            strategy = await self._strategy(pool, before, live)
            rule = self._rule(pool, before)
            self._versions[pool.id] = known if version is None else version
            if live is None:
                live = self.pools[pool.id] = LivePool(pool, strategy, rule, self._spreading)
            else:
                live.use(pool, strategy, rule)
            self._checks.follow(live)
            self._say_discovery(before, pool)
            self.changed.send(pool.id)
            return live

    def deactivate(self, pool_id: str) -> bool:
        """Use it no more; whether it was used."""
        live = self.pools.pop(pool_id, None)
        self._versions.pop(pool_id, None)
        if live is None:
            return False
        self._checks.forget(pool_id)
        self._say_discovery(live.pool, None)
        self.changed.send(pool_id)
        return True

    def is_stored(self, pool_id: str) -> bool:
        """Whether the pool in use came from the store, or went there."""
        return bool(self._versions.get(pool_id))

    async def _strategy(self, pool: Pool, before: Pool | None, live: LivePool | None) -> Strategy:
        weights = {backend.id: backend.weight for backend in pool.backends}
        if live is not None and before is not None and _is_alike(pool, before):
            if pool.strategy is not StrategyName.MAGLEV:
                return live.strategy
            if weights == {backend.id: backend.weight for backend in before.backends}:
                return live.strategy
        if pool.strategy is StrategyName.MAGLEV:
            made = await asyncio.to_thread(make_strategy, pool.strategy, weights, self._draw)
        else:
            made = make_strategy(pool.strategy, weights, self._draw)
        if pool.affinity is Affinity.NONE or pool.strategy in KEYED:
            return made
        return Sticky(made, pool.affinity_lifetime, self._clock.monotonic)

    def _rule(self, pool: Pool, before: Pool | None) -> Rule | None:
        expression = pool.circuit.expression if pool.circuit is not None else ""
        if not expression:
            return None
        try:
            return compile_expression(expression)
        except ExpressionInvalid as problem:
            if before is None or before.circuit != pool.circuit:
                events.expression_invalid(pool_id=pool.id, expression=expression, error=str(problem))
            return None

    def _say_discovery(self, before: Pool | None, after: Pool | None) -> None:
        old = before.discovery if before is not None else None
        new = after.discovery if after is not None else None
        if new is not None and new != old and after is not None:
            events.discovery_enabled(pool_id=after.id, hostname=new.hostname, refresh=new.refresh)
        elif old is not None and new is None and before is not None:
            events.discovery_disabled(pool_id=before.id)


def _is_alike(pool: Pool, other: Pool) -> bool:
    """Whether two choose in the same way, so that what the strategy remembers still counts."""
    return (pool.strategy, pool.affinity, pool.affinity_lifetime) == (
        other.strategy,
        other.affinity,
        other.affinity_lifetime,
    )
