"""What operators can do with pools.

Changes by command last until the pool's settings change.
"""

from typing import Annotated

from cyclopts import Parameter

from yett.kernel import CommandFailed, Table, command
from yett.proxy.balancing.compiling import BadBackend, make_backend
from yett.proxy.balancing.live import LivePool, Member
from yett.proxy.balancing.model import Pool, Refusal, Refused
from yett.proxy.balancing.service import Balancer

_OPERATOR = "root"
"""Whoever may open the admin socket may do everything, so all are named alike."""

PoolName = Annotated[str, Parameter(help="Name of the pool.")]
BackendName = Annotated[str, Parameter(help="Name of the backend, as `proxy backends` shows it.")]


class BalancingCommands:
    """The commands about pools and backends."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer

    # Looking.

    @command("proxy pools")
    async def pools(self) -> Table:
        """List the pools: how each chooses, and what is switched on."""
        rows = tuple(
            (
                pool.id,
                pool.origin.value,
                pool.strategy.value,
                pool.affinity.value,
                len(pool.backends),
                self._available(pool),
                pool.health.kind.value if pool.health is not None else None,
                pool.circuit is not None,
                pool.outliers is not None,
                f"{pool.limit.rate:g}/s" if pool.limit is not None else None,
                pool.discovery.hostname if pool.discovery is not None else None,
            )
            for pool in await self._balancer.administration.list()
        )
        columns = (
            "pool",
            "from",
            "strategy",
            "affinity",
            "backends",
            "up",
            "check",
            "circuit",
            "outliers",
            "limit",
            "discovery",
        )
        return Table(columns, rows, empty="No pools; [[proxy.pool]] tables make them.")

    @command("proxy backends")
    async def backends(
        self, *, pool: Annotated[str, Parameter(help="Only the backends of this pool.")] = ""
    ) -> Table:
        """List the backends with their load and what keeps requests away from them."""
        rows = []
        for live in await self._chosen(pool):
            for member in live.members.values():
                candidate = member.candidate
                rows.append(
                    (
                        live.pool.id,
                        member.backend.id,
                        member.backend.address,
                        _state(member),
                        member.backend.weight,
                        candidate.active,
                        candidate.elsewhere,
                        member.selects,
                        round(candidate.latency * 1000.0, 3) if candidate.seen else None,
                        round(candidate.errors, 3),
                        member.bytes_in,
                        member.bytes_out,
                    )
                )
        columns = (
            "pool",
            "backend",
            "address",
            "state",
            "weight",
            "active",
            "active elsewhere",
            "selected",
            "latency ms",
            "error share",
            "bytes in",
            "bytes out",
        )
        return Table(columns, tuple(rows), empty="No backends.")

    @command("proxy health")
    async def health(
        self, *, pool: Annotated[str, Parameter(help="Only the backends of this pool.")] = ""
    ) -> Table:
        """Show the health, circuits and ejections of the backends."""
        rows = []
        for live in await self._chosen(pool):
            for member in live.members.values():
                health, standing = member.health, member.standing
                rows.append(
                    (
                        live.pool.id,
                        member.backend.id,
                        _health(live, member),
                        health.consecutive_ok,
                        health.consecutive_fails,
                        round(health.latency * 1000.0, 3),
                        health.problem or None,
                        _circuits(member),
                        bool(standing.ejected_until),
                        standing.total,
                        health.is_draining,
                    )
                )
        columns = (
            "pool",
            "backend",
            "health",
            "passed in a row",
            "failed in a row",
            "latency ms",
            "problem",
            "circuit",
            "ejected",
            "ejections",
            "draining",
        )
        return Table(columns, tuple(rows), empty="No backends.")

    # Changing.

    @command("proxy drain", writes=True)
    async def drain(self, pool: PoolName, backend: BackendName) -> str:
        """Send a backend no new requests; those it has go on."""
        _check(await self._balancer.administration.drain(pool, backend), pool, backend)
        active = self._balancer.pools[pool].members[backend].candidate.active
        return f"{backend} is draining; this node still has {active} requests there."

    @command("proxy undrain", writes=True)
    async def undrain(self, pool: PoolName, backend: BackendName) -> str:
        """Send a drained backend requests again."""
        _check(await self._balancer.administration.drain(pool, backend, is_draining=False), pool, backend)
        return f"{backend} takes requests again."

    @command("proxy circuit-reset", writes=True)
    async def circuit_reset(self, pool: PoolName, backend: BackendName) -> str:
        """Close the circuits of a backend, on all nodes."""
        result = await self._balancer.administration.reset_circuit(pool, backend, reset_by=_OPERATOR)
        _check(result, pool, backend)
        return f"The circuits of {backend} are closed."

    @command("proxy uneject", writes=True)
    async def uneject(self, pool: PoolName, backend: BackendName) -> str:
        """Let an ejected backend take requests again."""
        result = self._balancer.administration.uneject(pool, backend)
        if isinstance(result, Refused):
            raise _failure(result, pool, backend)
        return f"{backend} takes requests again." if result else f"{backend} was not ejected."

    @command("proxy backend-add", writes=True)
    async def backend_add(
        self,
        pool: PoolName,
        service: Annotated[str, Parameter(help="http://host:port, https://host:port or unix:/path.")],
        *,
        name: Annotated[str, Parameter(help="Name of the backend; its address when left out.")] = "",
        weight: Annotated[int, Parameter(help="How much it takes compared with the others.")] = 1,
    ) -> str:
        """Add a backend to a pool, on all nodes, until the pool's settings change."""
        if not 1 <= weight <= 1000:
            raise CommandFailed("A weight is between 1 and 1000.")
        if len(name) > 63 or not name.isprintable():
            raise CommandFailed("A name has at most 63 printable characters.")
        known = await self._balancer.administration.get(pool)
        if isinstance(known, Refused):
            raise _failure(known, pool, name)
        try:
            backend = make_backend(service, known.template, name=name, weight=weight)
        except BadBackend as problem:
            raise CommandFailed(f"Nothing was changed: {problem}.") from problem
        _check(await self._balancer.administration.add_backend(pool, backend), pool, backend.id)
        return f"Added {backend.id} to {pool}."

    @command("proxy backend-remove", writes=True)
    async def backend_remove(self, pool: PoolName, backend: BackendName) -> str:
        """Remove a backend from a pool, on all nodes, until the pool's settings change."""
        _check(await self._balancer.administration.remove_backend(pool, backend), pool, backend)
        return f"Removed {backend} from {pool}."

    async def _chosen(self, pool: str) -> list[LivePool]:
        pools = self._balancer.pools
        if not pool:
            return [pools[name] for name in sorted(pools)]
        if pool not in pools:
            raise _failure(Refused(Refusal.POOL_NOT_FOUND), pool, "")
        return [pools[pool]]

    def _available(self, pool: Pool) -> int:
        live = self._balancer.pools.get(pool.id)
        return 0 if live is None else sum(1 for member in live.members.values() if _state(member) == "up")


def _state(member: Member) -> str:
    health = member.health
    if health.is_draining:
        return "draining"
    if health.is_healthy is False:
        return "unhealthy"
    if member.standing.ejected_until:
        return "ejected"
    if member.circuits and not any(circuit.allows for circuit in member.circuits.values()):
        return "circuit open"
    return "up"


def _health(live: LivePool, member: Member) -> str:
    if live.pool.health is None:
        return "not checked"
    return {None: "unknown", True: "healthy", False: "unhealthy"}[member.health.is_healthy]


def _circuits(member: Member) -> str | None:
    if not member.circuits:
        return None
    return ", ".join(
        circuit.state.value if way is None else f"{way.value} {circuit.state.value}"
        for way, circuit in member.circuits.items()
    )


def _check(result: object, pool: str, backend: str) -> None:
    if isinstance(result, Refused):
        raise _failure(result, pool, backend)


def _failure(refused: Refused, pool: str, backend: str) -> CommandFailed:
    advice = {
        Refusal.POOL_NOT_FOUND: f"there is no pool {pool!r}; `yett proxy pools` shows all",
        Refusal.BACKEND_NOT_FOUND: f"there is no backend {backend!r} in {pool!r}; `yett proxy backends` shows all",
        Refusal.BACKEND_EXISTS: f"there is a backend {backend!r} in {pool!r} already",
        Refusal.STORE: "the store did not answer; the log says why",
    }.get(refused.reason, refused.reason.value)
    return CommandFailed(f"Nothing was changed: {advice}.")
