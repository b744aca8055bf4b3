"""What happens to content on its way: an application that knows itself by another name, seen from outside."""

import gzip
import http.client
import itertools
import random  # noqa: TID251 - a test takes its own, with a seed
import re
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli
import pytest
from backports import zstd
from tests.journeys.gateway import Gateway, until

from yett.proxy.rewriting.attributes import Attributes
from yett.proxy.rewriting.html import Rewriter
from yett.proxy.rewriting.model import Place
from yett.proxy.rewriting.translation import Patterns, Translation

REWRITTEN, COMPRESSED, BOTH = "old.yett.localhost", "small.yett.localhost", "both.yett.localhost"
MAPPING = """
[[proxy.mapping]]
app = "{app}"
host = "{host}"
service = "http://127.0.0.1:{port}"
public = true
preserve_host = false
{more}
"""
PAGE = """<!doctype html><meta charset=utf-8><title>Wiki of {0}</title>
<base href="{0}/deep/"><link rel=stylesheet href="{0}/style.css">
<style>body {{ background: url({0}/back.png) }}</style>
<a id=link href="{0}/next?a=b">next</a> <img srcset="{0}/1.png 1x, {0}/2.png 2x">
<script>window.self = "<a href='{0}/'>";</script>
<!-- <a href="{0}/"> --><textarea><a href="{0}/"></textarea>
"""
TEXT = b"<p>Hello again. </p>" * 500


class Application(BaseHTTPRequestHandler):
    """Names itself by the address it listens on, whatever it is asked for."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()

    def log_message(self, *_):
        pass

    @property
    def here(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def send(self, body, *fields, status=200, kind="text/html"):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *fields):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_chunks(self, kind, chunks):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def do_GET(self):
        getattr(self, "get_" + self.path.split("/")[1])()

    do_HEAD = do_GET  # noqa: N815 - the name is the server's

    def get_page(self):
        self.send(
            PAGE.format(self.here).encode(), ("ETag", '"v1"'), ("X-Asked", self.headers["Accept-Encoding"])
        )

    def get_packed(self):
        self.send(gzip.compress(PAGE.format(self.here).encode()), ("Content-Encoding", "gzip"))

    def get_pieces(self):
        page = PAGE.format(self.here).encode()
        self.send_chunks("text/html", [page[i : i + 7] for i in range(0, len(page), 7)])

    def get_truncated(self):
        self.send(gzip.compress(random.Random(1).randbytes(5000))[:-8], ("Content-Encoding", "gzip"))

    def get_large(self):
        self.send(PAGE.format(self.here).encode().ljust(20_000))

    def get_picture(self):
        self.send(b"\x89PNG", kind="image/png")

    def get_text(self):
        self.send(TEXT)

    def get_login(self):
        self.send(
            b"",
            ("Location", f"{self.here}/page?x=1"),
            ("Set-Cookie", "session=1; Domain=127.0.0.1; Path=/"),
            status=302,
        )

    def get_news(self):
        def news():
            yield b"<p>first</p>"
            self.go_on.wait(20)
            yield b"<p>second</p>"

        self.send_chunks("text/html", news())


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
def content(tmp_path_factory, heard_folder, application):
    port = application.server_port
    rewriting = 'rewrite_host = true\nrewrite_limit = "10kB"\ndebug_timing = true'
    mappings = (
        MAPPING.format(app="Old", host=REWRITTEN, port=port, more=rewriting)
        + MAPPING.format(app="Small", host=COMPRESSED, port=port, more="compression = true")
        + MAPPING.format(app="Both", host=BOTH, port=port, more="compression = true\nrewrite_host = true")
    )
    gateway = Gateway(
        tmp_path_factory.mktemp("content"), mappings, heard=heard_folder, telemetry='log_level = "debug"'
    )
    gateway.start()
    yield gateway
    gateway.stop()


NUMBERS = itertools.count()


def get(gateway, host, path, method="GET", **fields):
    path = f"{path}/{next(NUMBERS)}"
    page = gateway.fetch(
        method, host, path, headers={name.replace("_", "-"): fields[name] for name in fields}
    )
    page.path = path
    return page


def said(gateway, page, component):
    """What a component said about one request, in order; the record of the request itself comes last."""
    access = until(
        lambda: [each for each in gateway.records() if each.get("server.request.path") == page.path],
        what="the record of the request",
    )
    number = access[0]["server.request.id"]
    return [
        each
        for each in gateway.records()
        if each["component"] == component and each.get("server.request.id") == number
    ]


def public(gateway, host):
    """The page as it should be seen: links are public, text is as it was."""
    there = f"https://{host}:{gateway.port}"

    def seen(application):
        here = f"http://127.0.0.1:{application.server_port}"
        page = PAGE.format(there)
        for text in (
            f"Wiki of {there}",
            f"self = \"<a href='{there}",
            f'<!-- <a href="{there}',
            f'area><a href="{there}',
        ):
            page = page.replace(text, text.replace(there, here))
        return page.encode()

    return seen


@pytest.mark.parametrize("path", ["/page", "/pieces"])
def test_links_of_a_page_lead_to_the_public_host(content, application, path):
    page = get(content, REWRITTEN, path)
    assert page.body == public(content, REWRITTEN)(application)


def test_a_page_in_gzip_stays_in_gzip(content, application):
    page = get(content, REWRITTEN, "/packed", Accept_Encoding="gzip, br")
    assert page.header("content-encoding") == "gzip"
    assert gzip.decompress(page.body) == public(content, REWRITTEN)(application)


def test_a_redirect_and_its_cookie_are_for_the_public_host(content, application):
    page = get(content, REWRITTEN, "/login")
    assert page.header("location") == f"https://{REWRITTEN}:{content.port}/page?x=1"
    assert page.header("set-cookie") == "session=1; Path=/; Secure"
    (record,) = said(content, page, "proxy.redirect")
    assert record["msg"] == "Rewriting redirect Location header"
    assert record["address"] == f"127.0.0.1:{application.server_port}"


def test_the_application_is_asked_for_what_can_be_read(content):
    page = get(content, REWRITTEN, "/page", Accept_Encoding="gzip, deflate, br, zstd")
    assert page.header("x-asked") == "gzip"
    assert [record["msg"] for record in said(content, page, "proxy.rewrite")] == ["Brotli/Zstd disabled"]


def test_a_picture_goes_through_as_it_is(content):
    page = get(content, REWRITTEN, "/picture")
    assert page.body == b"\x89PNG"
    (record,) = said(content, page, "proxy.rewrite")
    assert (record["msg"], record["reason"]) == ("Chunked/binary response streaming", "type")


def test_a_page_that_is_too_large_goes_through_as_it_is(content, application):
    page = get(content, REWRITTEN, "/large")
    assert f"http://127.0.0.1:{application.server_port}/next".encode() in page.body
    assert page.header("content-length") == "20000"
    (record,) = said(content, page, "proxy.rewrite")
    assert record["msg"] == "Response too large to buffer, streaming without rewrite"
    assert (record["level"].lower(), record["limit"], record["reason"]) == ("warn", 10_000, "length")


def test_a_page_that_breaks_off_is_not_ended_for_the_application(content):
    try:
        status = get(content, REWRITTEN, "/truncated").status
    except (http.client.HTTPException, ConnectionError):
        status = 502  # the head had gone out already
    assert status == 502


FRAMING = {"date", "server-timing", "content-length", "transfer-encoding"}


def test_a_head_request_gets_the_head_of_a_get(content):
    fields = {"accept_encoding": "gzip"}
    for host in (REWRITTEN, BOTH):
        got, head = get(content, host, "/page", **fields), get(content, host, "/page", "HEAD", **fields)
        same = [[field for field in page.headers if field[0].lower() not in FRAMING] for page in (got, head)]
        assert same[0] == same[1]
        assert head.header("content-length") in {"", got.header("content-length")}


@pytest.mark.parametrize(
    ("coding", "decode"), [("gzip", gzip.decompress), ("br", brotli.decompress), ("zstd", zstd.decompress)]
)
def test_a_response_is_compressed_as_the_client_likes(content, coding, decode):
    page = get(content, COMPRESSED, "/text", Accept_Encoding=coding)
    assert page.header("content-encoding") == coding
    assert page.header("vary") == "Accept-Encoding"
    assert decode(page.body) == TEXT
    (record,) = said(content, page, "listener.compression")
    assert record["msg"] == "Response compressed"
    assert (record["coding"], record["bytes_in"], record["bytes_out"]) == (coding, len(TEXT), len(page.body))


def test_a_client_that_likes_no_coding_gets_the_response_as_it_is(content):
    page = get(content, COMPRESSED, "/text")
    assert page.body == TEXT
    assert page.header("content-length") == str(len(TEXT))
    assert page.header("vary") == "Accept-Encoding"


def test_somebody_with_cookies_gets_nothing_compressed_that_another_site_asked_for(content):
    cookies = {"cookie": "session=1", "accept_encoding": "gzip"}
    assert get(content, COMPRESSED, "/text", **cookies).body == TEXT
    assert get(content, COMPRESSED, "/text", **cookies, sec_fetch_site="cross-site").body == TEXT
    page = get(content, COMPRESSED, "/text", **cookies, sec_fetch_site="same-origin")
    assert gzip.decompress(page.body) == TEXT


def test_rewriting_comes_before_compression(content, application):
    page = get(content, BOTH, "/page", Accept_Encoding="zstd")
    assert page.header("x-asked") == "identity"
    assert zstd.decompress(page.body) == public(content, BOTH)(application)
    assert page.header("etag") == 'W/"v1"'


@pytest.mark.parametrize("host", [REWRITTEN, COMPRESSED, BOTH])
def test_what_the_application_sends_early_arrives_early(content, host):
    Application.go_on.clear()
    connection = http.client.HTTPConnection(host, content.port)
    try:
        connection.sock = content.connect(host)
        connection.request(
            "GET", "/news", headers={"Host": f"{host}:{content.port}", "Accept-Encoding": "gzip"}
        )
        response = connection.getresponse()
        is_coded = response.getheader("content-encoding") == "gzip"
        read = zlib.decompressobj(31).decompress if is_coded else bytes
        assert is_coded is (host != REWRITTEN)
        text = b""
        while text != b"<p>first</p>":
            text += read(response.read1())
        Application.go_on.set()
        assert read(response.read()) == b"<p>second</p>"
    finally:
        Application.go_on.set()
        connection.close()


def test_where_the_time_went_is_recorded_and_told(content):
    page = get(content, REWRITTEN, "/page")
    assert re.fullmatch(
        r"decide;dur=[0-9.]+, connect;dur=[0-9.]+, wait;dur=[0-9.]+", page.header("server-timing")
    )
    (record,) = said(content, page, "proxy.debug_timing")
    assert record["msg"] == "Full proxy roundtrip timing summary"
    parts = sum(record[name] for name in ("connect_ms", "wait_ms", "body_ms"))
    assert 0 < parts <= record["total_ms"] + 0.1
    assert record["status"] == 200
    assert get(content, COMPRESSED, "/page").header("server-timing") == ""


def test_a_browser_follows_the_links(content, chromium):
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.route("**/*.{css,png}", lambda route: route.abort())
    page.goto(f"https://{REWRITTEN}:{content.port}/page")
    assert (
        page.evaluate("document.querySelector('#link').href")
        == f"https://{REWRITTEN}:{content.port}/next?a=b"
    )
    context.close()


# A browser is the judge of what is a link.

OLD, NEW = "http://wiki.internal:8080", "https://wiki.example.org"
WORDS = """
    < > > > > / ! - -- = " ' [CDATA[ <![CDATA[ ]]> <!-- --> --!> a <a|href= </a> <script> <script> </script> </script>
    </script </script <style> </style> <textarea> </textarea> <title ? x href= href=' href=" :8080 style= <p> <b|href=
    <img|src= <table> <tr> <td> <noscript> </noscript> <iframe> </iframe> <!doctype|html> <?x <!x </3 <xmp> </xmp>
    <br/> <title> </title> <html|data-x= http://wiki.internal:8080 http://wiki.internal:8080/x http://wiki.internal:8080'
    <a|href=http://wiki.internal:8080> <img|src="http://wiki.internal:8080"> <a|data-x='http://wiki.internal:8080/'> |
"""
PIECES = WORDS.split()
READ = """pages => pages.map(text => {
    const found = [];
    const walk = node => {
        found.push([node.nodeName, node.nodeType == 1 ? Array.from(node.attributes, each => [each.name, each.value])
                                                      : node.data]);
        node.childNodes.forEach(walk);
        if (node.nodeName == "TEMPLATE") walk(node.content);
    };
    walk(new DOMParser().parseFromString(text, "text/html"));
    return found;
})"""
LINK = re.compile(r"\s*http://wiki\.internal:8080(?![A-Za-z0-9.:@_%-])")
HOLDS_LINKS = re.compile(r"href|src|data-.*")


def expected(node):
    """A node of the page as it came, as it should be in the page that was rewritten."""
    name, content = node
    if not isinstance(content, list):
        return node
    attributes = [
        [key, value.replace(OLD, NEW, 1) if HOLDS_LINKS.fullmatch(key) and LINK.match(value) else value]
        for key, value in content
    ]
    return [name, attributes]


def test_a_browser_sees_the_same_page_with_other_links_however_broken_it_is(chromium):
    choose = random.Random(4)
    pages = [
        "".join(choose.choice(PIECES) for _ in range(choose.randint(3, 30))).replace("|", " ")
        for _ in range(800)
    ]
    attributes = Attributes(
        Translation(
            Patterns([Place("wiki.internal", 8080)], "wiki.example.org", 443), "wiki.example.org", 443
        )
    )

    def rewritten(text):
        rewriter = Rewriter(attributes, limit=1 << 20, gave_up=lambda why: pytest.fail(str(why)))
        return (rewriter.feed(text.encode()) + rewriter.end()).decode()

    page = chromium.new_page()
    before, after = (page.evaluate(READ, texts) for texts in (pages, [rewritten(text) for text in pages]))
    page.close()

    changed = 0
    for text, old, new in zip(pages, before, after, strict=True):
        assert new == [expected(node) for node in old], text
        changed += new != old
    assert changed > 100
