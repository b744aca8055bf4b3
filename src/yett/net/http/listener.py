"""The front of the engine: sockets in, one `Gate` behind them."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

from yett.events import describe
from yett.kernel import Supervisor
from yett.net.http import events
from yett.net.http.answers import date_line
from yett.net.http.dialing import Files, LookUp, Told
from yett.net.http.engine import Engine, Spawn, Trust
from yett.net.http.h2.head import FieldReader
from yett.net.http.h2.server import H2ClientConnection
from yett.net.http.limits import Limits
from yett.net.http.model import Admission, Gate, Request
from yett.net.http.server import ClientConnection
from yett.net.http.stream import NAME_ASKED_FOR, peer_address, turn_away
from yett.net.proxy_protocol import LONGEST, BadHeader, Introduction, parse


class HTTPServer:
    """HTTP/1.1 and HTTP/2 on any number of listening sockets.

    `spawn` starts a task that somebody watches over.
    """

    def __init__(
        self,
        gate: Gate,
        limits: Limits | None = None,
        *,
        spawn: Spawn | None = None,
        trust: Trust | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._engine = Engine(gate, self.limits, spawn or Supervisor().run)
        self._engine.trust = trust
        if self.limits.http2:
            reader = FieldReader()
            self._engine.http2 = lambda: H2ClientConnection(self._engine, reader)
        self._servers: list[asyncio.Server] = []
        self._listeners: list[_Listener] = []
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
            if tls is None and self._engine.trust is None:
                self._servers.append(await loop.create_server(self._plain, sock=sock, backlog=backlog))
            else:
                if tls is not None:
                    remember_server_name(tls)
                sock.listen(backlog)
                self._listeners.append(_Listener(sock, tls, self._engine, self._plain))
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
        return len(self._engine.connections) + sum(len(listener.handshakes) for listener in self._listeners)

    @property
    def requests(self) -> int:
        """Requests in progress."""
        return sum(len(connection.requests) for connection in self._engine.connections)

    def in_progress(self) -> Iterator[Request]:
        """Each request in progress."""
        return (request for connection in self._engine.connections for request in connection.requests)

    @property
    def upstream_connections(self) -> tuple[int, int]:
        """Connections to upstreams: open ones, and idle ones among them."""
        return self._engine.pools.open, self._engine.pools.idle

    def look_up_with(self, look_up: LookUp, told: Told | None = None) -> None:
        """Ask this for the addresses of upstreams, in place of the system."""
        self._engine.pools.look_up_with(look_up, told)

    def renew_tls(self, changed: frozenset[Files]) -> None:
        """Files for TLS to upstreams have changed: new connections go by what they hold, old ones drain."""
        self._engine.pools.renew(changed)

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Begin handshakes with this context from now on, on every port that speaks TLS."""
        remember_server_name(context)
        for listener in self._listeners:
            listener.use_tls(context)

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

    def withdraw(self, matches: Callable[[Request], bool]) -> int:
        """Break off the requests (and tunnels) in progress that match, for example a revoked session's; their number.

        Whose answer has not begun is told so by the gate's page; others end in a way that no client takes for a
        whole answer. The caller's scope stays as it is.
        """
        return sum(
            # In a context of its own, because what is recorded about a request is recorded in its scope.
            copy_context().run(connection.withdraw_requests, matches)
            for connection in list(self._engine.connections)
        )

    async def drain(self, timeout: float = 30.0) -> int:  # noqa: ASYNC109 - what is left then is cut, not cancelled
        """Stop listening, let requests in flight finish, then cut; the answer is how many were cut."""
        engine = self._engine
        engine.is_draining = True
        for server in self._servers:
            server.close()
        for connection in list(engine.connections):
            connection.close_if_idle()
        for listener in self._listeners:
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
    """A Unix socket for our group and nobody else; one that a dead process left behind makes room."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_behind(path):
            Path(path).unlink()
        # Nobody can connect before it listens, so there is no moment at which everybody could.
        sock.bind(path)
        Path(path).chmod(0o660)
    except OSError:
        sock.close()
        raise
    return sock


def _is_left_behind(path: str) -> bool:
    """Whether there is a socket that nobody listens on."""
    if not Path(path).is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


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


class _Listener:
    """Accepts connections that have something to do before HTTP: a PROXY protocol header, TLS, or both.

    They are accepted here and not by the loop's own server because only so a failed handshake is
    heard of and can be recorded, and because the header stands before the handshake.
    """

    def __init__(
        self,
        sock: socket.socket,
        context: ssl.SSLContext | None,
        engine: Engine,
        factory: Callable[[], ClientConnection],
    ) -> None:
        self.handshakes: set[asyncio.Task[None]] = set()
        self._sock = sock
        self._context = context
        self._engine = engine
        self._factory = factory
        self._accepting = engine.spawn(self._accept(), name="http.accept")

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Another context for handshakes from now on, if there are any here."""
        if self._context is not None:
            self._context = context

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
        try:
            peer = peer_address(sock.getpeername() if sock.family != socket.AF_UNIX else "")
        except OSError:
            sock.close()
            return  # the client was gone before its turn
        arrival = None
        trust = self._engine.trust
        if trust is not None:
            admission = trust.admit(peer)
            if admission is Admission.INTRODUCED:
                try:
                    arrival = await self._introduced(sock, peer)
                except asyncio.CancelledError:
                    sock.close()
                    raise
            if admission is Admission.REFUSED or (admission is Admission.INTRODUCED and arrival is None):
                sock.close()
                return

        def factory() -> ClientConnection:
            connection = self._factory()
            connection.arrival = arrival
            return connection

        options: dict[str, Any] = {}
        if self._context is not None:
            options = {"ssl": self._context, "ssl_handshake_timeout": self._engine.limits.handshake_timeout}
        try:
            await asyncio.get_running_loop().connect_accepted_socket(factory, sock, **options)
        except OSError as problem:
            events.handshake_failed(client=peer, error=describe(problem))

    async def _introduced(self, sock: socket.socket, peer: str) -> Introduction | None:
        """What the header that has to come first says; None when there is none to be had."""
        try:
            async with asyncio.timeout(self._engine.limits.head_timeout):
                found = await _read_introduction(sock)
        except TimeoutError:
            found = BadHeader("the header did not come in time")
        except OSError as problem:
            found = BadHeader(problem.strerror or "the connection broke")
        if isinstance(found, Introduction):
            return found
        if found.problem:
            events.introduction_refused(client=peer, detail=found.problem)
        return None


async def _read_introduction(sock: socket.socket) -> Introduction | BadHeader:
    """Take a PROXY protocol header from a socket, and not one byte of what comes behind it."""
    held = b""
    while True:
        await _until_readable(sock)
        try:
            seen = sock.recv(LONGEST, socket.MSG_PEEK)
        except BlockingIOError:
            continue
        if not seen:
            # Whoever only looks whether the port is open says nothing; that is worth no record.
            return BadHeader("the connection ended inside the header" if held else "")
        found = parse(held + seen)
        if isinstance(found, BadHeader):
            return found
        size = found.size - len(held) if isinstance(found, Introduction) else len(seen)
        held += sock.recv(size)
        if isinstance(found, Introduction):
            return found


async def _until_readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(sock, _mark, ready)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


def _mark(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
