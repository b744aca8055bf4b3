"""A served admin socket with commands of its own, and ways to talk to it."""

import asyncio
import json
import socket
from typing import Annotated

import pytest
from cyclopts import Parameter

from yett.kernel import Command, CommandFailed, Place, Table
from yett.ops.admin import AdminServer, ask


class Probe:
    """Commands for the tests. They are not declared, so no reference shows them."""

    def __init__(self):
        self.done = []
        self.release = asyncio.Event()

    def hello(self, name: str = "you", *, loud: Annotated[bool, Parameter(negative=())] = False):
        """Say hello."""
        self.done.append(name)
        return f"hello {name}{'!' if loud else ''}"

    async def rows(self, count: int = 2):
        """Show rows."""
        return Table(("number", "is odd"), tuple((each, bool(each % 2)) for each in range(count)))

    async def wait(self):
        """Wait until somebody says so."""
        self.done.append("waiting")
        await self.release.wait()
        return "done"

    def refuse(self, session="7"):
        """Fail as arranged."""
        raise CommandFailed(f"there is no session {session};\nsee: sessions list")

    def crash(self):
        """Fail in a way nobody arranged."""
        raise KeyError("surprise")

    def timeout(self):
        """Run into a timeout of its own."""
        raise TimeoutError("the store")

    def odd(self):
        """Answer what is no JSON."""
        return {("a", "b"): 1}

    def long(self, size: int):
        """Answer much."""
        return "x" * size


PATHS = {
    ("hello",): (Probe.hello, False),
    ("rows",): (Probe.rows, False),
    ("wait",): (Probe.wait, True),
    ("refuse",): (Probe.refuse, True),
    ("crash",): (Probe.crash, True),
    ("timeout",): (Probe.timeout, True),
    ("odd",): (Probe.odd, False),
    ("deep", "long"): (Probe.long, False),
}
COMMANDS = [
    Command(path, function, Place.SERVER, writes, "Probe") for path, (function, writes) in PATHS.items()
]


class Admin:
    """A started server, asked from a thread as an operator's process would."""

    def __init__(self, path, **options):
        self.path = path
        self.probe = Probe()
        self.server = AdminServer(
            path, COMMANDS, lambda found: getattr(self.probe, found.function.__name__), **options
        )

    async def ask(self, *words, **options):
        return await asyncio.to_thread(ask, self.path, list(words), **options)

    async def failure(self, *words, **options):
        with pytest.raises(CommandFailed) as caught:
            await self.ask(*words, **options)
        return str(caught.value)

    async def send(self, data, *, hang_up=True):
        """Send bytes as they are; what comes back, parsed, or None."""

        def exchange():
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(str(self.path))
                connection.sendall(data)
                if hang_up:
                    connection.shutdown(socket.SHUT_WR)
                received = b""
                while not received.endswith(b"\n") and (chunk := connection.recv(65536)):
                    received += chunk
                return json.loads(received) if received else None

        return await asyncio.to_thread(exchange)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a socket
            await asyncio.sleep(0.001)


@pytest.fixture
async def make(tmp_path):
    """Servers that are stopped at the end."""
    made = []

    async def making(path=tmp_path / "admin.sock", **options):
        admin = Admin(path, **options)
        made.append(admin)
        await admin.server.start()
        return admin

    yield making
    for admin in made:
        await admin.server.stop()


@pytest.fixture
async def admin(make):
    return await make()
