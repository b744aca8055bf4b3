"""What upstreams may send, and that nobody gets an answer that was meant for somebody else."""

import asyncio
import contextlib
import re

import pytest
from tests.strictness.responses import CASES

from yett.net.http import FAILURE_STATUS, REFUSAL_STATUS, Answer, Forward, HTTPServer, Upstream

SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"


class Scripted:
    """An upstream that answers /first with what it was told, and /second as it should."""

    def __init__(self):
        self.case = None
        self.port = 0
        self._server = None
        self._tasks = {}

    async def start(self):
        self._server = await asyncio.start_server(self._run, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self):
        self._server.close()
        for task, writer in self._tasks.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _run(self, reader, writer):
        self._tasks[asyncio.current_task()] = writer
        with contextlib.suppress(OSError, EOFError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b" /second " in head.partition(b"\r\n")[0]:
                    writer.write(SECOND)
                    continue
                writer.write(self.case.sent)
                if self.case.closes:
                    break
        writer.close()


class Gate:
    def __init__(self, port):
        self.upstream = Upstream("127.0.0.1", port)

    def decide(self, _request):
        return Forward(self.upstream)

    def failed(self, _request, failure, detail):
        return Answer(FAILURE_STATUS[failure], detail.encode())

    def refused(self, _request, _scope, refusal, detail):
        return Answer(REFUSAL_STATUS[refusal], detail.encode())

    def finished(self, _request, _outcome):
        pass


@pytest.fixture(scope="module")
async def scripted():
    upstream = Scripted()
    await upstream.start()
    server = HTTPServer(Gate(upstream.port))
    (port,) = await server.start("127.0.0.1")
    yield upstream, port
    await server.drain(0)
    await upstream.stop()


async def response(reader, method=b"GET"):
    """The next final response: status, head and body; a status of 0 when it is cut off."""
    try:
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
            while head.startswith(b"HTTP/1.1 1"):
                head = await reader.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
            if method == b"HEAD" or status in {204, 304}:
                return status, b""
            length = re.search(rb"\r\n[Cc]ontent-[Ll]ength: ([0-9]+)", head)
            if length:
                return status, await reader.readexactly(int(length[1]))
            body = b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readexactly(2)
            return status, body
    except (EOFError, ConnectionError):
        return 0, b""


def request(method, path):
    return b"%b %b HTTP/1.1\r\nHost: a.example\r\n\r\n" % (method, path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_it_has_one_reading(scripted, case):
    upstream, port = scripted
    upstream.case = case
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request(case.method, b"/first"))
        status, body = await response(reader, case.method)
        assert status == case.status
        if status == case.status != 502:
            assert body == case.body

        # Whoever asks next, on this connection or another one, gets the answer to their own question.
        for _ in range(3):
            other_writer.write(request(b"GET", b"/second"))
            assert await response(other_reader) == (200, b"second")
        if status:
            writer.write(request(b"GET", b"/second"))
            assert await response(reader) in {(200, b"second"), (0, b"")}
    finally:
        writer.transport.abort()
        other_writer.transport.abort()


def test_there_are_many_rows_and_each_has_a_name_of_its_own():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
