"""The reverse proxy as one thing: it is made once, and takes new settings while it runs."""

from collections.abc import Callable, Iterator

from yett.config import Mistake
from yett.events import describe
from yett.guard import Door
from yett.identity import Directory
from yett.kernel import Clock
from yett.keys import MasterKey, Sealer
from yett.net.http import ASGIApp
from yett.proxy import events
from yett.proxy.balancing import BadPool, Balancer, compile_pools
from yett.proxy.config import ProxySettings
from yett.proxy.endpoints import Endpoints
from yett.proxy.gate import ProxyGate
from yett.proxy.login import Login, Provider
from yett.proxy.routes import BadMapping, RouteTable, compile_routes
from yett.proxy.signing import HeaderSigner
from yett.sessions import Sessions


def check_proxy(settings: ProxySettings, sign_in_host: str) -> Iterator[Mistake]:
    """What is wrong with pools and mappings beyond single values."""
    bad: set[str] = set()
    for number, pool in enumerate(settings.pool):
        try:
            compile_pools((pool,))
        except BadPool as wrong:
            bad.add(pool.name)
            yield Mistake(f"proxy.pool[{number}]", pool.name, str(wrong))
    if not bad:
        try:
            compile_pools(settings.pool)
        except BadPool as wrong:
            yield Mistake("proxy.pool", "", str(wrong))
    names = _names(settings)
    for number, mapping in enumerate(settings.mapping):
        try:
            compile_routes((mapping,), sign_in_host, names)
        except BadMapping as wrong:
            yield Mistake(f"proxy.mapping[{number}]", mapping.app, str(wrong))


class Proxy:
    """Routes, gate, pages and keys of all applications."""

    def __init__(
        self,
        settings: ProxySettings,
        *,
        directory: Directory,
        sessions: Sessions,
        provider: Provider,
        sealer: Sealer,
        master: MasterKey,
        key_length: int,
        clock: Clock,
        sign_in_host: str,
        sign_in_app: ASGIApp,
        public_port: int,
        refuse_unrecorded: Callable[[], bool],
        door: Door,
        balancer: Balancer,
    ) -> None:
        self._balancer = balancer
        self._pools = settings.pool
        self._sign_in_host = sign_in_host
        port = "" if public_port == 443 else f":{public_port}"
        self._login = Login(
            provider,
            sessions,
            sealer,
            settings,
            clock,
            issuer=f"https://{sign_in_host}{port}",
            public_port=public_port,
        )
        self.signer = HeaderSigner(master, settings, key_length=key_length)
        self.endpoints = Endpoints(self._login, sessions, self.signer, clock)
        try:
            table = self._table(settings)
        except BadMapping as problem:
            events.initialization_failed(error=describe(problem))
            raise
        self.gate = ProxyGate(
            table=table,
            hsts=settings.hsts,
            directory=directory,
            sessions=sessions,
            signer=self.signer,
            login=self._login,
            clock=clock,
            sign_in_host=sign_in_host,
            sign_in_app=sign_in_app,
            application_pages=self.endpoints.app,
            refuse_unrecorded=refuse_unrecorded,
            door=door,
            balancer=balancer,
        )
        events.initialized(routes=len(table.routes), hosts=len(table.hosts))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every application host that is served now."""
        return self.gate.table.hosts

    def apply(self, settings: ProxySettings) -> bool:
        """Serve these mappings from the next request on; False (and the old ones stay) if they cannot be used."""
        try:
            table = self._table(settings)
        except BadMapping as problem:
            events.reload_failed(error=describe(problem))
            return False
        self._login.apply(settings)
        self.signer.apply(settings)
        for host in set(self.hosts) - set(table.hosts):
            self._login.forget(host)
        self.gate.use(table, settings.hsts)
        return True

    async def follow(self, settings: ProxySettings) -> bool:
        """`apply`, with the pools: no request in between meets a mapping whose pool is not there."""
        names = _names(settings)
        leaving = tuple(pool for pool in self._pools if pool.name not in names)
        try:
            pools, both = compile_pools(settings.pool), compile_pools((*settings.pool, *leaving))
        except BadPool as problem:
            events.reload_failed(error=describe(problem))
            return False
        await self._balancer.apply(both)
        if not self.apply(settings):
            await self._balancer.apply(compile_pools(self._pools))
            return False
        self._pools = settings.pool
        if leaving:
            await self._balancer.apply(pools)
        return True

    def _table(self, settings: ProxySettings) -> RouteTable:
        table = compile_routes(settings.mapping, self._sign_in_host, _names(settings))
        for bad in table.bad_fallbacks:
            events.invalid_fallback(app=bad.app, service=bad.service, error=bad.problem)
        for duplicate in table.duplicates:
            route = duplicate.route
            events.duplicate_route(
                app=route.app, host=route.host, route_path=route.path, kept=duplicate.kept.app
            )
        for route in table.routes:
            if route.rule.is_public:
                events.questionable_route(
                    app=route.app, problem="public: everybody may enter without signing in"
                )
            events.route_configured(
                app=route.app,
                host=route.host,
                route_path=route.path,
                service=route.address,
                groups=tuple(sorted(route.rule.groups)),
                public=route.rule.is_public,
                websocket=route.websocket,
                identity_headers=route.identity_headers,
            )
        for host in table.hosts:
            self._login.register(host)
        public = sum(route.rule.is_public for route in table.routes)
        events.config_summary(routes=len(table.routes), hosts=len(table.hosts), public_routes=public)
        return table


def _names(settings: ProxySettings) -> frozenset[str]:
    return frozenset(pool.name for pool in settings.pool)
