"""A gate that does as it is told, an origin that is scripted, and a client that speaks bytes."""

import asyncio
import base64
import contextlib
import hashlib
import subprocess
import time
from collections.abc import Awaitable, Callable

import pytest

from yett.net.http import (
    FAILURE_STATUS,
    REFUSAL_STATUS,
    Answer,
    Forward,
    HTTPServer,
    Limits,
    Upstream,
)


@pytest.fixture(
    scope="session",
    params=[("asyncio", {"use_uvloop": True}), ("asyncio", {"use_uvloop": False})],
    ids=["uvloop", "asyncio"],
)
def anyio_backend(request):
    """The engine has to run on both loops."""
    return request.param


async def eventually(condition, seconds=5.0):
    """Wait for a condition, in small steps, with an end."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        await asyncio.sleep(0.002)


class ScriptedGate:
    """Decides with `decide`; keeps what it was told."""

    def __init__(self, decide):
        self.decide = decide
        self.outcomes = []
        self.requests = []
        self.refusals = []

    def failed(self, _request, failure, detail):
        return Answer(FAILURE_STATUS[failure], f"failed: {failure.value}: {detail}".encode())

    def refused(self, _request, scope, refusal, detail):
        self.refusals.append((refusal, detail, scope.request_id))
        return Answer(REFUSAL_STATUS[refusal], f"refused: {refusal.value}".encode())

    def finished(self, request, outcome):
        self.requests.append(request)
        self.outcomes.append(outcome)


async def read_head(reader):
    return await reader.readuntil(b"\r\n\r\n")


class Origin:
    """An upstream whose connections run a script; heads it read are kept."""

    def __init__(self):
        self.heads = []
        self.held = None
        """An event that the script waits for in the middle of a response, if there is one."""
        self.accepted = 0
        self.upstream = None
        self._server = None
        self._tasks = set()
        self._writers = []

    async def start(self, script, *, path="", ssl=None, **limits):
        async def run(reader, writer):
            self.accepted += 1
            self._tasks.add(asyncio.current_task())
            self._writers.append(writer)
            with contextlib.suppress(OSError, EOFError, asyncio.IncompleteReadError):
                await script(self, reader, writer)
            writer.close()

        if path:
            self._server = await asyncio.start_unix_server(run, path)
            self.upstream = Upstream("", 0, unix_path=path, **limits)
        else:
            self._server = await asyncio.start_server(run, "127.0.0.1", 0, ssl=ssl)
            port = self._server.sockets[0].getsockname()[1]
            self.upstream = Upstream("127.0.0.1", port, **limits)
        return self

    async def head(self, reader):
        head = await read_head(reader)
        self.heads.append(head)
        return head

    async def stop(self):
        self._server.close()
        for writer in self._writers:
            # Python 3.11.2's own TLS transport cannot be aborted twice.
            with contextlib.suppress(AttributeError):
                writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def answering(response: bytes):
    """A script: each request without a body gets the same response, for as long as there are requests."""

    async def script(origin, reader, writer):
        while True:
            await origin.head(reader)
            writer.write(response)
            await writer.drain()

    return script


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Wire:
    """A client that says exactly the bytes it is given."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, data: bytes):
        self.writer.write(data)

    async def response(self, method=b"GET"):
        """Head and body of the next response, by its framing."""
        async with asyncio.timeout(10):
            head = await read_head(self.reader)
            lower = head.lower()
            if method == b"HEAD" or b" 304 " in head or b" 204 " in head or head.startswith(b"HTTP/1.1 1"):
                return head, b""
            if b"content-length:" in lower:
                length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
                return head, await self.reader.readexactly(length)
            if b"transfer-encoding: chunked" in lower:
                return head, await self._chunks()
            return head, await self.reader.read()

    async def _chunks(self):
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return body

    async def rest(self):
        async with asyncio.timeout(10):
            return await self.reader.read()


@pytest.fixture
async def origin():
    """`await origin(script)` starts one more scripted upstream."""
    made = []

    async def start(script=None, **options) -> Origin:
        started = await Origin().start(script or answering(OK), **options)
        made.append(started)
        return started

    yield start
    for started in made:
        await started.stop()


@pytest.fixture
async def serve():
    """`await serve(decide, **limits)` starts a server; the answer is it and its gate."""
    made = []

    async def start(
        decide: Callable | Forward | Answer, *, tls=None, **limits
    ) -> tuple[HTTPServer, ScriptedGate]:
        gate = ScriptedGate(decide if callable(decide) else lambda _: decide)
        server = HTTPServer(gate, Limits(**{"sweep": 0.01, **limits}))
        await server.start("127.0.0.1", tls=tls)
        made.append(server)
        return server, gate

    yield start
    for server in made:
        await server.drain(0)
        assert server.connections == 0


@pytest.fixture
async def dial():
    """`await dial(server)` opens one more connection."""
    made = []

    async def connect(server: HTTPServer, **options) -> Wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.ports[0], **options)
        made.append(writer)
        return Wire(reader, writer)

    yield connect
    for writer in made:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
def lose():
    """`lose(server)` breaks the connections of clients whose requests are in progress, in a way nobody can miss.

    A client's own end is not noticed while nothing is read from it.
    """

    def lose(server: HTTPServer, *paths: str) -> None:
        for connection in list(server._engine.connections):
            if any(not paths or request.path in paths for request in connection.requests):
                connection.cut()

    return lose


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[[Callable[[], object]], Awaitable[None]]:
    return eventually


@pytest.fixture
def ok() -> bytes:
    return OK


@pytest.fixture(name="answering")
def answering_fixture():
    return answering


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of its own making for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", str(key), "-out", str(chain), "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return str(chain), str(key)


@pytest.fixture
def answering_upgrade():
    """A script: a WebSocket server that sends every byte back."""

    async def script(there, reader, writer):
        head = await there.head(reader)
        key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
        proof = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n"
        )
        while data := await reader.read(1000):
            writer.write(data)

    return script
