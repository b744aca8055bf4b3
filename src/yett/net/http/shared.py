"""The connections to one upstream, each of which carries many requests at a time.

Few of them are enough. Another one is opened when there is no room on those there are; whoever waits
for it shares it with everybody else who waits, and its failure, too.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from yett.net.http.channel import Channel, Clock, ConnectFailed, Source
from yett.net.http.h2.head import FieldReader
from yett.net.http.limits import Limits
from yett.net.http.model import Failure, Upstream
from yett.net.http.response import ResponseParser
from yett.net.http.upstream import UpstreamConnection

P = TypeVar("P", bound=asyncio.BaseProtocol)


class Plain(Protocol):
    """The pool of the same upstream by HTTP/1.1."""

    is_closed: bool
    patience: float

    @property
    def open_count(self) -> int: ...
    @property
    def idle_count(self) -> int: ...
    def take(self) -> UpstreamConnection | None: ...
    async def connect(self) -> UpstreamConnection: ...
    async def dial(self, upstream: Upstream, make: Callable[[], P]) -> P: ...
    def sweep(self, now: float) -> None: ...
    def close(self) -> None: ...


class Carrier(Protocol):
    """A connection of many channels."""

    idle_since: float

    @property
    def room(self) -> int:
        """How many more requests fit."""
        ...

    @property
    def is_idle(self) -> bool:
        """Whether no request is in progress."""
        ...

    def channel(self) -> Channel: ...
    def goodbye(self) -> None: ...
    def retire(self) -> None: ...
    def sweep(self, now: float) -> None: ...


C = TypeVar("C", bound=Carrier)


class SharedPool(Source, Generic[C]):
    """Channels to an upstream on shared connections; a subclass opens them."""

    __slots__ = (
        "_attempt",
        "_connections",
        "_is_plain",
        "_waiting",
        "clock",
        "limits",
        "parser",
        "patience",
        "plain",
        "reader",
        "upstream",
        "used_at",
    )

    def __init__(
        self, upstream: Upstream, plain: Plain, parser: ResponseParser, limits: Limits, clock: Clock
    ) -> None:
        super().__init__()
        self.upstream = upstream
        self.plain = plain
        """The same upstream by HTTP/1.1: for tunnels, and if it chooses so in the handshake."""
        self.parser = parser
        self.limits = limits
        self.clock = clock
        self.reader = FieldReader()
        self.patience = plain.patience
        """Seconds that an idle connection is kept; fewer for one that serves a single client."""
        self.used_at = clock.now
        self._is_plain = False
        self._connections: dict[C, None] = {}
        """Those that take requests, in the order they were opened."""
        self._attempt: asyncio.Future[ConnectFailed | None] | None = None
        """The opening of a connection that is under way."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        """For room, where no more connections may be opened."""

    def take(self) -> Channel | None:
        """A channel on a connection that has room."""
        self.used_at = self.clock.now
        for connection in self._connections:
            if connection.room > 0:
                return connection.channel()
        return self.plain.take() if self._is_plain else None

    async def connect(self) -> Channel:
        """A channel on a fresh connection, or on one that others opened or left meanwhile."""
        while True:
            channel = self.take()
            if channel is not None:
                return channel
            if self._is_plain:
                return await self.plain.connect()
            if self._attempt is not None:
                problem = await asyncio.shield(self._attempt)
            elif 0 < self.upstream.max_connections <= len(self._connections):
                problem = await self._wait_for_room()
            else:
                problem = await self._attempt_to_open()
            if problem is not None:
                raise ConnectFailed(problem.failure, problem.detail)

    async def _attempt_to_open(self) -> ConnectFailed | None:
        """Open one more connection, for everybody who waits for one; they share the failure, too."""
        attempt = self._attempt = asyncio.get_running_loop().create_future()
        problem: ConnectFailed | None = None
        try:
            await self._open()
        except ConnectFailed as failed:
            problem = failed
        finally:
            self._attempt = None
            if not attempt.done():
                attempt.set_result(problem)
        return problem

    async def _open(self) -> None:
        """Open a connection, and learn what it takes; ConnectFailed otherwise."""
        raise NotImplementedError

    async def _wait_for_room(self) -> ConnectFailed | None:
        if len(self._waiting) >= self.upstream.max_waiting:
            return ConnectFailed(Failure.BUSY, "all connections are full, and too many wait for room")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self.upstream.connect_timeout):
                await turn
        except TimeoutError:
            return ConnectFailed(Failure.BUSY, "all connections were full for too long")
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)
        return None

    # What connections tell.

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits for room."""
        return bool(self._waiting)

    def has_room(self, connection: C) -> None:  # noqa: ARG002 - whoever waits looks at all of them
        """A request of a connection ended."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def forget(self, connection: C) -> None:
        """A connection is gone."""
        if connection in self._connections:
            del self._connections[connection]
            self.has_room(connection)

    # What the server asks.

    @property
    def open_count(self) -> int:
        """Open connections."""
        return len(self._connections) + self.plain.open_count

    @property
    def idle_count(self) -> int:
        """Those among them that nobody uses."""
        return sum(connection.is_idle for connection in self._connections) + self.plain.idle_count

    def sweep(self, now: float) -> None:
        """Close what has been idle for too long."""
        for connection in list(self._connections):
            if connection.is_idle and now - connection.idle_since > self.patience:
                connection.goodbye()
            else:
                connection.sweep(now)
        self.plain.sweep(now)
        if self._is_plain and not self.plain.open_count:
            # Nothing is left of what was once agreed, so it may be asked again.
            self._is_plain = False

    def close(self) -> None:
        """Close what is idle; what is in use ends with its last request."""
        self.is_closed = True
        for connection in list(self._connections):
            connection.retire()
        self.plain.close()
