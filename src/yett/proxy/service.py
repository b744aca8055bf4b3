"""The reverse proxy as one thing: it is made once, and takes new settings while it runs."""

from collections.abc import Callable, Iterator
from functools import partial

from yett.config import Mistake
from yett.events import describe
from yett.guard import Door
from yett.identity import Directory
from yett.identity.access import Rule
from yett.kernel import Clock
from yett.keys import MasterKey, Sealer
from yett.net.http import ASGIApp, Request
from yett.proxy import events
from yett.proxy.balancing import BadPool, Balancer, compile_pools
from yett.proxy.bearer import Bearers
from yett.proxy.compiling import BadMapping, compile_routes
from yett.proxy.config import ProxySettings
from yett.proxy.doubts import doubts_about, doubts_about_pool
from yett.proxy.endpoints import Endpoints
from yett.proxy.gate import ProxyGate, Tokens
from yett.proxy.group_monitor import GROUPS, written
from yett.proxy.login import Login, Provider
from yett.proxy.pipeline import steps_of
from yett.proxy.pooled import Pooled
from yett.proxy.proofs import Proofs
from yett.proxy.request_signing import Algorithm
from yett.proxy.routes import Route, RouteTable
from yett.proxy.shadow import Mirror
from yett.proxy.signing import HeaderSigner, SigningKeys
from yett.proxy.transport import events as transport
from yett.proxy.vouching import ProviderOf, Vouching, no_provider
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
        mirror: Mirror | None = None,
        bearers: Bearers | None = None,
        provider_of: ProviderOf = no_provider,
        tokens: Tokens | None = None,
    ) -> None:
        self._balancer = balancer
        self._pools = settings.pool
        self._sign_in_host = sign_in_host
        self._public_port = public_port
        port = "" if public_port == 443 else f":{public_port}"
        self._login = Login(
            provider,
            sessions,
            sealer,
            settings,
            clock,
            issuer=f"https://{sign_in_host}{port}",
            public_port=public_port,
            remember=lambda user: {GROUPS: written(directory.person(user))},
        )
        self.signer = HeaderSigner(master, settings, key_length=key_length)
        self._request_keys = SigningKeys(master, "proxy/request-signing", settings)
        self._vouching = Vouching(self._request_keys, clock, bearers, provider_of)
        self._mappings = settings.mapping
        proofs = Proofs(self.signer, self._request_keys, clock, shared_for=self._shared_for)
        self.endpoints = Endpoints(self._login, sessions, proofs)
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
            mirror=mirror,
            tokens=tokens,
        )
        self._login.serve_families(lambda host: host != sign_in_host and bool(self.gate.table.family(host)))
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
        self._request_keys.apply(settings)
        self._mappings = settings.mapping
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

    def rule_of(self, request: Request) -> Rule | None:
        """By which rule a request in progress was let through to an application; None when it was not."""
        note = request.note
        route = note.route if isinstance(note, Pooled) else note
        return route.rule if isinstance(route, Route) else None

    def _shared_for(self, host: str) -> dict[str, bytes]:
        """The keys that applications of a host share with us, by app."""
        family = self.gate.table.family(host)
        return {
            mapping.app: mapping.request_signing.key.encode("ascii")
            for mapping in self._mappings
            if mapping.host in {host, family}
            and mapping.request_signing is not None
            and mapping.request_signing.alg is Algorithm.HMAC_SHA256
        }

    def _table(self, settings: ProxySettings) -> RouteTable:
        table = compile_routes(
            settings.mapping,
            self._sign_in_host,
            _names(settings),
            steps=partial(
                steps_of, settings=settings, public_port=self._public_port, vouching=self._vouching
            ),
        )
        mappings = {mapping.app: mapping for mapping in settings.mapping}
        for bad in table.bad_fallbacks:
            events.invalid_fallback(app=bad.app, service=bad.service, error=bad.problem)
        for duplicate in table.duplicates:
            route = duplicate.route
            events.duplicate_route(
                app=route.app, host=route.host, route_path=route.path, kept=duplicate.kept.app
            )
        for pool in settings.pool:
            for say, problem in doubts_about_pool(pool):
                say(pool_id=pool.name, problem=problem)
        for route in table.routes:
            for problem in doubts_about(route):
                events.questionable_route(app=route.app, problem=problem)
            if route.ca_file:
                events.authority_loaded(app=route.app, file=route.ca_file)
            upstream = route.upstream
            transport.configured(
                app=route.app,
                service=route.address,
                tls=bool(upstream.tls_name),
                own_authorities=bool(upstream.ca_file),
                client_certificate=bool(upstream.cert_file),
                proxy_protocol=upstream.send_proxy,
            )
            events.route_configured(
                app=route.app,
                host=route.host,
                route_path=route.path,
                match=route.kind,
                methods=tuple(sorted(method.decode("ascii") for method in route.conditions.methods)),
                service=route.address,
                groups=tuple(sorted(route.rule.groups)),
                public=route.rule.is_public,
                websocket=route.websocket,
                identity_headers=route.identity_headers,
                conditions=len(route.conditions.fields) + len(route.conditions.query),
                reauth=len(mappings[route.app].reauth),
                assurance=mappings[route.app].assurance,
                step_up=len(mappings[route.app].step_up),
            )
        for host in table.hosts:
            if not host.startswith("*."):
                self._login.register(host)
        public = sum(route.rule.is_public for route in table.routes)
        events.config_summary(routes=len(table.routes), hosts=len(table.hosts), public_routes=public)
        return table


def _names(settings: ProxySettings) -> frozenset[str]:
    return frozenset(pool.name for pool in settings.pool)
