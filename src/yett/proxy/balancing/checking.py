"""When backends are checked, and what follows.

Each backend of a pool with checks has one task. Only the node that holds the backend's lease
asks; the others hear the result from the store. The first check comes at once.
"""

import asyncio
from collections.abc import Awaitable, Callable

from yett.kernel import Supervisor
from yett.net.http import Upstream
from yett.proxy.balancing import events
from yett.proxy.balancing.encoding import state_key
from yett.proxy.balancing.health import CheckResult, HealthRules, HealthState, Passed, judge
from yett.proxy.balancing.leases import Leases
from yett.proxy.balancing.live import LivePool, Member
from yett.proxy.balancing.spreading import Spreading
from yett.proxy.balancing.strategies import Draw

Probe = Callable[[Upstream, HealthRules], Awaitable[CheckResult]]
Sleep = Callable[[float], Awaitable[None]]

_JITTER = 0.2
"""The share of the interval by which checks are spread, so that they do not come all at once."""


class Checks:
    """The tasks that check, one for each backend."""

    def __init__(
        self,
        spreading: Spreading,
        leases: Leases,
        tasks: Supervisor,
        probe: Probe,
        draw: Draw,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._spreading = spreading
        self._leases = leases
        self._tasks = tasks
        self._probe = probe
        self._draw = draw
        self._sleep = sleep
        self._running: dict[tuple[str, str], tuple[Member, asyncio.Task[None]]] = {}
        self.is_stopped = False

    def follow(self, live: LivePool) -> None:
        """Check exactly the backends that the pool has now."""
        wanted = live.members if live.pool.health is not None and not self.is_stopped else {}
        for (pool_id, backend_id), (member, _) in list(self._running.items()):
            if pool_id == live.pool.id and wanted.get(backend_id) is not member:
                self._cancel((pool_id, backend_id))
        for backend_id, member in wanted.items():
            key = (live.pool.id, backend_id)
            if key not in self._running:
                self._running[key] = (member, self._start(live, member))

    def forget(self, pool_id: str) -> None:
        """Check nothing of a pool any more."""
        for key in [key for key in self._running if key[0] == pool_id]:
            self._cancel(key)

    def stop(self) -> None:
        """Check nothing any more."""
        self.is_stopped = True
        for key in list(self._running):
            self._cancel(key)

    async def settle(self, live: LivePool, seconds: float) -> None:
        """Wait until every backend was checked once, or for that long."""
        deadline = asyncio.get_running_loop().time() + seconds
        while any(member.health.is_healthy is None for member in live.members.values()):
            if asyncio.get_running_loop().time() >= deadline:
                return
            await asyncio.sleep(0.01)

    async def check(self, live: LivePool, member: Member) -> None:
        """Check one backend now, if that is for this node to do."""
        rules = live.pool.health
        if rules is None or not await self._leases.hold(
            state_key("check/", live.pool.id, member.backend.id), rules.interval * 2.5 + rules.timeout
        ):
            return
        result = await self._probe(member.backend.upstream, rules)
        if live.members.get(member.backend.id) is not member or live.pool.health is None:
            return
        before, member.health = member.health, judge(member.health, result, rules)
        self._say(live, member, before, result)
        if before.is_healthy is not member.health.is_healthy:
            live.changed()
        if (before.is_healthy, before.problem) != (member.health.is_healthy, member.health.problem):
            self._spreading.health_changed(live, member)

    def _say(self, live: LivePool, member: Member, before: HealthState, result: CheckResult) -> None:
        pool_id, backend_id, after = live.pool.id, member.backend.id, member.health
        if isinstance(result, Passed):
            latency = result.latency * 1000.0
            events.check_passed(
                pool_id=pool_id, backend_id=backend_id, consecutive_ok=after.consecutive_ok, latency=latency
            )
            if before.is_healthy is False and after.is_healthy:
                events.backend_recovered(
                    pool_id=pool_id,
                    backend_id=backend_id,
                    consecutive_ok=after.consecutive_ok,
                    latency=latency,
                )
            return
        events.check_failed(
            pool_id=pool_id,
            backend_id=backend_id,
            consecutive_fails=after.consecutive_fails,
            error=result.problem,
        )
        if before.is_healthy is not False and after.is_healthy is False:
            events.backend_failed(
                pool_id=pool_id,
                backend_id=backend_id,
                consecutive_fails=after.consecutive_fails,
                error=result.problem,
            )

    def _start(self, live: LivePool, member: Member) -> asyncio.Task[None]:
        async def work() -> None:
            while True:
                await self.check(live, member)
                rules = live.pool.health
                if rules is None:
                    return
                await self._sleep(rules.interval * (1.0 - _JITTER / 2 + _JITTER * self._draw()))

        return self._tasks.keep(work, name=f"loadbalancer.check.{live.pool.id}.{member.backend.id}")

    def _cancel(self, key: tuple[str, str]) -> None:
        _, task = self._running.pop(key)
        task.cancel()
