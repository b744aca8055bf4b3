"""Pools of connections to upstreams, one per upstream, and the TLS they speak."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from yett.net.http.channel import Clock, ConnectFailed, Source
from yett.net.http.dialing import Dialer, Files, LookUp, Told, connect_failed, files_of, introduction_of
from yett.net.http.h2.pool import H2Pool
from yett.net.http.h3.pool import H3Pool
from yett.net.http.limits import Limits
from yett.net.http.model import Connection, Failure, Upstream
from yett.net.http.response import ResponseParser
from yett.net.http.upstream import Home, UpstreamConnection

P = TypeVar("P", bound=asyncio.BaseProtocol)

_PRIVATE_IDLE = 5.0
"""Seconds that a connection waits for another request of the one client that it serves."""


class Pool(Home):
    """The connections to one upstream.

    Where their number is limited, who finds all of them in use waits in line: for a connection
    that is given back, or for a place to open one. Every place is either a connection in
    `connections`, or kept for somebody who is just opening one, or free.
    """

    __slots__ = (
        "_dialer",
        "_opening",
        "_room",
        "_waiting",
        "connections",
        "idle",
        "introduction",
        "limits",
        "patience",
        "upstream",
        "used_at",
    )

    def __init__(
        self,
        upstream: Upstream,
        parser: ResponseParser,
        limits: Limits,
        clock: Clock,
        dialer: Dialer,
        introduction: bytes = b"",
    ) -> None:
        super().__init__(clock, parser, limits.max_response_head)
        self.upstream = upstream
        self.limits = limits
        self.idle: list[UpstreamConnection] = []
        self.connections: set[UpstreamConnection] = set()
        self.used_at = clock.now
        self._dialer = dialer
        self.introduction = introduction
        """What each connection begins with; empty unless the upstream is told who the client is."""
        self.patience = _PRIVATE_IDLE if introduction else limits.pool_idle
        self._room = upstream.max_idle
        """How many idle connections are simply kept; 0 when a closer look is needed."""
        self._opening = 0
        self._waiting: deque[asyncio.Future[UpstreamConnection | None]] = deque()

    def take(self) -> UpstreamConnection | None:
        """The connection that was used last: it is the least likely to be stale."""
        self.used_at = self.clock.now
        idle = self.idle
        while idle:
            connection: UpstreamConnection = idle.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    def put(self, connection: UpstreamConnection) -> None:
        """Keep a connection for the next exchange, if there is room."""
        if len(self.idle) >= self._room:
            if self._hand_over(connection):
                return
            self.forget(connection)
            connection.transport.close()
            return
        connection.idle_since = self.clock.now
        self.idle.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """A connection is no longer usable."""
        if connection in self.connections:
            self.connections.discard(connection)
            self._admit()
        if connection.exchange is None and connection in self.idle:
            self.idle.remove(connection)

    async def connect(self) -> UpstreamConnection:
        """A fresh connection, or one that was waited for; ConnectFailed otherwise."""
        if self.upstream.max_connections:
            given = await self._wait_for_place()
            if given is not None:
                return given
        self._opening += 1
        try:
            connection = await self.dial(self.upstream, lambda: UpstreamConnection(self))
            if connection.transport.is_closing():
                raise ConnectFailed(Failure.CONNECT_FAILED, "the upstream closed the connection at once")
            self.connections.add(connection)
        finally:
            self._opening -= 1
            self._admit()
        return connection

    async def dial(self, upstream: Upstream, make: Callable[[], P]) -> P:
        """Open a connection for what `make` makes; ConnectFailed otherwise.

        `upstream` is ours, or the same with another protocol.
        """
        try:
            async with asyncio.timeout(self.upstream.connect_timeout):
                return await self._dialer.open(upstream, make, self.introduction)
        except (OSError, UnicodeError) as problem:
            raise connect_failed(problem) from problem

    # Waiting in line.

    async def _wait_for_place(self) -> UpstreamConnection | None:
        """A connection that was given back, or None for a free place to open one."""
        limit = self.upstream.max_connections
        if not self._waiting and len(self.connections) + self._opening < limit:
            return None
        if len(self._waiting) >= self.upstream.max_waiting:
            raise ConnectFailed(Failure.BUSY, "all connections are in use, and too many wait for one")
        turn: asyncio.Future[UpstreamConnection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._look_closer()
        try:
            async with asyncio.timeout(self.upstream.connect_timeout):
                while (given := await turn) is not None and given.transport.is_closing():
                    # It broke on the way here; whoever is first in line stays that.
                    turn = asyncio.get_running_loop().create_future()
                    self._waiting.appendleft(turn)
                    self._look_closer()
                    self._admit()
        except TimeoutError as problem:
            self._leave_line(turn)
            raise ConnectFailed(Failure.BUSY, "all connections were in use for too long") from problem
        except asyncio.CancelledError:
            self._leave_line(turn)
            raise
        if given is None:
            self._opening -= 1  # `_admit` kept the place until here
        return given

    def _leave_line(self, turn: asyncio.Future[UpstreamConnection | None]) -> None:
        """Somebody waits no more; what they were given in that very moment goes to the next."""
        if turn in self._waiting:
            self._waiting.remove(turn)
            self._look_closer()
        if turn.cancelled() or not turn.done():
            return
        given = turn.result()
        if given is None:
            self._opening -= 1
            self._admit()
        elif not given.transport.is_closing():
            self.put(given)

    def _hand_over(self, connection: UpstreamConnection) -> bool:
        """Give a connection to whoever waits first; False if nobody does."""
        while self._waiting:
            turn = self._waiting.popleft()
            self._look_closer()
            if not turn.done():
                turn.set_result(connection)
                return True
        return False

    def _admit(self) -> None:
        """Let those in line open connections while there are places, and keep the places for them."""
        while self._waiting and len(self.connections) + self._opening < self.upstream.max_connections:
            turn = self._waiting.popleft()
            self._look_closer()
            if not turn.done():
                self._opening += 1
                turn.set_result(None)

    def _look_closer(self) -> None:
        self._room = 0 if self._waiting or self.is_closed else self.upstream.max_idle

    @property
    def open_count(self) -> int:
        """Open connections."""
        return len(self.connections)

    @property
    def idle_count(self) -> int:
        """Those among them that nobody uses."""
        return len(self.idle)

    def sweep(self, now: float) -> None:
        """Close what has been idle for too long."""
        oldest = now - self.patience
        stale = [connection for connection in self.idle if connection.idle_since < oldest]
        for connection in stale:
            self.forget(connection)
            connection.transport.close()

    def close(self) -> None:
        """Close what is idle, and keep nothing from now on."""
        self.is_closed = True
        self._room = 0
        for connection in list(self.idle):
            self.forget(connection)
            connection.transport.close()


class Pools:
    """All pools of a server, by upstream."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._parser = ResponseParser(limits)
        self._dialer = Dialer()
        self._pools: dict[tuple[Upstream, bytes], Pool | H2Pool | H3Pool] = {}

    def get(self, upstream: Upstream, client: Connection, *, upgrade: bool = False) -> Source:
        """The pool of an upstream; equal upstreams share one, unless they are told who the client is.

        What is to become a tunnel by `upgrade` needs a connection of HTTP/1.1 to itself.
        """
        key = (upstream, introduction_of(upstream, client))
        pool = self._pools.get(key)
        if pool is None:
            plain = self._plain(upstream, key[1])
            if upstream.protocol == "http/1.1" or (upstream.protocol == "auto" and not upstream.tls_name):
                # Without a handshake there is nobody to choose.
                pool = plain
            elif upstream.protocol == "h3":
                pool = H3Pool(upstream, plain, self._parser, self._limits, self._clock, self._dialer)
            else:
                pool = H2Pool(upstream, plain, self._parser, self._limits, self._clock)
            self._pools[key] = pool
        if upgrade and isinstance(pool, H2Pool | H3Pool):
            return cast("Pool", pool.plain)  # which was made here
        return pool

    def _plain(self, upstream: Upstream, introduction: bytes) -> Pool:
        plain = upstream if upstream.protocol == "http/1.1" else replace(upstream, protocol="http/1.1")
        return Pool(plain, self._parser, self._limits, self._clock, self._dialer, introduction)

    def look_up_with(self, look_up: LookUp | None, told: Told | None = None) -> None:
        """Ask this for the addresses of upstreams from now on, and tell that how connecting by QUIC went."""
        self._dialer.look_up = look_up
        self._dialer.told = told

    def renew(self, changed: frozenset[Files]) -> None:
        """Files for TLS have changed: connections from now on go by what they hold, and old ones drain."""
        self._dialer.renew(changed)
        for key, pool in list(self._pools.items()):
            upstream = key[0]
            if upstream.tls_name and files_of(upstream) in changed:
                pool.close()
                del self._pools[key]

    def sweep(self, now: float) -> None:
        """Close idle connections; forget pools that nothing uses."""
        for key, pool in list(self._pools.items()):
            pool.sweep(now)
            if not pool.open_count and now - pool.used_at > pool.patience:
                # Clients' connections that still hold it ask for a new one when they see this.
                pool.close()
                del self._pools[key]

    def close(self) -> None:
        """Close everything idle; connections in use are closed when their exchange ends."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    @property
    def idle(self) -> int:
        """Idle connections, for the console and for tests."""
        return sum(pool.idle_count for pool in self._pools.values())

    @property
    def open(self) -> int:
        """All connections to upstreams."""
        return sum(pool.open_count for pool in self._pools.values())
