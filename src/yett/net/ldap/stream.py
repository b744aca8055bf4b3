"""The bytes of one connection: what came in and is not used yet, and a way to wait for more.

asyncio's own streams do not tell what came in before TLS began, which must not count.
"""

import asyncio
import contextlib
import socket
import ssl
from typing import Self, cast

_ENOUGH = 262_144
"""Bytes that may wait to be used; the other end is not read from while there are more."""


class Stream(asyncio.Protocol):
    """An open connection; `open` makes one of a connected socket."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.is_over = False
        """The other end has closed, or the connection broke: nothing comes any more."""
        self._transport: asyncio.Transport | None = None
        self._arrived = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._gone = asyncio.Event()
        self._is_full = False

    @classmethod
    async def open(cls, sock: socket.socket, context: ssl.SSLContext | None, host: str) -> Self:
        """Take a socket over, which is closed in any case; with TLS where there is a context. Raises OSError."""
        loop = asyncio.get_running_loop()
        stream = cls()
        try:
            plain, _ = await loop.create_connection(lambda: stream, sock=sock)
        except BaseException:
            sock.close()
            raise
        try:
            if context is not None:
                stream._transport = await stream._secured(plain, context, host)
        except BaseException:
            plain.abort()
            raise
        return stream

    async def _secured(
        self, plain: asyncio.Transport, context: ssl.SSLContext, host: str
    ) -> asyncio.Transport:
        # Paused, nothing is read but by TLS; what was read until then came in the clear.
        plain.pause_reading()
        if self.received or self.is_over:
            raise ConnectionError("something came in before TLS began")
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(plain, self, context, server_hostname=host)
        if secured is None:
            raise ConnectionError("the connection was closed while TLS began")
        return secured

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if len(self.received) > _ENOUGH and not self._is_full and self._transport is not None:
            self._is_full = True
            self._transport.pause_reading()
        self._arrived.set()

    def eof_received(self) -> bool:
        self.is_over = True
        self._arrived.set()
        return False

    def connection_lost(self, _: Exception | None) -> None:
        self.is_over = True
        self._arrived.set()
        self._may_write.set()
        self._gone.set()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    # What the connection does.

    async def more(self) -> bool:
        """Wait until something else came in; False at the end."""
        self._arrived.clear()
        # Also when a lot is waiting: it is part of something larger, which has its own limit.
        if self._is_full and self._transport is not None:
            self._is_full = False
            self._transport.resume_reading()
        before = len(self.received)
        while len(self.received) == before and not self.is_over:
            await self._arrived.wait()
            self._arrived.clear()
        return len(self.received) > before

    async def write(self, data: bytes) -> None:
        """Send; waits when the other end does not take it. Raises ConnectionError."""
        if self.is_over or self._transport is None:
            raise ConnectionError("the connection is closed")
        self._transport.write(data)
        await self._may_write.wait()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Close when everything is sent, without waiting for long."""
        if self._transport is not None:
            self._transport.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._gone.wait()
                    return
            self._transport.abort()
