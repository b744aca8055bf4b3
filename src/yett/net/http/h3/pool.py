"""The connections to one upstream that speaks HTTP/3."""

import asyncio
from types import ModuleType

from yett.net.http.channel import Clock, ConnectFailed
from yett.net.http.dialing import Dialer
from yett.net.http.limits import Limits
from yett.net.http.model import Failure, Upstream
from yett.net.http.response import ResponseParser
from yett.net.http.shared import Carrier, Plain, SharedPool


class H3Pool(SharedPool[Carrier]):
    """Channels to an upstream by HTTP/3."""

    __slots__ = ("_dialer",)

    def __init__(
        self,
        upstream: Upstream,
        plain: Plain,
        parser: ResponseParser,
        limits: Limits,
        clock: Clock,
        dialer: Dialer,
    ) -> None:
        super().__init__(upstream, plain, parser, limits, clock)
        self._dialer = dialer

    async def _open(self) -> None:
        # QUIC takes a tenth of a second to load, which nobody else should wait, least of all the command.
        opening = await asyncio.to_thread(_load)
        connection = await opening.open_connection(self, self.upstream, self._dialer, self.patience)
        if connection.room <= 0:
            # Whoever waits would only open another one, again and again.
            raise ConnectFailed(Failure.CONNECT_FAILED, "the upstream ended the connection at once")
        self._connections[connection] = None


def _load() -> ModuleType:
    from yett.net.http.h3 import opening  # noqa: PLC0415 - see above

    return opening
