import contextlib
import socket
import ssl
import struct
import threading

import pytest
from tests.events.outputs.lines import line, some
from tests.events.outputs.tls import authority
from tests.journeys.gateway import until
from tests.ports import free_port

from yett.events.dialects import DIALECTS
from yett.events.outputs import TLS, DatagramCarrier, Refused, StreamCarrier, Unreachable, Words
from yett.events.outputs.syslog import framed

WORDS = Words(DIALECTS["native"])


def messages(data):
    """The messages in octet-counted frames."""
    data, at, found = bytes(data), 0, []
    while at < len(data):
        space = data.index(b" ", at)
        size = int(data[at:space])
        found.append(data[space + 1 : space + 1 + size])
        assert len(found[-1]) == size, "a frame was cut"
        at = space + 1 + size
    return found


class Collector:
    """A listener whose connections do what `serve` says; what each received is kept apart."""

    def __init__(self, serve=None, context=None):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.received = []
        self.errors = []
        self.ended = 0
        self._serve = serve or self.read_all
        self._context = context
        self._open = []
        self._threads = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                raw, _ = self.socket.accept()
            except OSError:
                return
            self._open.append(raw)
            self.received.append(bytearray())
            thread = threading.Thread(target=self._run, args=(raw, self.received[-1]))
            thread.start()
            self._threads.append(thread)

    def _run(self, raw, received):
        with contextlib.suppress(OSError):
            try:
                connection = self._context.wrap_socket(raw, server_side=True) if self._context else raw
            except OSError as problem:
                self.errors.append(problem)
                raw.close()
                return
            with connection:
                self._serve(connection, received)
            self.ended += 1

    @staticmethod
    def read_all(connection, received):
        while data := connection.recv(65536):
            received += data

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in [self._thread, *self._threads]:
            thread.join(10)

    @property
    def all(self):
        return [message for each in self.received for message in messages(each)]


@pytest.fixture
def listen():
    made = []

    def make(*args, **more):
        made.append(Collector(*args, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def carrier_to(collector, **more):
    return StreamCarrier("127.0.0.1", collector.port, WORDS, **({"timeout": 5.0} | more))


def test_a_frame_says_how_long_it_is():
    assert framed(b"a\nb") == b"3 a\nb"
    assert framed("ü".encode()) == b"2 \xc3\xbc"


def test_messages_arrive_in_their_order_over_one_connection(listen):
    collector = listen()
    carrier = carrier_to(collector)
    carrier.carry(())
    for begin in range(0, 3000, 1000):
        carrier.carry(some(1000, begin=begin))
    carrier.close()
    collector.close()
    assert collector.all == some(3000)
    assert len(collector.received) == 1


def test_a_collector_that_restarts_between_batches_loses_nothing(listen):
    """The first write after the other side closed would go nowhere, without an error."""

    def one_batch(connection, received):
        received += connection.recv(65536)

    collector = listen(one_batch)
    carrier = carrier_to(collector)
    for number in range(5):
        carrier.carry([line(number)])
        until(lambda: collector.ended > number, what="the end of the connection")  # noqa: B023 - called at once
    carrier.close()
    collector.close()
    assert collector.all == some(5)


def test_a_collector_that_dies_with_lines_unread_gets_them_again(listen):
    gone = threading.Event()

    def reset(connection, received):
        if not gone.is_set():
            gone.set()
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return
        Collector.read_all(connection, received)

    collector = listen(reset)
    carrier = carrier_to(collector)
    # Enough that not all of it fits into what the other machine keeps for a reader.
    waiting = some(40_000)
    with pytest.raises(Unreachable) as caught:
        carrier.carry(waiting)
    assert caught.value.taken == 0
    carrier.carry(waiting)
    carrier.close()
    collector.close()
    assert messages(collector.received[1]) == waiting


def test_a_slow_collector_gets_each_line_once(listen):
    turn = threading.Semaphore(0)

    def slowly(connection, received):
        while turn.acquire(timeout=10):
            data = connection.recv(500_000)
            if not data:
                return
            received += data

    collector = listen(slowly)
    carrier = carrier_to(collector, timeout=0.1)
    waiting, tries, reasons = some(60_000), 0, set()
    while True:
        try:
            carrier.carry(waiting)
            break
        except Unreachable as problem:
            reasons.add(str(problem))
            tries += not problem.taken
            for _ in range(4):
                turn.release()
    for _ in range(500):
        turn.release()
    carrier.carry(some(1))
    carrier.close()
    collector.close()
    assert tries > 1
    assert reasons <= {"it takes too slowly what it is sent", "it does not take what it is sent"}
    assert collector.all == [*waiting, *some(1)]
    assert len(collector.received) == 1


def test_a_slow_collector_gets_each_line_once_though_they_come_from_the_disk_in_smaller_batches(listen):
    go_on = threading.Event()

    def later(connection, received):
        assert go_on.wait(10)
        Collector.read_all(connection, received)

    collector = listen(later)
    carrier = carrier_to(collector, timeout=0.1)
    waiting = some(60_000)
    with pytest.raises(Unreachable):
        carrier.carry(waiting)
    go_on.set()
    for begin in range(0, 60_000, 7_000):
        part = waiting[begin : begin + 7_000]
        for _ in range(100):
            try:
                carrier.carry(part)
                break
            except Unreachable:
                continue
    carrier.carry(some(1, begin=90_000))
    carrier.close()
    collector.close()
    assert collector.all == [*waiting, *some(1, begin=90_000)]


def test_a_frame_that_was_begun_is_ended_though_its_line_is_not_wanted_any_more(listen):
    go_on = threading.Event()

    def later(connection, received):
        assert go_on.wait(10)
        Collector.read_all(connection, received)

    collector = listen(later)
    carrier = carrier_to(collector, timeout=0.1)
    waiting = some(60_000)
    with pytest.raises(Unreachable):
        carrier.carry(waiting)
    go_on.set()
    # The oldest were dropped meanwhile.
    rest = some(100, begin=90_000)
    for _ in range(100):
        try:
            carrier.carry(rest)
            break
        except Unreachable:
            continue
    carrier.close()
    collector.close()
    assert collector.all == [*waiting, *rest]


def test_nobody_there_is_tried_again():
    carrier = StreamCarrier("127.0.0.1", 1, WORDS, timeout=2)
    with pytest.raises(Unreachable, match="ConnectionRefusedError"):
        carrier.carry(())
    assert StreamCarrier("::1", 1, WORDS).address == "[::1]:1"


# TLS.


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("tls"))


def secured(files, *, client=False):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.cert, files.key)
    if client:
        context.load_verify_locations(files.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_tls_carries_messages_to_whom_it_trusts(listen, files):
    collector = listen(context=secured(files))
    carrier = carrier_to(collector, tls=TLS(files.ca, server_name="logs.example.org"))
    carrier.carry(some(2000))
    carrier.carry(some(10, begin=2000))
    carrier.close()
    collector.close()
    assert collector.all == some(2010)


def test_tls_tells_a_stranger_nothing(listen, files, tmp_path):
    other = authority(tmp_path)
    collector = listen(context=secured(files))
    for tls in (
        TLS(other.ca, server_name="logs.example.org"),
        TLS(files.ca, server_name="other.example.org"),
        TLS(files.ca),
        TLS(None, server_name="logs.example.org"),
    ):
        carrier = carrier_to(collector, tls=tls)
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            carrier.carry(some(3))
        carrier.close()
    collector.close()
    assert collector.all == []


def test_tls_shows_who_we_are_where_that_is_asked(listen, files):
    collector = listen(context=secured(files, client=True))
    nobody = carrier_to(collector, tls=TLS(files.ca, server_name="logs.example.org"))
    with pytest.raises(Unreachable):
        nobody.carry(some(1))
    nobody.close()
    known = TLS(files.ca, files.client_cert, files.client_key, "logs.example.org")
    carrier = carrier_to(collector, tls=known)
    carrier.carry(some(5))
    carrier.close()
    collector.close()
    assert collector.all == some(5)


def test_a_file_of_tls_that_vanished_is_tried_again(listen, files, tmp_path):
    collector = listen(context=secured(files))
    tls = TLS(tmp_path / "later.pem", server_name="logs.example.org")
    carrier = carrier_to(collector, tls=tls)
    with pytest.raises(Unreachable, match="FileNotFoundError"):
        carrier.carry(some(1))
    (tmp_path / "later.pem").write_bytes(files.ca.read_bytes())
    carrier.carry(some(1))
    carrier.close()
    collector.close()
    assert collector.all == some(1)


# Datagrams.


@pytest.fixture
def port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(10)
        yield bound


def test_each_message_is_one_datagram(port):
    carrier = DatagramCarrier("127.0.0.1", port.getsockname()[1], WORDS)
    carrier.carry(())
    carrier.carry(some(3))
    assert [port.recv(65536) for _ in range(3)] == some(3)
    carrier.close()


def test_what_no_datagram_can_hold_is_refused_and_the_others_are_sent(port):
    carrier = DatagramCarrier("127.0.0.1", port.getsockname()[1], WORDS)
    with pytest.raises(Refused, match="datagram") as caught:
        carrier.carry([*some(1), b"x" * 70_000, *some(1, begin=1)])
    assert caught.value.taken == 2
    assert [port.recv(65536) for _ in range(2)] == some(2)
    carrier.close()


def test_a_port_where_nobody_listens_is_noticed_when_the_machine_says_so():
    carrier = DatagramCarrier("127.0.0.1", free_port(), WORDS)
    with pytest.raises(Unreachable, match="refused"):
        list(map(carrier.carry, ([each] for each in some(50))))
    carrier.close()


def test_a_collector_that_reads_late_gets_all_of_it_though_we_are_gone(listen, files):
    """Tickets of TLS 1.3 that nobody read would turn our end into a reset, and the other machine forget."""
    may_read = threading.Event()

    def late(connection, received):
        connection.sendall(b"syslog servers say nothing, but who knows")
        assert may_read.wait(10)
        Collector.read_all(connection, received)

    for context, tls in ((None, None), (secured(files), TLS(files.ca, server_name="logs.example.org"))):
        collector = listen(late, context)
        carrier = carrier_to(collector, tls=tls)
        carrier.carry(some(100))
        closing = threading.Thread(target=carrier.close)
        closing.start()
        may_read.set()
        closing.join(10)
        collector.close()
        assert collector.all == some(100)
        may_read.clear()
