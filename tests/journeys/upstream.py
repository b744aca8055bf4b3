"""A real application behind the gateway: it says what it got, echoes WebSockets, and fails when asked to."""

import asyncio
import contextlib
import json
import threading

from websockets.asyncio.server import serve as serve_websocket


class Upstream:
    """An HTTP server on plain sockets, so that it can also do what no framework would."""

    def __init__(self):
        self.port = 0
        self.websocket_port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self._stop = None

    def __enter__(self):
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self):
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with serve_websocket(self._echo, "127.0.0.1", 0) as websocket:
            self.websocket_port = next(iter(websocket.sockets)).getsockname()[1]
            self._started.set()
            await self._stop.wait()
            server.close()

    async def _echo(self, connection):
        async for message in connection:
            await connection.send(message)

    async def _serve(self, reader, writer):
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _one(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        request, *lines = head.decode("latin-1").split("\r\n")[:-2]
        headers = [tuple(line.split(": ", 1)) for line in lines]
        table = {name.lower(): value for name, value in headers}
        body = await reader.readexactly(int(table.get("content-length", 0)))
        path = request.split(" ")[1]
        if path.startswith("/dies"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 100)
            await writer.drain()
            writer.transport.abort()
            return False
        if path.startswith("/garbage"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")
            return False
        if path.startswith("/closes"):
            writer.transport.abort()
            return False
        if path.startswith("/hangs"):
            await self._stop.wait()
            return False
        said = json.dumps({"request": request, "headers": headers, "body": body.decode("latin-1")}).encode()
        name = table.get("x-yett-name", "nobody").encode()
        answer = b"<!doctype html><title>Wiki</title><h1>Hello " + name + b"</h1><pre>" + said + b"</pre>"
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
        )
        await writer.drain()
        return True
