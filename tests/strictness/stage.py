"""A client that says exactly the bytes it is given, and what came of them."""

import asyncio
import contextlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.strictness.recorder import TAG, Recorder, Seen

from yett.net.http import (
    FAILURE_STATUS,
    REFUSAL_STATUS,
    Answer,
    Failure,
    Forward,
    HTTPServer,
    Limits,
    Outcome,
    Refusal,
    Request,
    Upstream,
)

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[^\r\n]*\r\n")


class ForwardingGate:
    """Sends everything to one upstream, with the client's port in a field."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def decide(self, request: Request) -> Forward:
        return Forward(self._upstream, add=b"%b: %d\r\n" % (TAG, request.connection.client_port))

    def failed(self, _request: Request, failure: Failure, detail: str) -> Answer:
        return Answer(FAILURE_STATUS[failure], f"{failure.value}: {detail}".encode())

    def refused(self, _request: Request | None, _scope: object, refusal: Refusal, detail: str) -> Answer:
        return Answer(REFUSAL_STATUS[refusal], f"{refusal.value}: {detail}".encode())

    def finished(self, _request: Request, _outcome: Outcome) -> None:
        pass


@dataclass(frozen=True)
class Came:
    """What came of some bytes: the answers, and the requests at the upstream."""

    statuses: list[int]
    seen: list[Seen]
    port: int
    said: bytes

    @property
    def requests(self) -> list[bytes]:
        """What the upstream saw, without the lines that our engine adds."""
        return [self._own(seen) for seen in self.seen]

    def _own(self, seen: Seen) -> bytes:
        host = re.search(rb"\r\nHost: ([^\r]*)", seen.head)
        forwarded = b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"
        if host is not None:
            forwarded += b"X-Forwarded-Host: %b\r\n" % host[1]
        without = seen.without(forwarded)
        tag = b"%b: %d\r\n" % (TAG, self.port)
        assert without.count(tag) == 1
        return without.replace(tag, b"")


async def say(
    port: int,
    data: bytes,
    recorder: Recorder,
    *,
    cuts: Sequence[int] = (),
    then_stop: bool = False,
    patience: float = 5.0,
) -> Came:
    """Send bytes, in pieces if there are cuts, and read until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    own = writer.get_extra_info("sockname")[1]
    recorder.taken(own)
    received = b""
    try:
        # A closed transport is told by uvloop as a RuntimeError.
        with contextlib.suppress(ConnectionError, RuntimeError):
            edges = [0, *sorted(cuts), len(data)]
            for start, end in itertools.pairwise(edges):
                writer.write(data[start:end])
                if cuts:
                    # Some turns of the loop, in which the other side reads what is there.
                    for _ in range(3):
                        await asyncio.sleep(0)
            if then_stop:
                writer.write_eof()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    while piece := await reader.read(65536):
                        received += piece
    finally:
        writer.transport.abort()
    return Came(statuses_in(received), recorder.taken(own), own, received)


def statuses_in(data: bytes) -> list[int]:
    """The statuses of answers, one after the other."""
    found = []
    while match := _STATUS.match(data):
        end = data.find(b"\r\n\r\n")
        if end < 0:
            break
        status = int(match[1])
        length = re.search(rb"\r\ncontent-length: *([0-9]+)", data[:end].lower())
        if status != 100:
            found.append(status)
        data = data[end + 4 + (int(length[1]) if length and status not in {204, 304} else 0) :]
    return found


class Stage:
    """Our engine in front of a recording upstream."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self._server: HTTPServer | None = None
        self.port = 0

    async def start(self) -> "Stage":
        await self.recorder.start()
        gate = ForwardingGate(Upstream("127.0.0.1", self.recorder.port))
        self._server = HTTPServer(gate, Limits())
        (self.port,) = await self._server.start("127.0.0.1")
        return self

    async def stop(self) -> None:
        assert self._server is not None
        await self._server.drain(0)
        await self.recorder.stop()

    async def say(self, data: bytes, **habits: object) -> Came:
        """Send bytes to our engine."""
        return await say(self.port, data, self.recorder, **habits)  # type: ignore[arg-type]
