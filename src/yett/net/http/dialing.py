"""Opening connections to upstreams: addresses, the PROXY protocol header, TLS.

Certificates and names of upstreams are always checked. A TLS context is never changed once made:
when its files change, connections from then on get another one, and those that are open keep theirs.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from yett.net.http.channel import ConnectFailed
from yett.net.http.model import Connection, Failure, Upstream
from yett.net.http.reaching import connected, reach
from yett.net.proxy_protocol import compose

P = TypeVar("P", bound=asyncio.BaseProtocol)
T = TypeVar("T")

Files = tuple[str, str, str]
"""Authorities, certificate and key of an upstream; empty for what it has none of."""

LookUp = Callable[[str], Awaitable[Sequence[str]]]
"""From a host to its addresses, in the order they are to be tried; none to have the system asked.

It may raise OSError.
"""

Told = Callable[[str, Sequence[str], float, str], None]
"""Told how connecting by QUIC went: the host, the addresses that were tried, the seconds it took, and what
was wrong, in words; empty when nothing was."""

_ALPN = {"http/1.1": ("http/1.1",), "h2": ("h2",), "auto": ("h2", "http/1.1")}


class Dialer:
    """Opens connections; one per server, for the sake of the TLS contexts it keeps."""

    def __init__(self, look_up: LookUp | None = None, told: Told | None = None) -> None:
        self.look_up = look_up
        """Who knows the addresses of hosts; the system, without anybody else."""
        self.told = told
        """Who wants to know how connecting by QUIC goes, if anybody does."""
        self._kept: dict[tuple[Files, object], Any] = {}

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
        return await self.keep(upstream, alpn, lambda ca, cert, key: make_context(ca, cert, key, alpn))

    async def keep(self, upstream: Upstream, kind: object, make: Callable[[str, str, str], T]) -> T:
        """What `make` makes of an upstream's files, made once; ConnectFailed when one cannot be used."""
        key = (files_of(upstream), kind)
        kept: T | None = self._kept.get(key)
        if kept is None:
            # Reading the authorities takes milliseconds that other connections should not wait.
            try:
                kept = await asyncio.to_thread(make, *key[0])
            except OSError as problem:
                raise ConnectFailed(Failure.TLS, "the files for TLS cannot be used") from problem
            self._kept[key] = kept
        return kept

    def renew(self, changed: frozenset[Files]) -> None:
        """Read these files anew when they are next needed."""
        self._kept = {key: made for key, made in self._kept.items() if key[0] not in changed}


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


def connect_failed(problem: OSError | UnicodeError) -> ConnectFailed:
    """Why there is no connection, for what went wrong with opening one."""
    if isinstance(problem, TimeoutError):
        return ConnectFailed(Failure.CONNECT_TIMEOUT, "connecting took too long")
    if isinstance(problem, ssl.SSLError):
        return ConnectFailed(Failure.TLS, _tls_detail(problem))
    if isinstance(problem, UnicodeError):
        return ConnectFailed(Failure.CONNECT_FAILED, "not a host name")
    # Several addresses refused in one go come as one error without a number.
    if isinstance(problem, ConnectionRefusedError) or "Errno 111]" in str(problem):
        return ConnectFailed(Failure.CONNECT_REFUSED, "connection refused")
    return ConnectFailed(Failure.CONNECT_FAILED, problem.strerror or "connecting failed")


def _tls_detail(problem: ssl.SSLError) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"certificate refused: {problem.verify_message}"
    return f"TLS failed: {problem.reason or 'handshake'}"
