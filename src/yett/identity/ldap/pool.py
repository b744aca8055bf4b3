"""Connections to the first server that answers, bound with the service account and kept for the next question.

People's passwords are never checked on these: see `dial` with another account, and authn/ldap.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from yett.events import describe
from yett.identity.ldap import events
from yett.identity.ldap.config import LdapSettings
from yett.kernel import Clock
from yett.net.ldap import (
    Code,
    Connection,
    LDAPFailed,
    Limits,
    Refused,
    Server,
    Unreachable,
    Untrusted,
    parse_url,
)

T = TypeVar("T")

_AVOID_FOR = 30.0
"""Seconds for which a server that failed is tried last."""


class NotConnected(LDAPFailed):
    """No server could be used. `is_permanent` when trying again would not help."""

    def __init__(self, text: str, *, is_permanent: bool) -> None:
        super().__init__(text)
        self.is_permanent = is_permanent


class Dialer:
    """Opens connections, going from server to server."""

    def __init__(self, settings: LdapSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._failed_at: dict[str, float] = {}
        self._servers: tuple[Server, ...] | None = None
        self._limits = Limits(
            connect=settings.connect_timeout.total_seconds(),
            answer=settings.request_timeout.total_seconds(),
        )

    async def dial(self, *, with_account: bool = True) -> Connection:
        """An open connection, bound with the service account unless told otherwise. Raises NotConnected."""
        try:
            servers = await asyncio.to_thread(self._checked_servers)
        except (OSError, ValueError, Untrusted) as problem:
            text = str(problem) if isinstance(problem, Untrusted) else "the file of `ca` cannot be used"
            events.dial_failed(servers=len(self._settings.urls), error=text)
            raise NotConnected(text, is_permanent=True) from problem
        if not servers:
            raise NotConnected("there are no servers", is_permanent=True)
        events.connecting(servers=len(servers))
        problems: list[LDAPFailed] = []
        line = sorted(servers, key=self._is_avoided)
        for server in line:
            if problems:
                events.server_failed(server=line[len(problems) - 1].url, error=describe(problems[-1]))
            try:
                connection = await self._open(server, with_account=with_account)
            except LDAPFailed as problem:
                self._failed_at[server.url] = self._clock.monotonic()
                problems.append(problem)
                continue
            self._failed_at.pop(server.url, None)
            return connection
        events.dial_failed(servers=len(servers), error=describe(problems[-1]))
        is_permanent = not any(isinstance(problem, Unreachable) for problem in problems)
        raise NotConnected(str(problems[-1]), is_permanent=is_permanent) from problems[-1]

    def _is_avoided(self, server: Server) -> bool:
        failed = self._failed_at.get(server.url)
        return failed is not None and self._clock.monotonic() - failed < _AVOID_FOR

    async def _open(self, server: Server, *, with_account: bool) -> Connection:
        events.dialing(server=server.url)
        connection = await Connection.open(server, self._limits)
        events.connected(server=server.url)
        if with_account:
            try:
                await self._bind(connection, server)
            except BaseException:
                connection.drop()
                raise
        return connection

    async def _bind(self, connection: Connection, server: Server) -> None:
        events.binding(server=server.url)
        try:
            result = await connection.bind(self._settings.bind_dn, self._settings.bind_password)
            if result.code in {Code.BUSY, Code.UNAVAILABLE}:
                raise Unreachable(f"the bind was put off by the server with result {result.code}")
            if result.code != Code.SUCCESS:
                raise Refused("the bind", result)
        except LDAPFailed as problem:
            events.bind_failed(server=server.url, error=describe(problem))
            raise
        events.bound(server=server.url)

    def _checked_servers(self) -> tuple[Server, ...]:
        """The servers, with what their certificates are checked against; read once."""
        if self._servers is None:
            settings = self._settings
            context = ssl.create_default_context(cafile=settings.ca)
            if settings.ca is not None:
                events.custom_ca(file=str(settings.ca))
            else:
                events.system_ca()
            servers = []
            for url in settings.urls:
                scheme, host, port = parse_url(url)
                is_tls = scheme == "ldaps"
                if not is_tls and not settings.starttls and not settings.allow_plaintext:
                    raise Untrusted("no TLS where it is asked for")
                servers.append(Server(url, host, port, is_tls, settings.starttls and not is_tls, context))
            self._servers = tuple(servers)
        return self._servers


class Pool:
    """At most `size` connections; one that did not end its last answer properly is not used again."""

    def __init__(self, dialer: Dialer, size: int) -> None:
        self._dialer = dialer
        self._size = size
        self._idle: deque[Connection] = deque()
        self._places = asyncio.Semaphore(size)
        self._is_closed = False

    @property
    def idle(self) -> int:
        """How many connections wait for a question."""
        return len(self._idle)

    async def open(self) -> None:
        """Open every connection, one by one. Raises NotConnected."""
        events.pool_initializing(size=self._size)
        for number in range(len(self._idle) + 1, self._size + 1):
            events.pool_creating(number=number, total=self._size)
            self._idle.append(await self._dialer.dial())
            events.pool_created(number=number, total=self._size)
        events.pool_initialized(size=self._size)

    async def close(self) -> None:
        self._is_closed = True
        await self._close_idle()

    async def _close_idle(self) -> None:
        while self._idle:
            await self._idle.popleft().close()

    async def run(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """What `ask` makes of a connection. It may be asked twice: a kept connection can have died unseen."""
        async with self._connection() as (connection, is_kept):
            try:
                return await ask(connection)
            except Unreachable:
                if not is_kept:
                    raise
        # The others are as old as this one.
        await self._close_idle()
        async with self._connection() as (connection, _):
            return await ask(connection)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[Connection, bool]]:
        async with self._places:
            connection = self._kept()
            is_kept = connection is not None
            if connection is None:
                connection = await self._dialer.dial()
            try:
                yield connection, is_kept
            except BaseException:
                # Whatever went wrong, an answer may still be on its way.
                connection.drop()
                raise
            if connection.is_usable and not self._is_closed:
                self._idle.append(connection)
            else:
                connection.drop()

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.drop()
        return None
