"""Frames as they are read by eye, and machines that only take notes."""

import asyncio
import contextlib
import ssl

import pytest

from yett.net.http.h2 import frames
from yett.net.http.h2.connection import Machine, Stream
from yett.net.http.h2.frames import HEADER, Code
from yett.net.http.h2.hpack import Decoder, encode_field

NAMES = [
    "DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY",
    "WINDOW_UPDATE", "CONTINUATION",
]  # fmt: skip
GREETING = frames.PREFACE + frames.settings({})
SETTINGS = frames.settings({})


def block(*fields, **pseudo):
    """A header block: pseudo-header fields by keyword, then the others."""
    first = [(b":" + name.encode(), value) for name, value in pseudo.items()]
    return b"".join(encode_field(*field) for field in [*first, *fields])


def get(*fields, path=b"/", authority=b"a.example", method=b"GET"):
    return block(*fields, method=method, scheme=b"https", path=path, authority=authority)


def cut(data):
    """The frames in `data`, as (name, flags, stream, payload)."""
    found = []
    while data:
        high, low, kind, flags, number = HEADER.unpack_from(data)
        size = 9 + (high << 16 | low)
        found.append((NAMES[kind], flags, number, data[9:size]))
        data = data[size:]
    return found


class NotedStream(Stream):
    """Writes down what it hears."""

    def __init__(self, machine, number=0):
        super().__init__(machine, number)
        self.heard = []

    def head(self, fields, *, end):
        self.heard.append(("head", fields, end))

    def data(self, payload, *, end):
        self.heard.append(("data", payload, end))

    def lost(self, code, detail):
        self.heard.append(("lost", Code(code).name, detail))

    def blocked(self):
        self.heard.append(("blocked",))

    def unblocked(self):
        self.heard.append(("unblocked",))


class NotedMachine(Machine):
    """Writes down what became of its connection."""

    def __init__(self, **options):
        super().__init__(**{"is_server": True, "max_list": 16 * 1024, **options})
        self.noted = []
        self.opened = []

    def open(self, number):
        self.opened.append(NotedStream(self, number))
        return self.opened[-1]

    def failed(self, code, detail):
        self.noted.append((code.name, detail))

    def going_away(self, last, code):
        self.noted.append(("going away", last, code))

    def said(self):
        """The frames since the last time."""
        out, self.out[:] = b"".join(self.out), []
        return cut(out)


class H2Wire:
    """A client of HTTP/2 that says exactly the frames it is given, and reads what comes."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.decoder = Decoder()
        self.seen = []

    def send(self, *data):
        self.writer.write(b"".join(data))

    async def frame(self):
        async with asyncio.timeout(10):
            high, low, kind, flags, number = HEADER.unpack(await self.reader.readexactly(9))
            payload = await self.reader.readexactly(high << 16 | low)
        found = (NAMES[kind], flags, number, payload)
        self.seen.append(found)
        return found

    async def until(self, name, number=None):
        """The next frame of that name."""
        while True:
            found = await self.frame()
            if found[0] == name and number in (None, found[2]):
                return found

    async def response(self, number):
        """Head fields, body and trailers of a stream's response; interim heads are skipped."""
        head, body, trailers = None, b"", None
        while True:
            name, flags, stream, payload = await self.frame()
            if name == "HEADERS":
                fields = self.decoder.decode(payload)
                if stream != number:
                    continue
                if head is None and not fields[0][1].startswith(b"1"):
                    head = fields
                elif head is not None:
                    trailers = fields
            elif name == "DATA" and stream == number:
                body += payload
            elif name == "RST_STREAM" and stream == number:
                return ("reset", Code(frames.number(payload)).name)
            elif name == "GOAWAY" and payload[7]:
                return ("goaway", Code(frames.number(payload, 4)).name)
            else:
                continue
            if stream == number and flags & 1:
                return dict(head), body, trailers


@pytest.fixture
async def dial2(serve):  # noqa: ARG001 - connections end before their server
    """`await dial2(server)` opens one more connection of HTTP/2, greeted."""
    made = []

    async def connect(server, *, greeting=GREETING, **options):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.ports[0], **options)
        made.append(writer)
        wire = H2Wire(reader, writer)
        wire.send(greeting)
        return wire

    yield connect
    for writer in made:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.fixture(name="get")
def get_fixture():
    return get


@pytest.fixture(name="block")
def block_fixture():
    return block


@pytest.fixture
def machine():
    """A server's machine whose client has said hello."""
    made = NotedMachine()
    made.receive(SETTINGS)
    made.said()
    return made


@pytest.fixture
def noted():
    """The two classes that take notes."""
    return NotedMachine, NotedStream


@pytest.fixture(name="cut")
def cut_fixture():
    return cut


@pytest.fixture
def tls_pair(certificate):
    """A server's context that offers both protocols, and a client's that trusts it."""
    chain, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context, ssl.create_default_context(cafile=chain)
