"""Opening connections to upstreams: addresses, the PROXY protocol header, TLS.

Certificates and names of upstreams are always checked. A TLS context is never changed once made:
when its files change, connections from then on get another one, and those that are open keep theirs.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from yett.net.http.channel import ConnectFailed
from yett.net.http.model import Connection, Failure, Upstream
from yett.net.http.reaching import connected, reach
from yett.net.proxy_protocol import compose

P = TypeVar("P", bound=asyncio.BaseProtocol)

Files = tuple[str, str, str]
"""Authorities, certificate and key of an upstream; empty for what it has none of."""

LookUp = Callable[[str], Awaitable[Sequence[str]]]
"""From a host to its addresses, in the order they are to be tried; none to have the system asked.

It may raise OSError.
"""

_ALPN = {"http/1.1": ("http/1.1",), "h2": ("h2",), "auto": ("h2", "http/1.1")}


class Dialer:
    """Opens connections; one per server, for the sake of the TLS contexts it keeps."""

    def __init__(self, look_up: LookUp | None = None) -> None:
        self.look_up = look_up
        """Who knows the addresses of hosts; the system, without anybody else."""
        self._contexts: dict[tuple[Files, tuple[str, ...]], ssl.SSLContext] = {}

    async def open(self, upstream: Upstream, factory: Callable[[], P], introduction: bytes = b"") -> P:
        """A connection whose first bytes were `introduction`, before TLS if that is spoken.

        Raises OSError, of which ssl.SSLError is one, and ConnectFailed when no context can be made.
        """
        context = await self.context(upstream) if upstream.tls_name else None
        name = upstream.tls_name or None
        loop = asyncio.get_running_loop()
        addresses: Sequence[str] = ()
        if self.look_up is not None and not upstream.unix_path:
            addresses = await self.look_up(upstream.host)
        if introduction or addresses:
            sock = await (reach(addresses, upstream.port) if addresses else _connect(upstream))
            try:
                if introduction:
                    await loop.sock_sendall(sock, introduction)
                _, protocol = await loop.create_connection(
                    factory, sock=sock, ssl=context, server_hostname=name
                )
            except BaseException:
                sock.close()
                raise
        elif upstream.unix_path:
            _, protocol = await loop.create_unix_connection(
                factory, upstream.unix_path, ssl=context, server_hostname=name
            )
        else:
            _, protocol = await loop.create_connection(
                factory, upstream.host, upstream.port, ssl=context, server_hostname=name
            )
        return protocol

    async def context(self, upstream: Upstream) -> ssl.SSLContext:
        """What TLS to an upstream needs; ConnectFailed when a file of it cannot be used."""
        alpn = _ALPN.get(upstream.protocol, _ALPN["http/1.1"])
        key = (files_of(upstream), alpn)
        context = self._contexts.get(key)
        if context is None:
            # Reading the authorities takes milliseconds that other connections should not wait.
            try:
                context = await asyncio.to_thread(make_context, *key[0], alpn)
            except OSError as problem:
                raise ConnectFailed(Failure.TLS, "the files for TLS cannot be used") from problem
            self._contexts[key] = context
        return context

    def renew(self, changed: frozenset[Files]) -> None:
        """Read these files anew when they are next needed."""
        self._contexts = {key: made for key, made in self._contexts.items() if key[0] not in changed}


def files_of(upstream: Upstream) -> Files:
    """The files that TLS to an upstream needs."""
    return upstream.ca_file, upstream.cert_file, upstream.key_file


def make_context(
    ca_file: str = "", cert_file: str = "", key_file: str = "", alpn: tuple[str, ...] = ("http/1.1",)
) -> ssl.SSLContext:
    """Trust `ca_file`, or the system's authorities; show the certificate when asked. Raises OSError."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(list(alpn))
    if cert_file:
        # A key with a password would make OpenSSL ask on the terminal; an empty one never fits.
        context.load_cert_chain(cert_file, key_file or None, password=str)
    return context


def introduction_of(upstream: Upstream, client: Connection) -> bytes:
    """The PROXY protocol header that tells an upstream of a client; empty when it wants none."""
    if not upstream.send_proxy:
        return b""
    return compose(
        upstream.send_proxy,
        client.client_address,
        client.client_port,
        client.local_address,
        client.local_port,
    )


async def _connect(upstream: Upstream) -> socket.socket:
    """A connected socket; the addresses of a name are tried in their order."""
    loop = asyncio.get_running_loop()
    if upstream.unix_path:
        return await connected(socket.AF_UNIX, upstream.unix_path)
    found = await loop.getaddrinfo(upstream.host, upstream.port, type=socket.SOCK_STREAM)
    problem: OSError | None = None
    for family, kind, protocol, _, address in found:
        try:
            return await connected(family, address, kind, protocol)
        except OSError as failed:
            problem = failed
    raise problem or OSError("the name has no address")
