"""Pools of connections to upstreams, one per upstream, and the TLS they speak."""

import asyncio
import ssl
from typing import Any

from yett.net.http.limits import Limits
from yett.net.http.model import Failure, Upstream
from yett.net.http.response import ResponseParser
from yett.net.http.upstream import Clock, UpstreamConnection


class ConnectFailed(Exception):
    """No connection to an upstream could be had."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = detail


class Pool:
    """The connections to one upstream."""

    __slots__ = (
        "_contexts",
        "clock",
        "connections",
        "idle",
        "is_closed",
        "limits",
        "parser",
        "upstream",
        "used_at",
    )

    def __init__(
        self, upstream: Upstream, parser: ResponseParser, limits: Limits, clock: Clock, contexts: "Contexts"
    ) -> None:
        self.upstream = upstream
        self.parser = parser
        self.limits = limits
        self.clock = clock
        self.idle: list[UpstreamConnection] = []
        self.connections: set[UpstreamConnection] = set()
        self.used_at = clock.now
        self.is_closed = False
        self._contexts = contexts

    def take(self) -> UpstreamConnection | None:
        """The connection that was used last: it is the least likely to be stale."""
        self.used_at = self.clock.now
        idle = self.idle
        while idle:
            connection = idle.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    def put(self, connection: UpstreamConnection) -> None:
        """Keep a connection for the next exchange, if there is room."""
        if self.is_closed or len(self.idle) >= self.upstream.max_idle:
            self.forget(connection)
            connection.transport.close()
            return
        connection.idle_since = self.clock.now
        self.idle.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """A connection is no longer usable."""
        self.connections.discard(connection)
        if connection.exchange is None and connection in self.idle:
            self.idle.remove(connection)

    async def connect(self) -> UpstreamConnection:
        """A fresh connection; ConnectFailed otherwise."""
        try:
            async with asyncio.timeout(self.upstream.connect_timeout):
                connection = await self._open()
        except TimeoutError as problem:
            raise ConnectFailed(Failure.CONNECT_TIMEOUT, "connecting took too long") from problem
        except ConnectionRefusedError as problem:
            raise ConnectFailed(Failure.CONNECT_REFUSED, "connection refused") from problem
        except ssl.SSLError as problem:
            raise ConnectFailed(Failure.TLS, _tls_detail(problem)) from problem
        except OSError as problem:
            # Several addresses refused in one go come as one error without a number.
            if "Errno 111]" in str(problem):
                raise ConnectFailed(Failure.CONNECT_REFUSED, "connection refused") from problem
            raise ConnectFailed(Failure.CONNECT_FAILED, problem.strerror or "connecting failed") from problem
        self.connections.add(connection)
        return connection

    async def _open(self) -> UpstreamConnection:
        upstream = self.upstream
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {}
        if upstream.tls_name:
            options["ssl"] = await self._contexts.get(upstream.ca_file)
            options["server_hostname"] = upstream.tls_name
        if upstream.unix_path:
            _, connection = await loop.create_unix_connection(
                lambda: UpstreamConnection(self), upstream.unix_path, **options
            )
        else:
            _, connection = await loop.create_connection(
                lambda: UpstreamConnection(self), upstream.host, upstream.port, **options
            )
        return connection

    def sweep(self, now: float) -> None:
        """Close what has been idle for too long."""
        oldest = now - self.limits.pool_idle
        stale = [connection for connection in self.idle if connection.idle_since < oldest]
        for connection in stale:
            self.forget(connection)
            connection.transport.close()

    def close(self) -> None:
        """Close what is idle, and keep nothing from now on."""
        self.is_closed = True
        for connection in list(self.idle):
            self.forget(connection)
            connection.transport.close()


def _tls_detail(problem: ssl.SSLError) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"certificate refused: {problem.verify_message}"
    return f"TLS failed: {problem.reason or 'handshake'}"


class Contexts:
    """TLS contexts for upstreams, one per trust file; certificates and names are always checked."""

    def __init__(self) -> None:
        self._made: dict[str, ssl.SSLContext] = {}

    async def get(self, ca_file: str) -> ssl.SSLContext:
        """The context that trusts `ca_file`, or the system's authorities when it is empty."""
        context = self._made.get(ca_file)
        if context is None:
            # Reading the authorities takes milliseconds that other connections should not wait.
            try:
                context = await asyncio.to_thread(_make_context, ca_file)
            except OSError as problem:
                raise ConnectFailed(Failure.TLS, "the authorities' file cannot be used") from problem
            self._made[ca_file] = context
        return context


def _make_context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class Pools:
    """All pools of a server, by upstream."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._parser = ResponseParser(limits)
        self._contexts = Contexts()
        self._pools: dict[Upstream, Pool] = {}

    def get(self, upstream: Upstream) -> Pool:
        """The pool of an upstream; equal upstreams share one."""
        pool = self._pools.get(upstream)
        if pool is None:
            pool = Pool(upstream, self._parser, self._limits, self._clock, self._contexts)
            self._pools[upstream] = pool
        return pool

    def sweep(self, now: float) -> None:
        """Close idle connections; forget pools that nothing uses."""
        for upstream, pool in list(self._pools.items()):
            pool.sweep(now)
            if not pool.connections and now - pool.used_at > self._limits.pool_idle:
                # Clients' connections that still hold it ask for a new one when they see this.
                pool.is_closed = True
                del self._pools[upstream]

    def close(self) -> None:
        """Close everything idle; connections in use are closed when their exchange ends."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    @property
    def idle(self) -> int:
        """Idle connections, for the console and for tests."""
        return sum(len(pool.idle) for pool in self._pools.values())

    @property
    def open(self) -> int:
        """All connections to upstreams."""
        return sum(len(pool.connections) for pool in self._pools.values())
