import asyncio
import hashlib
import itertools
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from yett.guard.pow import PowGuard, PowSettings
from yett.guard.pow.model import Client
from yett.keys import MasterKey
from yett.net.http import Answer, HTTPServer, Limits
from yett.store import MemoryRecords, StoreUnavailable

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PERSON = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate"}
SETTINGS = PowSettings(enabled=True, difficulty=6, minimum_time=timedelta(seconds=1), body_limit=100)

ADA = Client("app.example", "192.0.2.1")
MASTER = MasterKey(b"k" * 32)


class Records:
    """The memory store, with operations that fail when told to."""

    def __init__(self, clock):
        self.failing = set()
        self.inner = MemoryRecords(clock)

    def __getattr__(self, name):
        if name in self.failing:

            async def refuse(*_, **__):
                raise StoreUnavailable("out of reach")

            return refuse
        return getattr(self.inner, name)


@pytest.fixture
def records(clock):
    return Records(clock)


def no_entropy(_):
    raise OSError("no entropy")


class Entropy:
    """A random source that fails at its n-th call."""

    def __init__(self, fails_at):
        self.left = fails_at

    def __call__(self, size):
        self.left -= 1
        if self.left == 0:
            raise OSError("no entropy")
        return bytes([self.left & 255]) * size


class Gate:
    """What the proxy's gate does with the wall, and an application behind it."""

    def __init__(self, guard, clock):
        self.guard, self.clock = guard, clock
        self.outcomes = []

    def decide(self, request):
        answer = self.guard.check(request, self.clock.now())
        return Answer(200, b"the application") if answer is None else answer

    def failed(self, _request, failure, _detail):
        return Answer(502, failure.value.encode())

    def refused(self, _request, _scope, refusal, _detail):
        return Answer(413, refusal.value.encode())

    def finished(self, _request, outcome):
        self.outcomes.append(outcome)


class Reply:
    def __init__(self, head, body):
        self.status, self.body = int(head[9:12]), body
        self.fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def cookie(self):
        return self.fields["Set-Cookie" if "Set-Cookie" in self.fields else "set-cookie"].partition(";")[0]


class Wall:
    """A guard on a listener of its own."""

    def __init__(self, guard, port):
        self.guard, self.port = guard, port

    async def send(self, method, path, headers=None, body=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        fields = {"Host": "app.example", "Connection": "close", **(headers or {})}
        if body and "Transfer-Encoding" not in fields:
            fields["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        head, _, content = answer.partition(b"\r\n\r\n")
        return Reply(head, content)

    async def post(self, name, fields=None, **headers):
        if fields is None:
            return await self.send("POST", f"/_yett/pow/{name}", {**headers, "Content-Length": "0"})
        return await self.send("POST", f"/_yett/pow/{name}", {**FORM, **headers}, urlencode(fields).encode())

    async def solution(self):
        given = (await self.post("challenge")).json
        for number in itertools.count():
            digest = hashlib.sha256(f"{given['challenge']}{number}".encode()).digest()
            if not int.from_bytes(digest, "big") >> (256 - given["difficulty"]):
                return {"id": given["id"], "nonce": str(number)}
        raise AssertionError

    async def cookie(self):
        return (await self.post("solution", await self.solution())).cookie


@pytest.fixture
async def build(records, clock):
    """`await build(**settings)` is a wall on a socket."""
    servers = []

    async def make(*, folder=None, is_signed_in=lambda _: False, **changes):
        guard = PowGuard(records, replace(SETTINGS, **changes), clock, MASTER, is_signed_in=is_signed_in)
        await guard.start(folder)
        server = HTTPServer(Gate(guard, clock), Limits())
        await server.start("127.0.0.1")
        servers.append(server)
        return Wall(guard, server.ports[0])

    yield make
    for server in servers:
        await server.drain(0)


@pytest.fixture
async def wall(build):
    return await build()
