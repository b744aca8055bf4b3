"""How far an upstream may run ahead, at the level of QUIC: two ends joined in memory."""

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import StreamDataReceived

from yett.net.http.h3.flow import WINDOW, Quic
from yett.net.http.h3.trust import configure, load

PLACE = ("192.0.2.1", 443)


class Pair:
    """A client of ours and a server that sends as much as it may."""

    def __init__(self, certificate):
        self.now = 0.0
        self.client = Quic(configure(load(certificate[0], "", ""), "localhost", 60.0))
        offered = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
        offered.load_cert_chain(*certificate)
        self.client.connect(PLACE, now=0.0)
        self.server = QuicConnection(
            configuration=offered,
            original_destination_connection_id=self.client.original_destination_connection_id,
        )
        self.received = 0
        self.run()

    def run(self):
        """Carry datagrams until nobody has anything to say."""
        quiet = 0
        while quiet < 3:
            self.now += 0.03
            carried = 0
            for ours, theirs in ((self.client, self.server), (self.server, self.client)):
                timer = ours.get_timer()
                if timer is not None and timer <= self.now:
                    ours.handle_timer(now=self.now)
                for data, _ in ours.datagrams_to_send(now=self.now):
                    theirs.receive_datagram(data, PLACE, now=self.now)
                    carried += 1
            while (event := self.client.next_event()) is not None:
                if isinstance(event, StreamDataReceived):
                    self.received += len(event.data)
            quiet = 0 if carried else quiet + 1


def test_a_stream_that_is_held_gets_one_window_and_no_more(certificate):
    pair = Pair(certificate)
    pair.client.send_stream_data(0, b"request", end_stream=True)
    pair.client.held.add(0)
    pair.run()
    pair.server.send_stream_data(0, bytes(20 * WINDOW), end_stream=True)
    pair.run()
    assert pair.received == WINDOW
    pair.client.held.discard(0)
    pair.run()
    assert pair.received == 20 * WINDOW


def test_a_stream_runs_ahead_by_one_window_however_much_it_has_brought(certificate):
    pair = Pair(certificate)
    pair.client.send_stream_data(0, b"request", end_stream=True)
    pair.run()
    pair.server.send_stream_data(0, bytes(20 * WINDOW))
    pair.run()
    assert pair.received == 20 * WINDOW
    pair.client.held.add(0)
    pair.server.send_stream_data(0, bytes(20 * WINDOW))
    pair.run()
    assert 20 * WINDOW <= pair.received <= 21 * WINDOW
    # Another stream of the same connection goes on.
    before = pair.received
    pair.client.send_stream_data(4, b"request", end_stream=True)
    pair.run()
    pair.server.send_stream_data(4, bytes(8 * WINDOW), end_stream=True)
    pair.run()
    assert pair.received == before + 8 * WINDOW


def test_what_is_unsent_is_known(certificate):
    pair = Pair(certificate)
    assert pair.client.unsent(0) == 0
    pair.client.send_stream_data(0, bytes(5000))
    assert pair.client.unsent(0) == 5000
    pair.run()
    assert pair.client.unsent(0) == 0


def test_an_upstream_opens_few_streams_and_none_that_go_both_ways(certificate):
    pair = Pair(certificate)
    assert pair.server._remote_max_streams_bidi == 0
    assert pair.server._remote_max_streams_uni == 16
    assert pair.client.streams_left == 128


def test_who_ended_a_connection_is_known_at_once(certificate):
    pair = Pair(certificate)
    assert pair.client.ending is None
    pair.client.close(0x100)
    assert (pair.client.ending.error_code, pair.client.is_ours) == (0x100, True)
    other = Pair(certificate)
    other.server.close(0x101)
    other.run()
    assert (other.client.ending.error_code, other.client.is_ours) == (0x101, False)
