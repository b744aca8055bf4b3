"""Upstreams of HTTP/3: aioquic's own server for what is said on demand, and Caddy for what is said in the field."""

import asyncio
import contextlib

import pytest
from aioquic.asyncio import QuicConnectionProtocol
from aioquic.asyncio.server import serve as serve_quic
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration

from yett.net.http import Upstream


class Talk:
    """A request as an upstream has heard it so far."""

    def __init__(self, number, fields):
        self.number = number
        self.fields = dict(fields)
        self.body = bytearray()
        self.trailers = None
        self.has_ended = False
        self.reset = None
        self.stopped = None


class Peer(QuicConnectionProtocol):
    """One connection of an upstream, at the upstream's end."""

    def __init__(self, script, made, *args, is_bare=False, **options):
        super().__init__(*args, **options)
        self._is_bare = is_bare
        self.http = None
        self.talks = {}
        self.terminated = None
        self.heard = {}
        self.stopped = {}
        self._news = asyncio.Event()
        self._script = script
        self.task = None
        made.append(self)

    def quic_event_received(self, event):
        if isinstance(event, events.ProtocolNegotiated) and event.alpn_protocol == "h3":
            if not self._is_bare:
                self.http = H3Connection(self._quic)
            self.task = asyncio.get_running_loop().create_task(self._run())
        elif isinstance(event, events.StreamReset) and event.stream_id in self.talks:
            self.talks[event.stream_id].reset = event.error_code
        elif isinstance(event, events.StopSendingReceived) and event.stream_id in self.talks:
            self.talks[event.stream_id].stopped = event.error_code
        elif isinstance(event, events.StopSendingReceived):
            self.stopped[event.stream_id] = event.error_code
        elif isinstance(event, events.ConnectionTerminated):
            self.terminated = event
        elif isinstance(event, events.StreamDataReceived):
            self.heard[event.stream_id] = self.heard.get(event.stream_id, b"") + event.data
        if self.http is not None:
            for each in self.http.handle_event(event):
                self._hear(each)
        self._news.set()

    def _hear(self, event):
        if isinstance(event, HeadersReceived):
            if event.stream_id in self.talks:
                self.talks[event.stream_id].trailers = dict(event.headers)
            else:
                self.talks[event.stream_id] = Talk(event.stream_id, event.headers)
        elif isinstance(event, DataReceived):
            self.talks[event.stream_id].body += event.data
        self.talks[event.stream_id].has_ended = event.stream_ended

    async def _run(self):
        with contextlib.suppress(ConnectionError):
            await self._script(self)

    async def until(self, condition):
        """Wait until something is so."""
        async with asyncio.timeout(10):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def request(self, number=None):
        """The request of that number, or the newest that was not answered, once it is whole."""
        at = number
        if at is None:
            asked = getattr(self, "_asked", 0)
            at, self._asked = asked * 4, asked + 1
        await self.until(lambda: at in self.talks and self.talks[at].has_ended)
        return self.talks[at]

    async def begun(self, number):
        await self.until(lambda: number in self.talks)
        return self.talks[number]

    def head(self, number, *fields, status=b"200", end=False):
        self.http.send_headers(number, [(b":status", status), *fields], end_stream=end)
        self.transmit()

    def data(self, number, data, *, end=False):
        self.http.send_data(number, data, end_stream=end)
        self.transmit()

    def trailers(self, number, *fields):
        self.http.send_headers(number, list(fields), end_stream=True)
        self.transmit()

    def answer(self, number, body=b"ok", *fields, status=b"200"):
        self.head(number, (b"content-length", b"%d" % len(body)), *fields, status=status)
        self.data(number, body, end=True)

    def raw(self, number, data, *, end=False):
        """Bytes on a stream, whatever they mean."""
        self._quic.send_stream_data(number, data, end)
        self.transmit()

    def control(self, data):
        self.raw(self.http._local_control_stream_id, data)

    def own_stream(self, data, *, end=False):
        """A stream of the upstream's own, one direction."""
        self.raw(self._quic.get_next_available_stream_id(is_unidirectional=True), data, end=end)

    def vanish(self):
        """Say nothing more, and hear nothing."""
        self.transmit = lambda: None
        self.datagram_received = lambda *_: None
        if self._timer is not None:
            self._timer.cancel()

    def reset(self, number, code):
        self._quic.reset_stream(number, code)
        self.transmit()

    def stop(self, number, code):
        self._quic.stop_stream(number, code)
        self.transmit()


def answering_all(body=b"ok", *fields):
    async def script(peer):
        while True:
            talk = await peer.request()
            peer.answer(talk.number, body, *fields)

    return script


@pytest.fixture
async def origin3(serve, certificate):  # noqa: ARG001 - upstreams end after the server
    """`await origin3(script)` starts an upstream whose connections run a script; they are in `.peers`."""
    servers, peers = [], []

    async def start(
        script=None,
        *,
        chain="",
        key="",
        port=0,
        streams=None,
        is_bare=False,
        alpn="h3",
        asks=False,
        **options,
    ):
        configuration = QuicConfiguration(is_client=False, alpn_protocols=[alpn])
        configuration.load_cert_chain(chain or certificate[0], key or certificate[1])
        mine = []

        def make(*args, **more):
            peer = Peer(script or answering_all(), mine, *args, is_bare=is_bare, **more)
            peers.append(peer)
            if streams is not None:
                limit = peer._quic._local_max_streams_bidi
                limit.value = limit.sent = streams
            if asks:
                initialize = peer._quic._initialize

                def initialize_and_ask(*given):
                    initialize(*given)
                    peer._quic.tls._request_client_certificate = True

                peer._quic._initialize = initialize_and_ask
            return peer

        server = await serve_quic("127.0.0.1", port, configuration=configuration, create_protocol=make)
        servers.append(server)
        given = server._transport.get_extra_info("sockname")[1]
        start.peers, start.server = mine, server
        values = {"tls_name": "localhost", "ca_file": certificate[0], "protocol": "h3", **options}
        return Upstream("127.0.0.1", given, **values)

    def vanish():
        """End the newest upstream without a word: nobody is there any more."""
        for peer in start.peers:
            peer.vanish()
        start.server._transport.close()

    start.vanish = vanish
    yield start
    for peer in peers:
        if peer.task is not None:
            peer.task.cancel()
            await asyncio.gather(peer.task, return_exceptions=True)
        peer.close()
    for server in servers:
        server.close()


@pytest.fixture(name="answering_all")
def answering_all_fixture():
    return answering_all
