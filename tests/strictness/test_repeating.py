"""A connection that has read requests before reads the next one as a fresh connection would."""

from hypothesis import given, settings
from hypothesis import strategies as st

from yett.net.http import Answer, Limits
from yett.net.http.engine import Engine
from yett.net.http.server import ClientConnection


class Gate:
    """Takes note of what was understood, and answers."""

    def __init__(self):
        self.seen = []

    def decide(self, request):
        self.seen.append(
            (
                request.method, request.target, request.path, request.host, request.port, list(request.lines),
                request.minor_version, request.cookie, request.authorization, request.content_length,
                request.is_chunked, request.upgrade, request.is_even,
            )
        )  # fmt: skip
        return Answer(204)

    def refused(self, _request, _scope, refusal, detail):
        self.seen.append((refusal, detail))
        return Answer(400, close=True)

    def finished(self, request, outcome):
        """Nothing to note."""


class Wire:
    """A transport that goes nowhere."""

    def write(self, data):
        """Nobody reads."""

    def get_extra_info(self, name, default=None):
        return {"peername": ("192.0.2.1", 5), "sockname": ("192.0.2.2", 80)}.get(name, default)

    def is_closing(self):
        return False

    def can_write_eof(self):
        return False

    def close(self):
        """There is nothing to close."""

    pause_reading = resume_reading = write_eof = abort = close


def connection():
    gate = Gate()
    made = ClientConnection(Engine(gate, Limits(), None))
    made.connection_made(Wire())
    return made, gate


lines = st.sampled_from(
    [
        b"Host: a.example", b"Host: b.example", b"X-Trace: 1", b"X-Trace: 22", b"X-Trace:", b"X-Trace: 1\r\nX-Trace: 2",
        b"x-trace: 1", b"X Trace: 1", b"X-Trace: \x01", b"X-Trace: 1\rX: 2", b"X-Trace: 1\nX: 2", b"Cookie: a=1",
        b"Cookie: a=2", b"Content-Length: 0", b"Connection: close", b"Expect: 100-continue", b"Accept: */*",
        b"Authorization: Bearer x", b" folded", b"",
    ]
)  # fmt: skip
starts = st.sampled_from(
    [
        b"GET / HTTP/1.1", b"GET /a?b=1 HTTP/1.1", b"GET /A%2f HTTP/1.1", b"GET / HTTP/1.0",
        b"GET http://a.example/ HTTP/1.1",
        b"POST /x HTTP/1.1", b"GET  / HTTP/1.1", b"TRACE / HTTP/1.1", b"GET / HTTP/1.2", b"GET /\\ HTTP/1.1",
        b"\r\nGET / HTTP/1.1",
        b"GET /#f HTTP/1.1", b"GET /x HTTP/1.1 ", b"GET / HTTP/1.1\r",
    ]
)  # fmt: skip
heads = st.builds(
    lambda start, rest: b"\r\n".join([start, b"Host: a.example", *rest]) + b"\r\n\r\n",
    starts,
    st.lists(lines, max_size=4),
)


@settings(max_examples=400)
@given(st.lists(heads, min_size=1, max_size=3), st.lists(heads, min_size=1, max_size=2))
def test_what_came_before_changes_nothing(earlier, now):
    """Whatever pieces arrive together: a head, two in one go, or none that is whole."""
    made, gate = connection()
    for head in earlier:
        made.data_received(head)
        if not made.persistent or made._buffer:  # over, or in the middle of the next head
            return
    before = len(gate.seen)
    made.data_received(b"".join(now))
    fresh, other = connection()
    fresh.data_received(b"".join(now))
    assert gate.seen[before:] == other.seen


def test_of_equal_lines_the_one_that_changes_keeps_its_place():
    made, gate = connection()
    for value in (b"1", b"2", b"3"):
        made.data_received(b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: %b\r\n\r\n" % value)
    assert [seen[5] for seen in gate.seen] == [
        [b"Host: a", b"X: 1", b"X: %b" % value] for value in (b"1", b"2", b"3")
    ]
