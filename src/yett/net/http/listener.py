"""The front of the engine: sockets in, one `Gate` behind them."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

from yett.events import describe
from yett.kernel import Supervisor, new_id
from yett.net.http import events
from yett.net.http.answers import date_line
from yett.net.http.engine import Engine, Spawn
from yett.net.http.limits import Limits
from yett.net.http.model import Gate, Request
from yett.net.http.server import ClientConnection
from yett.net.http.stream import NAME_ASKED_FOR, peer_address, turn_away


class HTTPServer:
    """HTTP/1.1 on any number of listening sockets.

    `spawn` starts a task that somebody watches over, `new_id` makes request ids.
    """

    def __init__(
        self,
        gate: Gate,
        limits: Limits | None = None,
        *,
        spawn: Spawn | None = None,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        self.limits = limits or Limits()
        self._engine = Engine(gate, self.limits, spawn or Supervisor().run, new_id)
        self._servers: list[asyncio.Server] = []
        self._secured: list[_SecureListener] = []
        self._ports: list[int] = []
        self._sweep: asyncio.TimerHandle | None = None

    # Listening.

    async def start(
        self,
        host: str | None = None,
        port: int = 0,
        *,
        sockets: Iterable[socket.socket] = (),
        unix_path: str = "",
        tls: ssl.SSLContext | None = None,
        backlog: int = 2048,
    ) -> list[int]:
        """Listen on an address, on a Unix socket or on sockets made elsewhere; the answer is the ports.

        May be called several times, for listeners with and without TLS.
        """
        loop = asyncio.get_running_loop()
        bound = list(sockets)
        if unix_path:
            bound.append(_bind_unix(unix_path))
        if not bound:
            bound = await _bind(host, port)
        for sock in bound:
            sock.setblocking(False)
            if tls is None:
                self._servers.append(await loop.create_server(self._plain, sock=sock, backlog=backlog))
            else:
                remember_server_name(tls)
                sock.listen(backlog)
                self._secured.append(_SecureListener(sock, tls, self._engine, self._plain))
        if self._sweep is None:
            self._engine.now = loop.time()
            self._turn(loop)
        names = [sock.getsockname() for sock in bound]
        ports = [int(name[1]) for name in names if isinstance(name, tuple)]
        self._ports += ports
        return ports

    @property
    def ports(self) -> list[int]:
        """The ports listened on, in the order they were asked for."""
        return list(self._ports)

    def _plain(self) -> ClientConnection:
        return ClientConnection(self._engine)

    # Numbers.

    @property
    def connections(self) -> int:
        """Open client connections."""
        return len(self._engine.connections) + sum(len(listener.handshakes) for listener in self._secured)

    @property
    def requests(self) -> int:
        """Requests in progress."""
        return sum(connection.request is not None for connection in self._engine.connections)

    @property
    def upstream_connections(self) -> tuple[int, int]:
        """Connections to upstreams: open ones, and idle ones among them."""
        return self._engine.pools.open, self._engine.pools.idle

    # Time.

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """The one timer: turn the coarse clock and look at every connection."""
        engine = self._engine
        self._sweep = loop.call_later(self.limits.sweep, self._turn, loop)
        engine.now = now = loop.time()
        engine.date = date_line(time.time())
        for connection in list(engine.connections):
            connection.sweep(now)
        engine.pools.sweep(now)
        if engine.turned_away and len(engine.connections) < self.limits.max_connections:
            events.connections_free(limit=self.limits.max_connections, turned_away=engine.turned_away)
            engine.turned_away = 0

    # Ending.

    def cut(self, matches: Callable[[Request], bool]) -> int:
        """Break off the requests (and tunnels) in progress that match, for example a revoked session's."""
        found = [
            connection
            for connection in self._engine.connections
            if connection.request is not None and matches(connection.request)
        ]
        for connection in found:
            connection.cut()
        return len(found)

    async def drain(self, timeout: float = 30.0) -> int:  # noqa: ASYNC109 - what is left then is cut, not cancelled
        """Stop listening, let requests in flight finish, then cut; the answer is how many were cut."""
        engine = self._engine
        engine.is_draining = True
        for server in self._servers:
            server.close()
        for connection in list(engine.connections):
            connection.close_if_idle()
        for listener in self._secured:
            listener.close()
        await self._empty(timeout)
        left = list(engine.connections)
        for connection in left:
            connection.cut()
        # Aborted transports say goodbye in one of the loop's next turns.
        await self._empty(1.0)
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        engine.pools.close()
        events.drained(cut=len(left))
        return len(left)

    async def _empty(self, seconds: float) -> None:
        if self._engine.connections:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._engine.emptied.wait()


async def _bind(host: str | None, port: int) -> list[socket.socket]:
    """Sockets for every address of a host; all addresses of the machine when it is None."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    made: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            made.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
    except OSError:
        for sock in made:
            sock.close()
        raise
    return made


def _bind_unix(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
    except OSError:
        sock.close()
        raise
    return sock


def remember_server_name(context: ssl.SSLContext) -> None:
    """Have the name asked for in a handshake kept with the connection's TLS object.

    The server's side of a TLS object does not tell the name afterwards, and one context serves
    many handshakes at a time. A callback that chooses certificates by name is called as before;
    set it before the server starts.
    """
    chosen = context.sni_callback
    if getattr(chosen, NAME_ASKED_FOR, False):
        return

    def remember(tls: ssl.SSLObject, name: str, initial: ssl.SSLContext) -> Any:
        setattr(tls, NAME_ASKED_FOR, (name or "").lower())
        return chosen(tls, name, initial) if chosen is not None else None

    setattr(remember, NAME_ASKED_FOR, True)
    context.sni_callback = remember


class _SecureListener:
    """Accepts connections that speak TLS.

    They are accepted here and not by the loop's own server because only so a failed handshake is
    heard of, and can be recorded.
    """

    def __init__(
        self,
        sock: socket.socket,
        context: ssl.SSLContext,
        engine: Engine,
        factory: Callable[[], ClientConnection],
    ) -> None:
        self.handshakes: set[asyncio.Task[None]] = set()
        self._sock = sock
        self._context = context
        self._engine = engine
        self._factory = factory
        self._accepting = engine.spawn(self._accept(), name="http.accept")

    def close(self) -> None:
        """Accept no more, and give up on handshakes that are not complete."""
        self._accepting.cancel()
        self._sock.close()
        for task in self.handshakes:
            task.cancel()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        engine = self._engine
        while True:
            try:
                sock, _ = await loop.sock_accept(self._sock)
            except ConnectionError:
                continue  # the client was gone before its turn
            except OSError as problem:
                # No more files, usually: those that are open have to end first.
                events.accept_failed(error=describe(problem))
                await asyncio.sleep(engine.limits.sweep)
                continue
            if len(engine.connections) + len(self.handshakes) >= engine.limits.max_connections:
                turn_away(engine)
                sock.close()
                continue
            task = engine.spawn(self._shake(sock), name="http.handshake")
            self.handshakes.add(task)
            task.add_done_callback(self.handshakes.discard)

    async def _shake(self, sock: socket.socket) -> None:
        peer = sock.getpeername() if sock.family != socket.AF_UNIX else ""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._factory,
                sock,
                ssl=self._context,
                ssl_handshake_timeout=self._engine.limits.handshake_timeout,
            )
        except OSError as problem:
            events.handshake_failed(client=peer_address(peer), error=describe(problem))
