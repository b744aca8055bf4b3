"""Clients of HTTP/2, written by others, where a plan changes, repeats or doubles what goes on behind."""

import contextlib
import gzip
import re
import subprocess
import threading
import zlib
from http.server import ThreadingHTTPServer

import brotli
import pytest
from backports import zstd
from tests.journeys.backend import Backend
from tests.journeys.gateway import Gateway
from tests.journeys.test_content import PAGE, TEXT, Application

CHANGED, TRIED, DOUBLED = "changed.yett.localhost", "tried.yett.localhost", "doubled.yett.localhost"
MAPPINGS = """
[[proxy.mapping]]
app = "Changed"
host = "{changed}"
service = "http://127.0.0.1:{port}"
public = true
preserve_host = false
rewrite_host = true
compression = true

[[proxy.mapping]]
app = "Tried"
host = "{tried}"
public = true
pool = "both"
[proxy.mapping.retry]
attempts = 3
on = ["connect-failure", "reset", "503"]
budget = 100.0
min_per_second = 100.0

[[proxy.mapping]]
app = "Doubled"
host = "{doubled}"
public = true
pool = "both"
[proxy.mapping.hedge]
delay = "100ms"
min_per_second = 100.0

[[proxy.pool]]
name = "both"
strategy = "round_robin"
backend = [
  {{ name = "one", service = "http://127.0.0.1:{one}" }},
  {{ name = "two", service = "http://127.0.0.1:{two}" }},
]
"""
BROKEN_OFF = {18, 56, 92}
"""What curl says of a response that did not end as it should."""


@pytest.fixture(scope="module")
def backends():
    with contextlib.ExitStack() as stack:
        made = Backend("one").start(), Backend("two").start()
        for each in made:
            stack.callback(each.kill)
        yield made


@pytest.fixture(scope="module")
def application():
    with ThreadingHTTPServer(("127.0.0.1", 0), Application) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def gateway_of_plans(tmp_path_factory, heard_folder, application, backends):
    mappings = MAPPINGS.format(
        changed=CHANGED,
        tried=TRIED,
        doubled=DOUBLED,
        port=application.server_port,
        one=backends[0].port,
        two=backends[1].port,
    )
    made = Gateway(tmp_path_factory.mktemp("http2"), mappings, heard=heard_folder)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def curl(gateway_of_plans, tmp_path):
    """`curl(host, path, *options)`: the status, the head and the body, and how curl liked it."""
    gateway = gateway_of_plans

    def words(host, path, *options):
        return [
            "curl", "--http2", "--silent", "--cacert", str(gateway.data / "pki" / "root.pem"),
            "--resolve", f"{host}:{gateway.port}:127.0.0.1", *options, f"https://{host}:{gateway.port}{path}",
        ]  # fmt: skip

    def ask(host, path, *options):
        head, body = tmp_path / "head", tmp_path / "body"
        body.write_bytes(b"")
        files = ("--dump-header", str(head), "--output", str(body))
        done = subprocess.run(words(host, path, *files, *options), timeout=30, check=False)
        lines = head.read_text().lower()
        assert lines.startswith("http/2 ")
        return int(lines.split()[1]), lines, body.read_bytes(), done.returncode

    ask.words = words
    return ask


@pytest.fixture
def well(backends):
    """The two backends, which are well again afterwards."""
    yield backends
    for each in backends:
        each.behave("ok")


def public(gateway, application):
    """The page as it should be seen: links are public, text is as it was."""
    there, here = f"https://{CHANGED}:{gateway.port}", f"http://127.0.0.1:{application.server_port}"
    page = PAGE.format(there)
    for text in ("Wiki of {}", "self = \"<a href='{}", '<!-- <a href="{}', 'area><a href="{}'):
        page = page.replace(text.format(there), text.format(here))
    return page.encode()


@pytest.mark.parametrize("path", ["/page", "/pieces"])
def test_a_page_is_rewritten(curl, gateway_of_plans, application, path):
    status, head, body, code = curl(CHANGED, path)
    assert (status, code) == (200, 0)
    assert body == public(gateway_of_plans, application)
    assert "transfer-encoding" not in head


@pytest.mark.parametrize(
    ("coding", "decode"), [("gzip", gzip.decompress), ("br", brotli.decompress), ("zstd", zstd.decompress)]
)
def test_a_response_is_compressed(curl, gateway_of_plans, application, coding, decode):
    for path, expected in (("/text", TEXT), ("/page", public(gateway_of_plans, application))):
        status, head, body, code = curl(CHANGED, path, "--header", f"Accept-Encoding: {coding}")
        assert (status, code) == (200, 0)
        assert f"content-encoding: {coding}" in head
        assert decode(body) == expected


def test_a_head_has_no_body(curl):
    status, head, body, code = curl(CHANGED, "/text", "--head", "--header", "Accept-Encoding: gzip")
    assert (status, code) == (200, 0)
    assert "vary: accept-encoding" in head
    assert b"<p>" not in body  # curl counts the head as one


def test_a_page_that_breaks_off_is_reset(curl):
    _, _, _, code = curl(CHANGED, "/truncated")
    assert code in BROKEN_OFF


def test_what_the_application_sends_early_arrives_early(curl):
    Application.go_on.clear()
    words = curl.words(CHANGED, "/news", "--no-buffer", "--header", "Accept-Encoding: gzip")
    with subprocess.Popen(words, stdout=subprocess.PIPE) as running:
        try:
            read = zlib.decompressobj(31)
            text = b""
            while b"first" not in text:
                piece = running.stdout.read1(65536)
                assert piece
                text += read.decompress(piece)
            assert b"second" not in text
        finally:
            Application.go_on.set()
        text += read.decompress(running.stdout.read()) + read.flush()
    assert text == b"<p>first</p><p>second</p>"
    assert running.returncode == 0


@pytest.mark.parametrize("mode", ["503", "close"])
def test_a_request_is_sent_again(curl, well, mode):
    well[0].behave(mode)
    for _ in range(4):
        status, _, body, code = curl(TRIED, "/")
        assert (status, body, code) == (200, b"two", 0)


@pytest.mark.parametrize("size", [20_000, 0])
@pytest.mark.parametrize("stated", [True, False], ids=["length", "no length"])
def test_a_body_is_sent_again_whole(curl, well, tmp_path, size, stated):
    one, two = well
    one.behave("503")
    file = tmp_path / "upload"
    file.write_bytes(b"x" * size)
    before = len(two.seen)
    how = ("--upload-file", str(file)) if stated else ("--upload-file", "-", "--header", "Content-Length:")
    for _ in range(2):
        if stated:
            status, _, body, code = curl(TRIED, "/put", *how)
            assert (status, body, code) == (200, b"two", 0)
        else:
            done = subprocess.run(
                curl.words(TRIED, "/put", *how),
                input=file.read_bytes(),
                capture_output=True,
                timeout=30,
                check=True,
            )
            assert done.stdout == b"two"
    assert [each["body"] for each in two.seen[before:]] == ["x" * size] * 2


def test_a_slow_answer_is_overtaken(curl, well):
    well[0].behave("slow-5000")
    for _ in range(2):
        status, _, body, code = curl(DOUBLED, "/")
        assert (status, body, code) == (200, b"two", 0)


def test_a_body_that_breaks_off_is_reset_and_never_repeated(curl, well):
    for each in well:
        each.behave("cut")
    before = sum(len(each.seen) for each in well)
    _, _, body, code = curl(TRIED, "/")
    assert code in BROKEN_OFF
    assert body == b"half"
    assert sum(len(each.seen) for each in well) == before + 1


@pytest.mark.parametrize(("host", "path"), [(CHANGED, "/page"), (TRIED, "/"), (DOUBLED, "/")])
def test_many_at_a_time_are_all_answered(gateway_of_plans, well, host, path):
    port = gateway_of_plans.port
    well[0].behave("503" if host == TRIED else "ok")
    done = subprocess.run(
        [
            "h2load", "--requests=100", "--clients=2", "--max-concurrent-streams=10", f"--connect-to=127.0.0.1:{port}",
            "--header=accept-encoding: gzip", f"https://{host}:{port}{path}",
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "100 succeeded, 0 failed" in done.stdout
    assert re.search("status codes: 100 2xx", done.stdout)
