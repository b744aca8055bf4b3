"""Load balancing as one thing.

`select`, `opened`, `report` and `closed` are on the path of every request: they work in memory and
never wait. Everything else is done by tasks, or by whoever changes a pool.
"""

import asyncio
import contextlib
from collections.abc import Collection, Iterable

from yett.kernel import Clock, Supervisor, new_id
from yett.net.http import Outcome
from yett.proxy.balancing import events, intervals
from yett.proxy.balancing.administration import Administration
from yett.proxy.balancing.checking import Checks, Probe
from yett.proxy.balancing.circuit import Sample
from yett.proxy.balancing.discovering import Discoveries
from yett.proxy.balancing.discovery import Resolver, SystemResolver
from yett.proxy.balancing.following import Following
from yett.proxy.balancing.health import probe
from yett.proxy.balancing.leases import Leases
from yett.proxy.balancing.live import LivePool
from yett.proxy.balancing.model import BackendProtocol, NoBackend, NotSelected, Pool, Selected
from yett.proxy.balancing.outbox import Outbox
from yett.proxy.balancing.outcomes import sample_of
from yett.proxy.balancing.roster import Roster
from yett.proxy.balancing.spreading import PRESENCE, Spreading
from yett.proxy.balancing.strategies import Chance, Draw
from yett.store import Records, Space, StoreUnavailable

_LOOK_EVERY = 1.0
_REPEAT = PRESENCE / 3
"""Seconds after which what has a lifetime is written again, so that it lasts."""
_STORE_AGAIN = 30.0
"""Seconds between attempts to write down pools that the store did not take."""
_FIRST_CHECKS = 3.0
"""Seconds that starting waits for the first round of health checks."""


class Balancer:
    """Pools, and the backends for requests."""

    def __init__(
        self,
        records: Records,
        pools: Iterable[Pool],
        clock: Clock,
        tasks: Supervisor,
        *,
        resolver: Resolver | None = None,
        probe: Probe = probe,
        draw: Draw | None = None,
        node: str = "",
    ) -> None:
        space = Space(records, "balancing")
        node, draw = node or new_id(), draw or Chance()
        self._clock = clock
        self._tasks = tasks
        self._configured = tuple(pools)
        self._outbox = Outbox()
        self._spreading = Spreading(space, self._outbox, clock, node)
        self._leases = Leases(space, node)
        self.checks = Checks(self._spreading, self._leases, tasks, probe, draw)
        self._roster = Roster(self._spreading, self.checks, draw, clock)
        self.administration = Administration(space, self._roster, self._spreading, clock)
        self.discoveries = Discoveries(
            self._roster, self.administration, self._leases, resolver or SystemResolver(), tasks
        )
        self._following = Following(space, self._roster, clock, node)
        self._running: list[asyncio.Task[None]] = []
        self._told: dict[str, tuple[dict[str, int], float]] = {}
        self._present_at = 0.0
        self._store_again_at = 0.0

    @property
    def pools(self) -> dict[str, LivePool]:
        """The pools in force here, by name."""
        return self._roster.pools

    # Living.

    async def start(self) -> None:
        """Put the pools in force, take over what is known about them, check every backend once."""
        self._following.follower.watch()
        # Leases only count for nodes that are known to be there.
        self._spreading.spread_presence()
        await self._outbox.flush()
        await self.administration.configure(self._configured)
        self._store_again_at = self._clock.monotonic() + _STORE_AGAIN
        # What other nodes know, or this one did before it was restarted, counts from the first request
        # on. Without the store there is nothing to take over; following tries again, and says so.
        with contextlib.suppress(StoreUnavailable):
            await self._following.follower.load()
        keep = self._tasks.keep
        self._running = [
            keep(self._following.follower.follow, name="loadbalancer.follow"),
            keep(self._outbox.run, name="loadbalancer.write"),
            self._tasks.every(_LOOK_EVERY, self.look, name="loadbalancer.look"),
        ]
        checked = [live for live in self.pools.values() if live.pool.health is not None]
        await asyncio.gather(*(self.checks.settle(live, _FIRST_CHECKS) for live in checked))

    async def stop(self) -> None:
        """Stop looking after pools, write what is still to be written, and give back what is held."""
        self.checks.stop()
        self.discoveries.stop()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running = []
        await self._following.follower.close()
        self._spreading.leave(self._told)
        await self._outbox.flush()
        await self._leases.release()

    async def apply(self, pools: Iterable[Pool]) -> None:
        """Have these pools in the settings from now on."""
        self._configured = tuple(pools)
        await self.administration.configure(self._configured)

    async def look(self) -> None:
        """Do what time brings: trials, re-admissions, intervals; and let the others know where this node is."""
        now = self._clock.monotonic()
        for live in list(self.pools.values()):
            if now >= live.look_at:
                live.refresh(now)
            intervals.look(live, self._spreading, now)
        if now >= self._present_at:
            self._present_at = now + _REPEAT
            self._spreading.spread_presence()
        if not self._following.is_alone:
            for live in list(self.pools.values()):
                self._spread(live, now)
        if now >= self._store_again_at:
            self._store_again_at = now + _STORE_AGAIN
            # One that was deleted by command since is not in force, and is not made again.
            wanted = [pool for pool in self._configured if pool.id in self.pools]
            if any(not self._roster.is_stored(pool.id) for pool in wanted):
                await self.administration.configure(wanted)

    def _spread(self, live: LivePool, now: float) -> None:
        counts = {name: member.candidate.active for name, member in live.members.items()}
        told, at = self._told.get(live.pool.id, ({}, 0.0))
        busy = {name: count for name, count in counts.items() if count}
        if busy != told or (busy and now >= at + _REPEAT):
            self._told[live.pool.id] = (busy, now)
            # Those that are no longer busy are named too, so that trouble is said about them as well.
            self._spreading.spread_connections(live, {name: counts.get(name, 0) for name in {*busy, *told}})
        if live.limiter is not None:
            for user, bucket in live.limiter.taken():
                self._spreading.spread_limit(live, live.limiter, user, bucket)

    # Requests.

    def select(
        self,
        pool_id: str,
        *,
        key: str = "",
        user: str = "",
        protocol: BackendProtocol = BackendProtocol.HTTP1,
        cost: float = 1.0,
        exclude: Collection[str] = (),
    ) -> Selected | NotSelected:
        """The backend for a request. Whoever sends it there says `opened`, and later `closed`.

        `key` is what affinity hangs on, `exclude` names backends that were tried for it already. A
        second try of the same request costs nothing: call with `cost=0`.
        """
        live = self._roster.pools.get(pool_id)
        if live is None:
            return NotSelected(NoBackend.POOL_NOT_FOUND)
        now = self._clock.monotonic()
        limiter = live.limiter
        if limiter is not None and cost:
            exceeded = limiter.take(user if limiter.rules.is_per_user else "", cost, now)
            if exceeded is not None:
                events.rate_limit_exceeded(
                    pool_id=pool_id,
                    user_id=user,
                    limit=limiter.rules.burst,
                    current_count=exceeded.current,
                    cost=cost,
                    retry_after=exceeded.retry_after,
                )
                return NotSelected(NoBackend.RATE_LIMITED, exceeded.retry_after)
        chosen = live.choose(key, protocol, exclude, now)
        if events.backends_excluded.declaration.enabled or events.backend_selected.declaration.enabled:
            self._say(live, chosen, protocol, now)
        return chosen

    def foresee(
        self, pool_id: str, *, user: str = "", protocol: BackendProtocol = BackendProtocol.HTTP1
    ) -> int | NotSelected:
        """How many backends a request of somebody could get, or why none. Nothing is chosen, taken or recorded."""
        live = self._roster.pools.get(pool_id)
        if live is None:
            return NotSelected(NoBackend.POOL_NOT_FOUND)
        now, limiter = self._clock.monotonic(), live.limiter
        if limiter is not None and not limiter.would_take(
            user if limiter.rules.is_per_user else "", 1.0, now
        ):
            return NotSelected(NoBackend.RATE_LIMITED)
        usable, is_blocked = live.outlook(protocol, now)
        return usable or NotSelected(NoBackend.NO_HEALTHY_BACKENDS, is_circuit_open=is_blocked)

    def _say(
        self, live: LivePool, chosen: Selected | NotSelected, protocol: BackendProtocol, began: float
    ) -> None:
        healthy, total = live.available(protocol), len(live.members)
        if healthy < total:
            events.backends_excluded(
                pool_id=live.pool.id,
                total_backends=total,
                healthy_backends=healthy,
                excluded=total - healthy,
            )
        if isinstance(chosen, Selected):
            events.backend_selected(
                pool_id=live.pool.id,
                backend_id=chosen.backend.id,
                strategy=live.pool.strategy,
                healthy_backends=healthy,
                latency=(self._clock.monotonic() - began) * 1000.0,
            )

    def opened(self, selected: Selected) -> None:
        """A request is sent to its backend."""
        live = self._roster.pools.get(selected.pool_id)
        member = live.members.get(selected.backend.id) if live is not None else None
        if member is not None:
            member.candidate.moved(1)

    def closed(self, selected: Selected, *, bytes_in: int = 0, bytes_out: int = 0) -> None:
        """It has ended, in whatever way."""
        live = self._roster.pools.get(selected.pool_id)
        member = live.members.get(selected.backend.id) if live is not None else None
        if member is not None:
            member.bytes_in += bytes_in
            member.bytes_out += bytes_out
            member.candidate.moved(-1)

    def report(self, selected: Selected, sample: Sample | None) -> None:
        """How it went; None when that says nothing about the backend. Once for each selection."""
        live = self._roster.pools.get(selected.pool_id)
        if live is not None:
            live.report(selected, sample, self._clock.monotonic())

    def outrun(self, selected: Selected, latency: float) -> None:
        """In place of `report`: it was given up without an answer after so many seconds, for another was faster."""
        live = self._roster.pools.get(selected.pool_id)
        if live is not None:
            live.outrun(selected, latency, self._clock.monotonic())

    def finished(self, selected: Selected, outcome: Outcome) -> None:
        """`report` and `closed` from what the engine tells."""
        self.report(selected, sample_of(outcome))
        self.closed(selected, bytes_in=outcome.bytes_in, bytes_out=outcome.bytes_out)
