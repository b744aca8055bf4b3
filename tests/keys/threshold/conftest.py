"""A gateway's end and co-signers in one process, over real TLS; dishonest co-signers, where a test says so."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from tests.ports import free_port

from yett.kernel import Supervisor
from yett.keys import MasterKey
from yett.keys.threshold import (
    Cosigner,
    CosignerSettings,
    Identity,
    Shares,
    Threshold,
    ThresholdSettings,
    wire,
)
from yett.keys.threshold.config import PartySettings
from yett.keys.threshold.identity import Party
from yett.keys.threshold.server import Line, No

GATEWAY = MasterKey(b"g" * 32)
ISSUER = "https://login.example.test"


def master(name):
    return MasterKey(name.encode().ljust(32, b"."))


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - only the test wants to know
            await asyncio.sleep(0.005)


class Crooked:
    """A co-signer that does everything right but for what `bend(request, answer)` makes of an answer.

    None is no answer at all.
    """

    def __init__(self, identity, shares, settings, trusted, clock):
        self.identity, self.shares, self.settings, self.trusted, self.clock = (
            identity, shares, settings, trusted, clock,
        )  # fmt: skip
        self.bend = lambda request, answer: answer  # noqa: ARG005
        self.asked = []
        self._writers = []

    async def start(self):
        context = self.identity.context([Party(Identity(GATEWAY).certificate)], is_server=True)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self._writers.append(writer)
        line = Line(self.identity, self.shares, self.settings, self.trusted, self.clock)
        with contextlib.suppress(OSError, EOFError):
            while True:
                request = await wire.read_request(reader)
                try:
                    answer = line.answer(request)
                except No as no:
                    answer = wire.Refused(request.id, no.reason, no.detail)
                self.asked.append(request)
                answer = self.bend(request, answer)
                if answer is not None:
                    writer.write(wire.framed(answer))
        writer.transport.abort()


class Place:
    """A gateway and its co-signers."""

    def __init__(self, folder, tasks, clock):
        self.folder, self.tasks, self.clock = folder, tasks, clock
        self.cosigners, self.thresholds, self.names = {}, [], []
        self.write("gateway", Identity(GATEWAY))

    def write(self, name, identity):
        path = self.folder / f"{name}.pem"
        path.write_text(identity.pem)
        return path

    async def cosigner(self, name, *, peers=(), crooked=False, **more):
        """One that knows the others by their names; started."""
        self.write(name, Identity(master(name)))
        for peer in peers:
            self.write(peer, Identity(master(peer)))
        settings = CosignerSettings(
            listen=f"127.0.0.1:{more.pop('port', 0) or free_port()}",
            gateway=self.folder / "gateway.pem",
            peers=tuple(self.folder / f"{peer}.pem" for peer in peers),
            **{"issuer": ISSUER, **more},
        )
        shares = Shares(self.folder / name, master(name))
        if crooked:
            keys = [Identity(each).public for each in (GATEWAY, *map(master, (name, *peers)))]
            shares.load()
            made = Crooked(Identity(master(name)), shares, settings, keys, self.clock)
        else:
            made = Cosigner(Identity(master(name)), shares, settings, self.tasks, self.clock)
        made.shares = shares
        await made.start()
        made.at = made.port
        self.cosigners[name] = made
        if name not in self.names:
            self.names.append(name)
        return made

    def settings(self, **more):
        parties = tuple(
            PartySettings(
                name=name,
                address=f"127.0.0.1:{self.cosigners[name].at}",
                certificate=self.folder / f"{name}.pem",
            )
            for name in self.names
        )
        return ThresholdSettings(cosigner=parties, **{"timeout": timedelta(seconds=1), **more})

    async def threshold(self, **more):
        made = Threshold(GATEWAY, self.settings(**more), self.tasks)
        self.thresholds.append(made)
        await made.start()
        return made

    async def stop(self):
        for each in self.thresholds:
            await each.stop()
        for each in self.cosigners.values():
            await each.stop()


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


@pytest.fixture
async def place(tmp_path, tasks, clock):
    made = Place(tmp_path, tasks, clock)
    yield made
    await made.stop()


@pytest.fixture
async def three(place, heard):  # noqa: ARG001 - what is said at the start is to be heard, too
    """A gateway and two honest co-signers."""
    await place.cosigner("a", peers=("b",))
    await place.cosigner("b", peers=("a",))
    return await place.threshold()
