import http.client
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.journeys.gateway import until

from yett.events.outputs.posting import Poster, retry_after

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NOW = 1_700_000_000.0


class Peer:
    """Somebody who reads a request and answers with the next of `answers`, byte for byte.

    `None` closes without a word; a list is sent in pieces, each when `go` lets it.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.connections = 0
        self.requests = []
        self.stopping = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.getsockname()[1]}/in?x=1"

    def run(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self.serve(connection)

    def serve(self, connection):
        file = connection.makefile("rb")
        while True:
            try:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = file.readline()
                    if not line:
                        return
                    head += line
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append((head, file.read(size)))
                answer = self.answers.pop(0)
                if answer is None:
                    return
                if callable(answer):
                    answer(connection, self.stopping)
                    return
                connection.sendall(answer)
            except OSError:
                return

    def close(self):
        self.stopping.set()
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join(10)


@pytest.fixture
def peer():
    made = []

    def make(*answers):
        made.append(Peer(*answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def poster():
    made = []

    def make(peer, timeout=5.0, **more):
        made.append(Poster(peer.url, headers={"X-Own": "1"}, timeout=timeout, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_what_is_posted_arrives_and_the_connection_is_kept(peer, poster):
    there = peer(OK, OK)
    here = poster(there)
    for body in (b"one", b"two"):
        answer = here.post(body)
        assert (answer.status, answer.body, answer.retry_after) == (200, b"ok", 0.0)
    assert [body for _, body in there.requests] == [b"one", b"two"]
    head = there.requests[0][0]
    assert head.startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert b"X-Own: 1\r\n" in head
    assert there.connections == 1
    assert here.address == f"127.0.0.1:{there.server.getsockname()[1]}"


def test_a_connection_that_was_closed_meanwhile_is_made_anew_without_a_loss(peer, poster):
    there = peer(lambda connection, _: connection.sendall(OK), OK)
    here = poster(there)
    here.post(b"one")
    until(here._socket.was_left)
    here.post(b"two")
    assert there.connections == 2


def test_an_answer_may_end_with_its_connection(peer, poster):
    there = peer(lambda connection, _: connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nok"), OK)
    here = poster(there)
    assert here.post(b"one").body == b"ok"
    assert here.post(b"two").body == b"ok"
    assert there.connections == 2


def test_a_peer_that_hangs_up_without_a_word_is_an_error(peer, poster):
    there = peer(None, OK)
    here = poster(there)
    with pytest.raises(http.client.RemoteDisconnected):
        here.post(b"one")
    assert here.post(b"two").status == 200


def test_an_answer_that_dribbles_ends_at_the_deadline(peer, poster):
    def dribble(connection, stopping):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-")
        while not stopping.wait(0.01):
            connection.sendall(b"a")

    here = poster(peer(dribble), timeout=0.3)
    with pytest.raises(TimeoutError):
        here.post(b"x")


def test_a_peer_that_never_answers_ends_at_the_deadline(peer, poster):
    here = poster(peer(lambda _, stopping: stopping.wait(20)), timeout=0.2)
    with pytest.raises(TimeoutError):
        here.post(b"x")


def test_a_peer_that_reads_nothing_ends_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = Poster(f"http://127.0.0.1:{server.getsockname()[1]}/", headers={}, timeout=0.3)
        with pytest.raises(TimeoutError):
            here.post(bytes(64 << 20))


def test_of_a_long_answer_the_beginning_is_read_and_the_connection_is_not_used_again(peer, poster):
    there = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n" + b"a" * 300_000, OK)
    here = poster(there)
    assert here.post(b"x", longest=1000).body == b"a" * 1000
    assert here.post(b"y").body == b"ok"
    assert there.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n" + b"a" * 1_000_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
        b"SSH-2.0-nothing\r\n\r\n",
        b"HTTP/1.1 99999999999999999999 \r\n\r\n",
        b"HTTP/1.1 -1 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"\x00" * 100_000,
    ],
)
def test_an_answer_that_is_none_is_an_error_of_the_two_kinds_and_bounded(peer, poster, answer):
    there = peer(answer, OK)
    here = poster(there, timeout=2.0)
    with pytest.raises((OSError, http.client.HTTPException)):
        here.post(b"x")
    assert here.post(b"y").body == b"ok"


def test_a_redirect_is_an_answer_like_any_other(peer, poster):
    there = peer(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
    assert poster(there).post(b"x").status == 302
    assert len(there.requests) == 1


def test_names_that_cannot_be_asked_for_are_an_error_of_the_two_kinds():
    for host in ("a" * 300, "x..y", "nowhere.invalid"):
        with pytest.raises((OSError, http.client.HTTPException)):
            Poster(f"http://{host}:9/", headers={}, timeout=1.0).post(b"")


def test_no_proxy_of_the_environment_is_asked(peer, poster, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert poster(peer(OK)).post(b"x").status == 200


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("86400", 3600.0),
        ("9" * 500, 3600.0),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("", 0.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:12:50 GMT", 0.0),
        ("Tue, 14 Nov 9999 22:12:50 GMT", 3600.0),
        ("٣", 0.0),
    ],
)
def test_how_long_a_peer_wants_to_be_left_alone(text, seconds):
    assert retry_after(text, now=NOW) == seconds


@given(st.text())
def test_any_text_is_read_as_some_time(text):
    assert 0.0 <= retry_after(text, now=NOW) <= 3600.0
