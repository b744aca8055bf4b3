import gzip
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.events.outputs.lines import some
from tests.events.outputs.tls import authority

from yett.events.dialects import DIALECTS
from yett.events.outputs import TLS, Body, HTTPCarrier, Refused, Unreachable, Words

WORDS = Words(DIALECTS["native"])
TOKEN = {"Authorization": "Bearer hunter2-hunter2"}


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        status, headers, answer = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Quiet."""


def served(context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.got, server.answer = [], (200, {}, b"{}")
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture
def collector():
    server = served()
    yield server
    server.shutdown()
    server.server_close()


def carrier_to(server, path="/in?stream=a", **more):
    return HTTPCarrier(f"http://127.0.0.1:{server.server_port}{path}", WORDS, headers=TOKEN, **more)


def test_a_batch_is_one_request_with_the_token(collector):
    carrier = carrier_to(collector)
    carrier.carry(())
    carrier.carry(some(3))
    carrier.carry(some(3, begin=3))
    carrier.close()
    (path, headers, body), (_, _, second) = collector.got
    assert (path, headers["Authorization"]) == ("/in?stream=a", TOKEN["Authorization"])
    assert headers["Content-Type"] == "application/x-ndjson"
    assert (body + second).splitlines() == some(6)
    assert "hunter2" not in carrier.address


def test_what_is_compressed_says_so(collector):
    carrier = carrier_to(collector, compress=True)
    carrier.carry(some(3))
    carrier.close()
    _, headers, body = collector.got[0]
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body).splitlines() == some(3)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503, 301, 307])
def test_what_can_be_mended_is_tried_again(collector, status):
    collector.answer = (status, {"Retry-After": "7", "Location": "http://127.0.0.1:9/"}, b"")
    carrier = carrier_to(collector)
    with pytest.raises(Unreachable, match=f"it answered {status}") as caught:
        carrier.carry(some(3))
    assert caught.value.after == 7
    assert len(collector.got) == 1
    carrier.close()


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_will_not_do_is_refused(collector, status):
    collector.answer = (status, {}, b"no: Bearer hunter2-hunter2")
    carrier = carrier_to(collector)
    with pytest.raises(Refused) as caught:
        carrier.carry(some(3))
    assert (caught.value.taken, caught.value.whole) == (0, False)
    assert "hunter2" not in str(caught.value)
    carrier.close()


def test_elasticsearch_may_refuse_single_records(collector):
    items = [
        {"create": {"status": 201}},
        {"create": {"status": 400, "error": {"type": "mapper hunter2-hunter2"}}},
    ]
    collector.answer = (200, {}, json.dumps({"errors": True, "items": items}).encode())
    carrier = carrier_to(collector, body=Body.BULK)
    with pytest.raises(Refused, match="mapper") as caught:
        carrier.carry(some(2))
    assert (caught.value.taken, caught.value.whole) == (1, True)
    assert "hunter2" not in str(caught.value)
    items[1]["create"]["status"] = 429
    collector.answer = (200, {}, json.dumps({"errors": True, "items": items}).encode())
    with pytest.raises(Unreachable, match="1 of 2 records were not taken"):
        carrier.carry(some(2))
    carrier.close()


def test_nobody_there_is_tried_again():
    carrier = HTTPCarrier("http://127.0.0.1:1/", WORDS, timeout=2)
    with pytest.raises(Unreachable, match="refused"):
        carrier.carry(some(1))


def test_tls_checks_who_it_is(tmp_path):
    files = authority(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.cert, files.key)
    server = served(context)
    other = authority(tmp_path / "other")
    try:
        url = f"https://127.0.0.1:{server.server_port}/"
        good = TLS(files.ca, server_name="logs.example.org")
        carrier = HTTPCarrier(url, WORDS, context=good.context, server_name="logs.example.org")
        carrier.carry(some(2))
        carrier.close()
        for ca, name in ((files.ca, "other.example.org"), (other.ca, "logs.example.org")):
            carrier = HTTPCarrier(url, WORDS, context=TLS(ca).context, server_name=name)
            with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
                carrier.carry(some(1))
            carrier.close()
    finally:
        server.shutdown()
        server.server_close()
    assert len(server.got) == 1
