"""Many connections at once: whoever submits one thing fifty times, and whoever guesses thousands of times.

    async with Crowd(gateway) as crowd:
        pages = await crowd.at_once([call("/api/signin/factor", cookies, code=code)] * 50)

`at_once` holds back the last byte of each request until all others have arrived, so that the gateway has
them in the same moment. `each` keeps a few connections busy with as many requests as there are.
"""

import asyncio
import contextlib
import html
import json
import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.journeys.gateway import SIGN_IN, Page


@dataclass
class Asked:
    """One request, as it is sent. `address` is whom a gateway behind a trusted proxy takes the client for."""

    method: str
    path: str
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    address: str = ""

    def on_the_wire(self, gateway, host):
        own = {"Host": f"{host}:{gateway.port}", "Content-Length": str(len(self.body))}
        if self.address:
            own["X-Forwarded-For"] = self.address
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            *(f"{k}: {v}" for k, v in (own | self.headers).items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def cookie_of(cookies):
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}


def call(path, cookies=None, *, address="", headers=None, **texts):
    """A call of the JSON interface."""
    sent = {"Content-Type": "application/json", **cookie_of(cookies), **(headers or {})}
    return Asked("POST", path, sent, json.dumps(texts).encode(), address)


def form(gateway, path, cookies=None, *, address="", headers=None, **fields):
    """A form as a browser sends it."""
    sent = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"https://{SIGN_IN}:{gateway.port}",
        "Sec-Fetch-Site": "same-origin",
        "Accept": "text/html",
        **cookie_of(cookies),
        **(headers or {}),
    }
    return Asked("POST", path, sent, urlencode(fields).encode(), address)


def look(path, cookies=None, *, address="", headers=None, method="GET"):
    """A look at a page."""
    return Asked(method, path, {"Accept": "text/html", **cookie_of(cookies), **(headers or {})}, b"", address)


def said(page):
    """The JSON of an answer."""
    return json.loads(page.body)


def hidden(page):
    """What the form of a page carries."""
    found = re.search(r'name="form" value="([^"]*)"', page.body.decode())
    assert found, page.text
    return html.unescape(found[1])


def cookies_after(page, cookies=None):
    """A browser's cookies once it has had this answer."""
    jar = dict(cookies or {})
    for name, value in page.headers:
        if name.lower() != "set-cookie":
            continue
        key, _, rest = value.partition("=")
        if "max-age=0" in value.lower():
            jar.pop(key, None)
        else:
            jar[key] = rest.partition(";")[0]
    return jar


class Line:
    """One connection that stays open."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    def write(self, data):
        self._writer.write(data)

    async def flush(self):
        await self._writer.drain()

    async def close(self):
        self._writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await self._writer.wait_closed()

    async def read(self, *, has_body=True):
        """The answer."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        size = next((value for name, value in headers if name.lower() == "content-length"), None)
        chunked = any(name.lower() == "transfer-encoding" for name, _ in headers)
        assert size is not None or chunked or not has_body, head
        body = b""
        if has_body:
            body = await self._chunks() if size is None else await self._reader.readexactly(int(size))
        return Page(int(first.split()[1]), headers, body)

    async def _chunks(self):
        body = b""
        while size := int((await self._reader.readline()).split(b";")[0], 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return body


class Crowd:
    """Connections to one host of a gateway."""

    def __init__(self, gateway, host=SIGN_IN, *, patience=60.0):
        self._gateway = gateway
        self._host = host
        self._patience = patience
        self._context = ssl.create_default_context(cafile=gateway.data / "pki" / "root.pem")
        self._lines = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await asyncio.gather(*(line.close() for line in self._lines))

    async def line(self, source=None):
        """One more connection, from another address of this machine if one is named."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self._gateway.port,
            ssl=self._context,
            server_hostname=self._host,
            local_addr=(source, 0) if source else None,
        )
        line = Line(reader, writer)
        self._lines.append(line)
        return line

    async def ask(self, asked, line=None):
        """One request and its answer, on a connection of its own unless one is given."""
        line = line or await self.line()
        line.write(asked.on_the_wire(self._gateway, self._host))
        async with asyncio.timeout(self._patience):
            return await line.read(has_body=asked.method != "HEAD")

    async def at_once(self, requests: Iterable[Asked]):
        """All requests in the same moment, each on its own connection; the answers in their order."""
        requests = list(requests)
        lines = [await self.line() for _ in requests]
        wires = [asked.on_the_wire(self._gateway, self._host) for asked in requests]
        for line, wire in zip(lines, wires, strict=True):
            line.write(wire[:-1])
        await asyncio.gather(*(line.flush() for line in lines))
        for line, wire in zip(lines, wires, strict=True):
            line.write(wire[-1:])
        async with asyncio.timeout(self._patience):
            return await asyncio.gather(*(line.read() for line in lines))

    async def each(self, requests: Iterable[Asked], *, lines=16, heard=None, sources=()):
        """Every request, on so many connections that stay open. `heard` is told each with its answer and seconds."""
        waiting = iter(requests)
        loop = asyncio.get_running_loop()

        async def work(number):
            line = await self.line(sources[number % len(sources)] if sources else None)
            for asked in waiting:
                began = loop.time()
                page = await self.ask(asked, line)
                heard(asked, page, loop.time() - began)

        await asyncio.gather(*(work(number) for number in range(lines)))


class Browser:
    """Somebody's cookies, and requests with them; it follows nothing."""

    def __init__(self, crowd, gateway, *, address=""):
        self.cookies = {}
        self.address = address
        self._crowd = crowd
        self._gateway = gateway
        self._line = None

    async def ask(self, asked):
        self._line = self._line or await self._crowd.line()
        page = await self._crowd.ask(asked, self._line)
        self.cookies = cookies_after(page, self.cookies)
        return page

    async def call(self, path, **texts):
        """A call of the JSON interface; what it answers."""
        return said(await self.ask(call(path, self.cookies, address=self.address, **texts)))

    async def sign_in(self, name, password, **more):
        return await self.call("/api/signin", name=name, password=password, **more)

    async def look(self, path):
        return await self.ask(look(path, self.cookies, address=self.address))

    async def post(self, path, page=None, **fields):
        """The form of a page, filled in."""
        sealed = {} if page is None else {"form": hidden(page)}
        return await self.ask(self.form(path, **sealed, **fields))

    def form(self, path, **fields):
        return form(self._gateway, path, self.cookies, address=self.address, **fields)
