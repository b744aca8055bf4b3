"""What a client's connection is below HTTP: a peer, reading that pauses, writing that stalls."""

import asyncio
import contextlib
import socket
import ssl
import struct
from typing import Final

from yett.net.http import events
from yett.net.http.engine import Engine, Work
from yett.net.http.model import Connection
from yett.net.proxy_protocol import Introduction

NAME_ASKED_FOR: Final = "yett_server_name"
"""The attribute of a TLS object that holds the name from its handshake."""
_RESET: Final = struct.pack("ii", 1, 0)
"""For SO_LINGER: do not wait, throw away what is unsent, and reset."""


class ClientStream(asyncio.Protocol):
    """A connection whose reading has several reasons to pause, and whose writing is watched."""

    __slots__ = (
        "_pauses",
        "_stalled_since",
        "_stalled_size",
        "_work",
        "arrival",
        "engine",
        "is_blocked",
        "touched",
        "transport",
    )

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.transport: asyncio.Transport
        self.arrival: Introduction | None = None
        """What a PROXY protocol header said before the connection's first byte."""
        self.touched = engine.now
        """When the client last sent something, or was last allowed to."""
        self.is_blocked = False
        """Whether the client does not read as fast as we write."""
        self._work: Work | None = None
        self._pauses = 0
        self._stalled_since = 0.0
        self._stalled_size = 0

    @property
    def is_paused(self) -> bool:
        """Whether nothing is read at the moment."""
        return self._pauses != 0

    def pause(self, reason: int) -> None:
        """Read no more until every reason is gone."""
        if not self._pauses and not self.transport.is_closing():
            self.transport.pause_reading()
        self._pauses |= reason

    def resume(self, reason: int) -> None:
        """One reason not to read is gone."""
        if not self._pauses & reason:
            return
        self._pauses &= ~reason
        if not self._pauses and not self.transport.is_closing():
            self.touched = self.engine.now
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        self.is_blocked = True
        if self._work is not None:
            self._work.client_paused()

    def resume_writing(self) -> None:
        self.is_blocked = False
        # Somebody reads: that as much waits at the next look as did at the last one is chance then.
        self._stalled_size = 0
        if self._work is not None:
            self._work.client_resumed()

    def cut(self) -> None:
        """End the connection at once, in a way no client takes for the end of a response.

        A response without a stated length ends with its connection, so it has to be a reset.
        """
        sock = self.transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def _is_stalled(self, now: float) -> bool:
        """Whether the client has read nothing for too long although there is something to read."""
        size = self.transport.get_write_buffer_size()
        if not size or size != self._stalled_size:
            self._stalled_size = size
            self._stalled_since = now
            return False
        return now - self._stalled_since > self.engine.limits.body_timeout


def turn_away(engine: Engine) -> None:
    """Count a connection too many; only the first of a series is worth a record."""
    if not engine.turned_away:
        events.connections_full(limit=engine.limits.max_connections)
    engine.turned_away += 1


def peer_address(peer: object) -> str:
    """The address in what a socket calls its peer; empty for a Unix socket.

    One person is one address, whether or not the socket speaks both families.
    """
    address = str(peer[0]) if isinstance(peer, tuple) else ""
    return address.removeprefix("::ffff:") if "." in address else address.partition("%")[0]


def addresses_of(transport: asyncio.BaseTransport, arrival: Introduction | None = None) -> Connection:
    """Who is at the other end of a transport, or behind it when a proxy said so."""
    peer = transport.get_extra_info("peername")
    own = transport.get_extra_info("sockname")
    tls = transport.get_extra_info("ssl_object")
    connection = Connection(
        client_address=peer_address(peer),
        client_port=int(peer[1]) if isinstance(peer, tuple) else 0,
        is_tls=tls is not None,
        server_name=getattr(tls, NAME_ASKED_FOR, ""),
        local_port=int(own[1]) if isinstance(own, tuple) else 0,
        local_address=peer_address(own),
    )
    if tls is not None and tls.context.verify_mode is not ssl.CERT_NONE:
        connection.certificate = tls.getpeercert(binary_form=True) or b""
    if arrival is not None:
        _introduce(connection, arrival)
    return connection


def _introduce(connection: Connection, arrival: Introduction) -> None:
    if not arrival.source:
        connection.is_silent = True
        return
    connection.via = connection.client_address
    connection.client_address, connection.client_port = arrival.source, arrival.source_port
    connection.local_address = arrival.destination
    connection.is_tls = connection.is_tls or arrival.is_tls
    connection.server_name = connection.server_name or arrival.server_name
