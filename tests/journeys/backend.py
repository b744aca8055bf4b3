"""An application in a process of its own, to be killed, stopped and told how to behave.

`python backend.py NAME [PORT]` prints its port. `PUT /_mode/MODE` says how it answers from then on:
with its name ("ok"), with a status ("500"), not at all ("close"), with half a body ("cut"), or
after a number of milliseconds ("slow-200"). `/health` is always well. `GET /_seen` lists the requests it got.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from http.client import HTTPConnection


class Application:
    """Answers one request after the other on each connection."""

    def __init__(self, name):
        self.name = name
        self.mode = "ok"
        self.seen = []

    async def serve(self, reader, writer):
        try:
            while await self._one(reader, writer):
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.split("\r\n")[:-2]
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await self._body(reader, fields)
        method, path, _ = request.split(" ")
        if path.startswith("/_mode/"):
            self.mode = path.rpartition("/")[2]
            return self._answer(writer, "200", "")
        if path == "/_seen":
            return self._answer(writer, "200", json.dumps(self.seen))
        if path == "/health":
            return self._answer(writer, "200", "well")
        self.seen.append({"method": method, "path": path, "fields": fields, "body": body})
        return await self._behave(writer)

    async def _behave(self, writer):
        mode, _, value = self.mode.partition("-")
        if mode == "close":
            writer.transport.abort()
            return False
        if mode == "cut":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            await writer.drain()
            writer.transport.abort()
            return False
        if mode == "slow":
            await asyncio.sleep(int(value) / 1000)
        return self._answer(writer, mode if mode.isdigit() else "200", self.name)

    @staticmethod
    async def _body(reader, fields):
        if fields.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readexactly(2)
            return body.decode("latin-1")
        return (await reader.readexactly(int(fields.get("content-length", 0)))).decode("latin-1")

    @staticmethod
    def _answer(writer, status, text):
        body = text.encode()
        writer.write(b"HTTP/1.1 %b X\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body))
        return True


class Backend:
    """Such a process, as a test sees it."""

    def __init__(self, name):
        self.name = name
        self.port = 0
        self._process = None

    def start(self):
        """Begin, at the same port as before."""
        words = [sys.executable, __file__, self.name, str(self.port)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())
        return self

    def ask(self, method, path):
        """What it answers when it is asked directly."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def behave(self, mode):
        self.ask("PUT", f"/_mode/{mode}")

    @property
    def seen(self):
        return json.loads(self.ask("GET", "/_seen"))

    def signal(self, number):
        os.kill(self._process.pid, number)

    def hang(self):
        self.signal(signal.SIGSTOP)

    def go_on(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """At once, whatever it was doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process.stdout.close()
            self._process = None


async def main(name, port):
    server = await asyncio.start_server(Application(name).serve, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how it tells its port
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
