"""A real HTTP server that is told: it keeps what is posted, and answers as it is told to."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import ssl

SECRET = "a secret of sixteen"


class Hook:
    """Start it, post to `url`. `answers` are the next status codes in place of 204; 0 cuts the connection."""

    def __init__(self):
        self.answers = []
        self.posts = []
        """(head, body) of each request."""
        self.hangs = False
        self._came = asyncio.Event()
        self._server = None

    async def start(self, context: ssl.SSLContext | None = None):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}/hook?key=k-9f2"
        return self

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()

    async def wait_for(self, count):
        async with asyncio.timeout(15):
            while len(self.posts) < count:
                self._came.clear()
                await self._came.wait()
        return [json.loads(body) for _, body in self.posts]

    async def _serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    int(line.split(":")[1])
                    for line in head.split("\r\n")
                    if line.lower().startswith("content-length:")
                )
                self.posts.append((head, await reader.readexactly(length)))
                self._came.set()
                if self.hangs:
                    await reader.read()
                    break
                status = self.answers.pop(0) if self.answers else 204
                if not status:
                    writer.transport.abort()
                    break
                more = b"Location: http://127.0.0.1:1/\r\n" if 300 <= status < 400 else b""
                writer.write(b"HTTP/1.1 %d X\r\n%bContent-Length: 0\r\n\r\n" % (status, more))
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def is_signed(head, body, secret=SECRET):
    """What a receiver does to check a post, as the documentation says."""
    (value,) = [
        line.split(": ", 1)[1] for line in head.split("\r\n") if line.startswith("X-Yett-Signature: ")
    ]
    parts = dict(part.split("=", 1) for part in value.split(","))
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(parts["v1"], expected)
