"""One running gateway: every room built lowest first, started, told of new settings, and stopped."""

import asyncio
import contextlib
import gc
import os
import platform
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from yett import __version__, native
from yett.app.checking import check
from yett.app.forward_auth import ForOtherProxies
from yett.app.people import People
from yett.authn.kerberos import end_point
from yett.config import Loaded, Reloader, Snapshot, load
from yett.events import keep_witness, pipeline
from yett.guard import Guards
from yett.guard.rate import Caller, RateCommands
from yett.identity import Directory
from yett.identity.federation import FederationSettings, ProviderSettings, Trading
from yett.kernel import (
    Command,
    Lifecycle,
    Place,
    Readiness,
    Supervisor,
    SystemClock,
    commands,
    open_files_for,
    raise_open_files,
)
from yett.kernel import events as kernel_events
from yett.kernel.audit import AuditSettings
from yett.kernel.metrics import Registry
from yett.kernel.telemetry import Telemetry, TelemetrySettings
from yett.kernel.tracing import Exporter, Tracer, TracingSettings, Value
from yett.keys import AUDIT_KEY, MasterKey, Sealer, Signer, open_master_key
from yett.net import ClientCertificate, ProxyMode, ServiceSettings, addresses_of
from yett.net.dns import DNSSettings
from yett.net.dns import Resolver as NameResolver
from yett.net.ech import ECHCommands
from yett.net.http import Gate, HTTPServer, Limits, Request, Sender
from yett.net.pages import PathRouter, http_error
from yett.net.trust import Trust, private_fields
from yett.notify.mail import Mailer
from yett.notify.notices import Notifier, NotifyCommands, NotifySettings
from yett.oidc import Minting
from yett.ops import (
    AccessCommands,
    ConfigCommands,
    ConfigHistory,
    DataCommands,
    OutputCommands,
    RecentCommands,
    StatusCommands,
    health_routes,
)
from yett.ops.admin import AdminServer, AdminSettings, socket_path
from yett.ops.console import Console, ConsoleSettings
from yett.ops.metrics import (
    EventCounts,
    MetricsCommands,
    MetricsEndpoint,
    MetricsSettings,
    Rooms,
    add_sources,
    detailed_events,
)
from yett.ops.searching import LogsSettings
from yett.pki import (
    Authority,
    AutoTLS,
    CertificateCommands,
    Certificates,
    ClientAuthority,
    PKISettings,
    StaticCertificate,
    TLSContexts,
)
from yett.proxy import (
    Meter,
    MeteredGate,
    Proxy,
    ProxySettings,
    TracedGate,
    session_token,
    signed_in_at,
)
from yett.proxy.balancing import Balancer, BalancingCommands, compile_pools
from yett.proxy.balancing.discovery import LookedUp
from yett.proxy.balancing.health import probe
from yett.proxy.bearer import Bearers, Mint, Vault
from yett.proxy.group_monitor import GroupMonitor
from yett.proxy.rehearsal import Rehearsal
from yett.proxy.shadow import Mirror
from yett.proxy.transport import BackendNames, Rotation, Wishes
from yett.sessions import SessionCommands, Sessions
from yett.store import (
    ClusterSettings,
    CountedRecords,
    FileStorage,
    MemoryRecords,
    ModuleData,
    Records,
    SQLiteRecords,
    open_records,
)


class Yett:
    """One running gateway, made of a checked configuration."""

    def __init__(self, loaded: Loaded, source: Path, environ: Mapping[str, str]) -> None:
        self.snapshot = loaded.snapshot
        self.tasks = Supervisor()
        self.readiness = Readiness()
        self.lifecycle = Lifecycle()
        self._environ = environ
        self._stop = asyncio.Event()
        self._has_started = False
        self._meter: Meter | None = None
        self._exporter: Exporter | None = None
        self._clock = SystemClock()
        self._resolver = NameResolver(self.snapshot[DNSSettings], self._clock)
        self._names = BackendNames(self._resolver)
        cluster = self.snapshot[ClusterSettings]
        self.data = cluster.directory
        if self.data is not None:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        node = platform.node() or "yett"
        log = self.data / "log" if self.data is not None else None
        self.telemetry = Telemetry(
            self.snapshot[TelemetrySettings], log, node, audit=self.snapshot[AuditSettings]
        )
        self.registry = Registry()
        self.reloader = Reloader(
            lambda: load(source, environ, checks=(check,)),
            loaded,
            source=source,
            tasks=self.tasks,
            checks=(check,),
        )

    async def start(self) -> None:
        """Build and start everything, lowest room first. What fails is said, and nothing is left half started."""
        witness = keep_witness(self._environ)
        if witness is not None:
            self.lifecycle.add("witness", _nothing, _later(witness))
        self.lifecycle.add("telemetry", self.telemetry.start, self.telemetry.stop)
        self.lifecycle.add("tasks", _nothing, self.tasks.stop)
        await self.lifecycle.start()
        self._allow_files()
        try:
            await self._build()
            await self.lifecycle.start()
            self._has_started = True
        except BaseException:
            await self.lifecycle.stop()
            raise
        self.tasks.every(1.0, self._look, name="kernel.readiness", at_once=True)
        self.tasks.every(5.0, self._follow_clients, name="tls.clients")
        # What was made so far lives as long as the process; looking through it again and again
        # for garbage would cost every request a little, and some a lot.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)

    def _allow_files(self) -> None:
        needed = open_files_for(self.snapshot[ServiceSettings].max_connections)
        allowed = raise_open_files()
        if 0 <= allowed < needed:
            kernel_events.files_scarce(allowed=allowed, needed=needed)

    async def _build(self) -> None:
        snapshot, clock, tasks, add = self.snapshot, self._clock, self.tasks, self.lifecycle.add
        service = snapshot[ServiceSettings]
        cluster = snapshot[ClusterSettings]
        port = service.public_port or service.port
        origin = f"https://{service.hostname}" + ("" if port == 443 else f":{port}")

        records = self._kept(await open_records(cluster, clock))
        module_data = ModuleData(records, cluster)
        add("module data", module_data.start, module_data.stop)
        files = FileStorage(self.data / "files") if self.data is not None else None
        master = open_master_key(cluster, self.data)
        await self.telemetry.sign_with(Signer(master, AUDIT_KEY))

        people = People(
            records,
            module_data,
            master,
            snapshot,
            self.data,
            tasks,
            clock,
            self.lifecycle,
            origin=origin,
            look_up=self._names.look_up,
        )
        sessions, directory = people.sessions, people.directory
        notifier = self._notify(records, people.mailer)

        guards = Guards(records, snapshot, clock, tasks, identify=_caller_of(sessions), master=master)
        add("guards", guards.start, guards.stop)
        bearers = self._vouch(records, sessions, master, people.minting, people.providers.trading)
        self._console = Console(
            self.telemetry.directory,
            people.flow,
            snapshot[ConsoleSettings],
            snapshot[LogsSettings],
            clock,
            origin=origin,
        )
        add("console", self._console.start, self._console.stop)
        self._other_proxies = ForOtherProxies(
            people,
            snapshot,
            clock,
            tasks,
            self.lifecycle,
            origin=origin,
            limits=limits_of(service),
            refuse_unrecorded=lambda: self.telemetry.refuses_unrecorded,
        )
        pages = Starlette(exception_handlers={HTTPException: http_error})
        pages.router = PathRouter(
            [
                *people.routes,
                *self._other_proxies.routes,
                *health_routes(self.readiness),
                *self._console.routes,
            ]
        )
        balancer = Balancer(
            records,
            compile_pools(snapshot[ProxySettings].pool),
            clock,
            tasks,
            resolver=LookedUp(self._names.look_up),
            probe=partial(probe, look_up=self._names.look_up, told=self._names.connected),
        )
        add("load balancer", balancer.start, balancer.stop)
        mirror = self._mirror(service)
        self.proxy = Proxy(
            snapshot[ProxySettings],
            directory=directory,
            sessions=sessions,
            provider=people.provider,
            sealer=Sealer(master, "proxy/state"),
            master=master,
            key_length=len(cluster.cluster_key.encode()) if cluster.cluster_key else 32,
            clock=clock,
            sign_in_host=service.hostname,
            sign_in_app=pages,
            public_port=port,
            refuse_unrecorded=lambda: self.telemetry.refuses_unrecorded,
            door=guards.door,
            balancer=balancer,
            mirror=mirror,
            bearers=bearers,
            provider_of=self._provider_of,
            tokens=people.personal.session_for,
        )
        self._other_proxies.join(self.proxy.gate)
        self._trust = Trust(service)
        is_needed = service.proxy_mode is not ProxyMode.OFF or service.client_cert_forward
        trust = self._trust if is_needed else None
        self.server = HTTPServer(
            self._watched(self.proxy.gate), limits_of(service), spawn=tasks.run, trust=trust
        )
        self._rotation = Rotation(self.server.renew_tls, tasks)
        await self._rotation.follow(_transports(snapshot[ProxySettings]))
        add("rotation of authorities", self._rotation.start, self._rotation.stop)
        self._withdraw_what_is_lost(sessions, directory)
        people.personal.tokens.gone.connect(lambda told: self._withdraw(told.token.id))

        certificates, static, autotls = self._certify(records, master)
        people.kerberos.method.spnego.end_point = _end_point_of(certificates, service.hostname)
        self._offer_metrics(
            Rooms(self.readiness, self.server, self.proxy.gate, sessions, certificates, balancer, mirror)
        )
        add("listener", self._listen, self._drain, stop_within=service.drain_timeout.total_seconds() + 10)

        self._readiness(records, certificates, service)
        self._follow_settings(people, guards, autotls, static)
        history = ConfigHistory(files, self.reloader, clock)
        add("configuration history", history.start, _nothing)
        self.reloader.subscribe("configuration history", history.apply)
        bound: list[Any] = [
            SessionCommands(sessions),
            CertificateCommands(certificates, autotls),
            StatusCommands(self.readiness, lambda: self._facts(sessions, directory)),
            ConfigCommands(self.reloader),
            RecentCommands(self.telemetry.ring),
            OutputCommands(lambda: self.telemetry.outputs.all),
            RateCommands(guards.rate),
            BalancingCommands(balancer),
            history,
            DataCommands(module_data),
            ECHCommands(master.derive, service.hostname),
            MetricsCommands(self.registry),
            NotifyCommands(notifier),
            AccessCommands(self._rehearsal(guards, people, balancer, service).rehearse),
            *people.commands,
        ]
        self._offer(bound)
        add("configuration reload", self.reloader.start, self.reloader.stop)

    def _notify(self, records: Records, mailer: Mailer) -> Notifier:
        """Whoever tells operators what the log says."""
        self._notifier = notifier = Notifier(
            self.snapshot[NotifySettings],
            mailer,
            records,
            self.tasks,
            self._clock,
            node=platform.node() or "yett",
            look_up=self._names.look_up,
        )
        self.lifecycle.add("notices", notifier.start, notifier.stop)
        pipeline.add_sink(notifier.sink)
        return notifier

    def _vouch(
        self, records: Records, sessions: Sessions, master: MasterKey, minting: Minting, trading: Trading
    ) -> Bearers:
        """What makes tokens for applications, or gets them, and keeps them."""
        # What was kept before there were co-signers could not be checked by anybody any more.
        vault = Vault(
            records, Sealer(master, "proxy/bearers/shared" if minting.is_shared else "proxy/bearers")
        )
        mint = Mint(minting, trading, self._clock)
        bearers = Bearers(mint, vault, self.tasks, self._clock, signed_in_at=signed_in_at)
        sessions.ended.connect(bearers.forget)
        return bearers

    def _provider_of(self, name: str) -> ProviderSettings | None:
        """The provider of a name, as the settings have it now."""
        providers = self.snapshot[FederationSettings].provider
        return next((each for each in providers if each.name == name), None)

    def _withdraw_what_is_lost(self, sessions: Sessions, directory: Directory) -> None:
        """What is open ends with its session, and with the groups that it was opened by."""
        sessions.ended.connect(lambda ended: self._withdraw(ended.session.ref))
        settings = self.snapshot[ProxySettings].group_monitor
        self._group_monitor = GroupMonitor(
            sessions, directory, settings, self.tasks, rule_of=self.proxy.rule_of, cut=self.server.withdraw
        )
        self.lifecycle.add("group monitor", self._group_monitor.start, self._group_monitor.stop)

    def _certify(
        self, records: Records, master: MasterKey
    ) -> tuple[Certificates, StaticCertificate, AutoTLS]:
        """What shows clients a certificate for each served name."""
        snapshot, clock, tasks, add = self.snapshot, self._clock, self.tasks, self.lifecycle.add
        service = snapshot[ServiceSettings]
        certificates = Certificates(records, Sealer(master, "pki/certificates"), clock, tasks)
        add("certificates", certificates.start, certificates.stop)
        static = StaticCertificate(certificates, clock, tasks)
        add("static certificate", lambda: static.start(service.tls_cert, service.tls_key), static.stop)
        authority = Authority(
            self.data / "pki" if self.data is not None else None, snapshot[PKISettings], clock
        )
        autotls = AutoTLS(
            authority,
            certificates,
            master,
            records,
            (service, snapshot[PKISettings]),
            lambda: self.proxy.hosts,
            clock,
            tasks,
        )
        add("certificate renewal", autotls.start, autotls.stop)
        self._contexts = TLSContexts(
            certificates, _clients_of(service), ("h2", "http/1.1") if service.http2 else ("http/1.1",)
        )
        return certificates, static, autotls

    def _offer(self, owners: list[Any]) -> None:
        """Let operators ask, through the admin socket."""
        settings = self.snapshot[AdminSettings]
        if settings.socket:
            path = socket_path(settings, self.data, self._environ)
            offered = [each for each in commands.values() if each.place is Place.SERVER]
            admin = AdminServer(path, offered, binder(owners))
            self.lifecycle.add("admin socket", admin.start, admin.stop)

    def _rehearsal(
        self, guards: Guards, people: People, balancer: Balancer, service: ServiceSettings
    ) -> Rehearsal:
        """Whoever tells what would become of a request."""
        return Rehearsal(
            lambda: self.proxy.gate.table,
            guards=guards.rehearsal,
            directory=people.directory,
            sessions=people.sessions,
            balancer=balancer,
            foresight=people.foresight,
            clock=self._clock,
            sign_in_host=service.hostname,
            limits=limits_of(service),
            tokens=people.personal.tokens.foresee,
        )

    def _mirror(self, service: ServiceSettings) -> Mirror:
        """Whoever sends copies of requests to shadows."""
        sender = Sender(limits_of(service), self.tasks)
        sender.look_up_with(self._names.look_up, self._names.connected)
        self.lifecycle.add("sender", sender.start, sender.stop)
        return Mirror(sender, self.tasks, self._clock)

    # Being watched.

    def _kept(self, records: MemoryRecords | SQLiteRecords) -> Records:
        """The opened store, counting if anybody reads the numbers."""
        self.lifecycle.add("store", _nothing, records.close)
        if not self.snapshot[MetricsSettings].listen:
            return records
        counted = CountedRecords(records)
        self.registry.add("store", counted.samples)
        return counted

    def _watched(self, gate: Gate) -> Gate:
        """The gate, with what counts and traces its requests; itself where nothing does."""
        metrics, tracing = self.snapshot[MetricsSettings], self.snapshot[TracingSettings]
        if metrics.listen:
            self._meter = Meter(tuple(bound.total_seconds() for bound in metrics.buckets))
            gate = MeteredGate(gate, self._meter)
        if tracing.endpoint:
            node = platform.node() or "yett"
            # As the records of an otlp output say it, so that a collector sees one service.
            resource: dict[str, Value] = {
                "service.instance.id": node,
                "host.name": node,
                "process.pid": os.getpid(),
            }
            self._exporter = exporter = Exporter(tracing, resource=resource, version=__version__)
            self.lifecycle.add("tracing", _later(exporter.start), lambda: asyncio.to_thread(exporter.stop))
            gate = TracedGate(gate, Tracer(tracing), exporter.offer)
        return gate

    def _offer_metrics(self, rooms: Rooms) -> None:
        settings = self.snapshot[MetricsSettings]
        said = None
        if settings.listen:
            said = EventCounts(detailed_events())
            pipeline.add_sink(said)
        add_sources(self.registry, rooms, meter=self._meter, said=said, spans=self._exporter)
        self.registry.add("log outputs", self.telemetry.outputs.samples)
        self._metrics = MetricsEndpoint(self.registry, settings, self.tasks)
        self.lifecycle.add("metrics", self._metrics.start, self._metrics.stop)

    # Listening.

    async def _listen(self) -> None:
        service = self.snapshot[ServiceSettings]
        self.server.look_up_with(self._names.look_up, self._names.connected)
        tls = self._contexts.server_context() if service.tls else None
        for address in addresses_of(service.network_interface):
            await self.server.start(address, service.port, tls=tls)
        if service.unix_socket is not None:
            await self.server.start(unix_path=str(service.unix_socket))

    async def _follow_clients(self) -> None:
        """Check clients' certificates as the settings, and the file that they name, say now."""
        service = self.snapshot[ServiceSettings]
        context = self._contexts.follow(_clients_of(service)) if service.tls else None
        if context is not None:
            self.server.use_tls(context)

    async def _drain(self) -> None:
        await self.server.drain(self.snapshot[ServiceSettings].drain_timeout.total_seconds())

    def _withdraw(self, ref: str) -> None:
        """A session, or a token, that ends takes its open requests and tunnels with it."""

        def matches(request: Request) -> bool:
            return request.scope.session == ref

        self.server.withdraw(matches)

    # Being well.

    def _readiness(self, records: Any, certificates: Certificates, service: ServiceSettings) -> None:
        # The listener stands before the last part does: whoever asks through the admin socket at once has to find it.
        self.readiness.add("start", lambda: self._has_started)
        self.readiness.add("store", lambda: not getattr(records, "is_failing", False))
        self.readiness.add("listener", lambda: bool(self.server.ports))
        if service.tls:
            self.readiness.add("certificate", lambda: certificates.find(service.hostname) is not None)

    def now(self) -> float:
        """The gateway's time."""
        return self._clock.now()

    async def _look(self) -> None:
        self.readiness.look()

    def _facts(self, sessions: Sessions, directory: Directory) -> dict[str, Any]:
        open_now, idle = self.server.upstream_connections
        return {
            "version": __version__,
            "hot path": native.variant(),
            "listening on": ", ".join(str(port) for port in self.server.ports),
            "applications": len(self.proxy.gate.table.routes),
            "people": len(directory.people()),
            "sessions": len(sessions.live()),
            "client connections": self.server.connections,
            "requests in progress": self.server.requests,
            **({"requests answered": self._meter.total} if self._meter is not None else {}),
            "upstream connections": f"{open_now} ({idle} idle)",
        }

    # Changing.

    def _follow_settings(
        self,
        people: People,
        guards: Guards,
        autotls: AutoTLS,
        static: StaticCertificate,
    ) -> None:
        async def apply(_: Snapshot, new: Snapshot) -> None:
            self.snapshot = new
            await self.telemetry.apply(new[TelemetrySettings], new[AuditSettings])
            await people.apply(new)
            self._other_proxies.apply(new)
            await guards.apply(new)
            self._group_monitor.apply(new[ProxySettings].group_monitor)
            self._resolver.use(new[DNSSettings])
            await self.proxy.follow(new[ProxySettings])
            await self._rotation.follow(_transports(new[ProxySettings]))
            service = new[ServiceSettings]
            self._trust.use(service)
            self._metrics.use(new[MetricsSettings])
            await self._console.apply(new[ConsoleSettings], new[LogsSettings])
            await self._notifier.apply(new[NotifySettings])
            await self._follow_clients()
            await static.start(service.tls_cert, service.tls_key)
            autotls.update(service, new[PKISettings])

        self.reloader.subscribe("gateway", apply, timeout=timedelta(seconds=30))

    # Living.

    async def run(self) -> None:
        """Serve until a signal asks to stop, then drain and stop."""
        await self.start()
        try:
            await self.wait()
        finally:
            await self.lifecycle.stop()

    async def wait(self) -> None:
        """Return when somebody asks to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop, number.name)
        loop.add_signal_handler(signal.SIGHUP, self._asked_to_reload)
        await self._stop.wait()

    def _asked_to_stop(self, name: str) -> None:
        if self._stop.is_set():
            # Somebody is in a hurry: the second time there is no draining.
            os._exit(130)
        kernel_events.shutdown_requested(signal=name)
        self._stop.set()

    def _asked_to_reload(self) -> None:
        self.tasks.run(self.reloader.reload_now(), name="config.reload")


def limits_of(service: ServiceSettings) -> Limits:
    """The engine's limits as the settings say."""
    return Limits(
        max_head=service.max_head,
        max_fields=service.max_fields,
        max_connections=service.max_connections,
        http2=service.http2,
        max_streams=service.max_streams,
        head_timeout=service.head_timeout.total_seconds(),
        idle_timeout=service.idle_timeout.total_seconds(),
        body_timeout=service.body_timeout.total_seconds(),
        private_fields=private_fields(service),
    )


def _transports(settings: ProxySettings) -> tuple[Wishes, ...]:
    """Everything whose services are spoken to in ways of its own."""
    return (*settings.mapping, *settings.pool)


def _clients_of(service: ServiceSettings) -> ClientAuthority | None:
    """Whom to ask for a certificate, and who vouches for it."""
    if service.client_ca is None or service.client_cert is ClientCertificate.OFF:
        return None
    return ClientAuthority(service.client_ca, service.client_cert is ClientCertificate.REQUIRED)


def _end_point_of(certificates: Certificates, host: str) -> Callable[[], bytes]:
    """What a Kerberos token for a TLS connection to the sign-in host is bound to, now."""

    def find() -> bytes:
        installed = certificates.find(host)
        return b"" if installed is None else end_point(installed.certificate.chain_pem)

    return find


def _caller_of(sessions: Sessions) -> Callable[[Request], Caller | None]:
    """Who makes a request, for limits by session or person; only sessions that this node knows count."""

    def find(request: Request) -> Caller | None:
        token = session_token(request.cookie)
        session = sessions.peek(token, request.host) if token else None
        return None if session is None else Caller(session.ref, session.module_key)

    return find


def binder(owners: list[Any]) -> Callable[[Command], Callable[..., Any]]:
    """Finds the object whose method a command is."""
    table = {type(owner).__qualname__: owner for owner in owners}

    def bind(declared: Command) -> Callable[..., Any]:
        if not declared.owner:
            return declared.function
        bound: Callable[..., Any] = getattr(table[declared.owner], declared.function.__name__)
        return bound

    return bind


def _not_worth_a_traceback(unraisable: "sys.UnraisableHookArgs") -> None:
    """A client may put bytes that are no text into the server name; CPython complains where nobody can catch it.

    The handshake fails safely. A traceback for each would let anybody flood standard error.
    """
    if not isinstance(unraisable.exc_value, UnicodeDecodeError):
        sys.__unraisablehook__(unraisable)


async def _nothing() -> None:
    """A part without a start of its own."""


def _later(function: Callable[[], object]) -> Callable[[], Any]:
    async def call() -> None:
        function()

    return call


def serve(loaded: Loaded, source: Path, environ: Mapping[str, str]) -> None:
    """Run the gateway in this process until it is asked to stop."""
    sys.unraisablehook = _not_worth_a_traceback

    async def main() -> None:
        await Yett(loaded, source, environ).run()

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(main())
