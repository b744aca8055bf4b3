"""The connections to one upstream that speaks HTTP/2, or may."""

import asyncio

from yett.net.http.channel import Clock, ConnectFailed
from yett.net.http.h2.upstream import H2UpstreamConnection
from yett.net.http.limits import Limits
from yett.net.http.model import Failure, Upstream
from yett.net.http.response import ResponseParser
from yett.net.http.shared import Plain, SharedPool


class H2Pool(SharedPool[H2UpstreamConnection]):
    """Channels to an upstream by HTTP/2; by HTTP/1.1 if it may choose and does."""

    __slots__ = ("_greeting",)

    def __init__(
        self, upstream: Upstream, plain: Plain, parser: ResponseParser, limits: Limits, clock: Clock
    ) -> None:
        super().__init__(upstream, plain, parser, limits, clock)
        self._greeting: dict[H2UpstreamConnection, asyncio.Future[None]] = {}
        """Those whose settings are still to come."""

    async def _open(self) -> None:
        connection = await self.plain.dial(self.upstream, lambda: H2UpstreamConnection(self))
        if self.upstream.protocol == "auto" and connection.chose_plain():
            # This one was the question; those that carry requests are opened as the answer says.
            self._is_plain = True
            connection.transport.abort()
            return
        greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not connection.is_gone:
            self._connections[connection] = None
        if connection.is_greeted or connection.is_gone:
            greeted.set_result(None)
        self._greeting[connection] = greeted
        try:
            async with asyncio.timeout(self.upstream.connect_timeout):
                await greeted
        except TimeoutError as problem:
            connection.transport.abort()
            raise ConnectFailed(Failure.CONNECT_TIMEOUT, "no settings of HTTP/2 in time") from problem
        finally:
            self._greeting.pop(connection, None)
        if not connection.is_greeted or connection not in self._connections:
            raise ConnectFailed(Failure.CONNECT_FAILED, "the upstream does not speak HTTP/2")
        if not connection.capacity:
            raise ConnectFailed(Failure.BUSY, "the upstream takes no requests")

    def greeted(self, connection: H2UpstreamConnection) -> None:
        """The upstream's settings came."""
        turn = self._greeting.get(connection)
        if turn is not None and not turn.done():
            turn.set_result(None)

    def forget(self, connection: H2UpstreamConnection) -> None:
        """A connection is gone."""
        if connection in self._connections:
            self.greeted(connection)
        super().forget(connection)
