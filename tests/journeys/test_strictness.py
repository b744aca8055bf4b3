"""Every eighth row of the tables of tests/strictness against the whole gateway, over TLS."""

import contextlib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.journeys.gateway import APP, Visitor
from tests.strictness import chunks, downgrade, fields, framing, lines
from tests.strictness.frames import PREFACE, SETTINGS, Reader, frame, request
from tests.strictness.stage import statuses_in

HOST = f"Host: {APP}\r\n".encode()
REFUSED = [
    case
    for case in (*framing.CASES, *chunks.CASES, *lines.CASES, *fields.CASES)
    if case.status and not case.upstream
][::8]
FRAMES = [case for case in downgrade.CASES if case.reset >= 0 or case.goaway >= 0][::8]
LAST = 101


@pytest.fixture(scope="module")
def cookie(gateway):
    visitor = Visitor(gateway)
    assert visitor.sign_in("alice").status == 200
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies[APP].items()).encode()


def test_what_is_refused_is_refused_whoever_asks(gateway, cookie):
    known = HOST + b"Cookie: " + cookie + b"\r\n"
    behind = b"GET / HTTP/1.1\r\n" + known + b"\r\n"

    def ask(case):
        return gateway.raw(case.sent.replace(b"a.example", APP.encode()).replace(HOST, known, 1) + behind)

    assert statuses_in(gateway.raw(behind.replace(HOST, HOST + b"Connection: close\r\n"))) == [200]
    # Side by side: after a refusal the gateway waits for the client to read it.
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, REFUSED))

    for case, received in zip(REFUSED, answers, strict=True):
        statuses = statuses_in(received)
        assert len(statuses) == 1, f"{case.name}: what follows must not be read as another request"
        assert statuses[0] == case.status, case.name
        assert b"Hello" not in received, case.name


@pytest.mark.parametrize("case", FRAMES, ids=lambda case: case.name)
def test_frames_that_break_the_rules_end_their_stream_or_the_connection(gateway, case):
    answers = Reader()
    with connected(gateway) as connection:
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + case.sent + request(stream=LAST))
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while not (LAST in answers.streams and answers.streams[LAST].is_over):
                received = connection.recv(65536)
                if not received:
                    break
                answers.feed(received)
    if case.goaway >= 0:
        assert answers.goaway == case.goaway
        assert LAST not in answers.streams
    else:
        assert answers.streams[1].reset in {case.reset, 0}
        assert answers.streams[LAST].status in {400, 404, 421}


@contextlib.contextmanager
def connected(gateway):
    context = ssl.create_default_context(cafile=gateway.data / "pki" / "root.pem")
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as raw,
        context.wrap_socket(raw, server_hostname=APP) as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"
        yield connection
