"""Opening connections by QUIC: files, addresses, and a handshake with whoever answers first.

A datagram socket is connected as soon as it is asked to be, so an address is only known to answer when its
handshake is complete. The addresses of a name therefore race with whole handshakes.
"""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from functools import partial
from typing import Final

from yett.net.http.channel import ConnectFailed
from yett.net.http.dialing import Dialer, connect_failed
from yett.net.http.h3.flow import Quic
from yett.net.http.h3.trust import Credentials, configure, load
from yett.net.http.h3.upstream import SIGN_OF_LIFE, H3UpstreamConnection, Home
from yett.net.http.model import Upstream
from yett.net.http.reaching import place_of, race

_KIND: Final = "h3"
_ROOM_FOR_DATAGRAMS: Final = 2 * 1024 * 1024
"""Bytes that the kernel may keep for us: a burst of datagrams is lost otherwise."""


async def open_connection(
    home: Home, upstream: Upstream, dialer: Dialer, patience: float
) -> H3UpstreamConnection:
    """A connection that takes requests; ConnectFailed otherwise. Whoever wants to know is told how it went."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    tried: list[str] = []
    problem: ConnectFailed | None = None
    try:
        async with asyncio.timeout(upstream.connect_timeout):
            return await _open(home, upstream, dialer, patience, tried)
    except ConnectFailed as failed:
        problem = failed
        raise
    except (OSError, UnicodeError) as failed:
        problem = connect_failed(failed)
        raise problem from failed
    finally:
        if dialer.told is not None:
            dialer.told(upstream.host, tried, loop.time() - began, "" if problem is None else problem.detail)


async def _open(
    home: Home, upstream: Upstream, dialer: Dialer, patience: float, tried: list[str]
) -> H3UpstreamConnection:
    credentials = await dialer.keep(upstream, _KIND, load)
    tries = [
        partial(_attempt, home, upstream, credentials, patience, address, tried)
        for address in await _addresses(upstream, dialer)
    ]
    return await race(tries, H3UpstreamConnection.abort)


async def _addresses(upstream: Upstream, dialer: Dialer) -> Sequence[str]:
    addresses: Sequence[str] = ()
    if dialer.look_up is not None:
        addresses = await dialer.look_up(upstream.host)
    if not addresses:
        found = await asyncio.get_running_loop().getaddrinfo(
            upstream.host, upstream.port, type=socket.SOCK_DGRAM
        )
        addresses = [str(place[0]) for *_, place in found]
    return addresses


async def _attempt(
    home: Home, upstream: Upstream, credentials: Credentials, patience: float, address: str, tried: list[str]
) -> H3UpstreamConnection:
    """A handshake with one address. Raises OSError when nobody is there, ConnectFailed when it fails."""
    tried.append(address)
    family, place = place_of(address, upstream.port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM_FOR_DATAGRAMS)
        sock.connect(place)
        # An upstream that is silent while it works is asked for a sign of life long before that.
        quic = Quic(configure(credentials, upstream.tls_name, max(patience, 3 * SIGN_OF_LIFE)))
        connection = H3UpstreamConnection(home, quic, place)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: connection, sock=sock)
    except BaseException:
        sock.close()
        raise
    try:
        await connection.ready()
    except BaseException:
        connection.abort()
        raise
    return connection
