"""Keeping pools in step with DNS.

One node at a time asks for a pool and writes what it found into the pool, where the others find it.
Failure and an empty answer change nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from yett.kernel import Supervisor
from yett.proxy.balancing import events
from yett.proxy.balancing.administration import Administration
from yett.proxy.balancing.discovery import DiscoveryRules, Resolver, Unresolved, compare
from yett.proxy.balancing.encoding import state_key
from yett.proxy.balancing.leases import Leases
from yett.proxy.balancing.model import Backend, Pool, Refusal
from yett.proxy.balancing.roster import Roster

Sleep = Callable[[float], Awaitable[None]]


class Discoveries:
    """The tasks that ask, one for each pool with a name."""

    def __init__(
        self,
        roster: Roster,
        administration: Administration,
        leases: Leases,
        resolver: Resolver,
        tasks: Supervisor,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._roster = roster
        self._administration = administration
        self._leases = leases
        self._resolver = resolver
        self._tasks = tasks
        self._sleep = sleep
        self._running: dict[str, tuple[DiscoveryRules, asyncio.Task[None]]] = {}
        roster.changed.connect(self._follow)

    def stop(self) -> None:
        """Ask no more."""
        for _, task in self._running.values():
            task.cancel()
        self._running.clear()

    async def refresh(self, pool_id: str) -> None:
        """Ask for one pool now, if that is for this node to do."""
        live = self._roster.pools.get(pool_id)
        rules = live.pool.discovery if live is not None else None
        if live is None or rules is None:
            return
        if not await self._leases.hold(state_key("discovery/", pool_id), rules.refresh * 2.5 + 10.0):
            return
        answer = await self._resolver.resolve(rules.hostname, rules.port)
        if isinstance(answer, Unresolved):
            events.discovery_failed(pool_id=pool_id, hostname=rules.hostname, error=answer.problem)
        elif not answer.addresses:
            events.discovery_empty(pool_id=pool_id, hostname=rules.hostname)
        else:
            await self._apply(live.pool, rules, answer.addresses)

    async def _apply(self, pool: Pool, rules: DiscoveryRules, found: tuple[str, ...]) -> None:
        known = {
            backend.upstream.host: backend.id
            for backend in pool.backends
            if backend.is_discovered and backend.upstream.port == rules.port
        }
        changes = compare(known, found)
        added = removed = 0
        for address in changes.added:
            result = await self._administration.add_backend(pool.id, backend_at(address, pool, rules))
            if isinstance(result, Pool):
                added += 1
            elif result.reason is not Refusal.BACKEND_EXISTS:
                # One that was written into the settings by hand serves as well.
                events.discovered_add_failed(pool_id=pool.id, ip=address, error=result.reason.value)
        for address in changes.removed:
            gone = await self._administration.remove_backend(pool.id, known[address])
            if isinstance(gone, Pool):
                removed += 1
            elif gone.reason is not Refusal.BACKEND_NOT_FOUND:
                events.discovered_remove_failed(pool_id=pool.id, ip=address, error=gone.reason.value)
        if added or removed:
            events.discovery_updated(
                pool_id=pool.id, hostname=rules.hostname, total_ips=len(found), added=added, removed=removed
            )

    def _follow(self, pool_id: str) -> None:
        live = self._roster.pools.get(pool_id)
        rules = live.pool.discovery if live is not None else None
        running = self._running.get(pool_id)
        if running is not None and running[0] != rules:
            running[1].cancel()
            del self._running[pool_id]
            running = None
        if rules is not None and running is None:
            self._running[pool_id] = (rules, self._start(pool_id, rules))

    def _start(self, pool_id: str, rules: DiscoveryRules) -> asyncio.Task[None]:
        async def work() -> None:
            while True:
                await self.refresh(pool_id)
                await self._sleep(rules.refresh)

        return self._tasks.keep(work, name=f"loadbalancer.discovery.{pool_id}")


def backend_at(address: str, pool: Pool, rules: DiscoveryRules) -> Backend:
    """The backend at a discovered address."""
    upstream = replace(
        pool.template,
        host=address,
        port=rules.port,
        tls_name=(pool.template.tls_name or rules.hostname) if rules.is_tls else "",
    )
    text = f"[{address}]:{rules.port}" if ":" in address else f"{address}:{rules.port}"
    return Backend(text, upstream, text, is_discovered=True, host=f"{rules.hostname}:{rules.port}")
