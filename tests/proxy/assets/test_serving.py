"""Files as browsers get them: through the gate and the application."""

import os

import pytest
from tests.proxy.conftest import PAGE, WIKI, mapping, request_for

from yett.net.http import Serve
from yett.proxy import BadMapping, compile_routes
from yett.proxy.assets import events
from yett.proxy.config import AssetsSettings, HeaderSettings, PathKind

HERE = f"https://{WIKI}/static"


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "site"
    (root / "sub").mkdir(parents=True)
    (root / "index.html").write_text("<h1>Home</h1>")
    (root / "sub" / "index.html").write_text("<h1>Sub</h1>")
    (root / "app.js").write_text("let a")
    (root / "odd").write_bytes(b"\0\1")
    (root / "pack.tar.gz").write_bytes(b"gz")
    (root / "big.bin").write_bytes(bytes(range(256)) * 2000)
    (root / "empty").mkdir()
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("x")
    (root / "secret").write_text("x")
    (tmp_path / "outside.txt").write_text("outside")
    (root / "out").symlink_to("../outside.txt")
    return root


@pytest.fixture
async def here(make_place, site):
    place = await make_place(
        mapping=(
            mapping("Static", path="/static", service="", public=True, assets=AssetsSettings(directory=site)),
            mapping("Rest"),
        )
    )
    return place.browser()


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("/", "<h1>Home</h1>", "text/html; charset=utf-8"),
        ("/index.html", "<h1>Home</h1>", "text/html; charset=utf-8"),
        ("/sub/", "<h1>Sub</h1>", "text/html; charset=utf-8"),
        ("/app.js", "let a", "text/javascript; charset=utf-8"),
        ("/odd", "\0\1", "application/octet-stream"),
        ("/pack.tar.gz", "gz", "application/octet-stream"),
    ],
)
async def test_files_come_with_their_type_and_a_tag(here, path, text, kind):
    reply = await here.get(HERE + path)
    assert (reply.status, reply.text) == (200, text)
    assert reply["content-type"] == kind
    assert reply["x-content-type-options"] == "nosniff"
    assert reply["cache-control"] == "public, no-cache"
    again = await here.send("GET", HERE + path, {**PAGE, "If-None-Match": reply["etag"]})
    assert (again.status, again.text, again["etag"]) == (304, "", reply["etag"])


async def test_a_large_file_comes_whole_and_in_parts(here, site):
    whole = (site / "big.bin").read_bytes()
    reply = await here.get(HERE + "/big.bin")
    assert (reply.status, reply["content-length"]) == (200, str(len(whole)))
    part = await here.send("GET", HERE + "/big.bin", {"Range": "bytes=300000-300009"})
    assert (part.status, part["content-range"]) == (206, f"bytes 300000-300009/{len(whole)}")
    assert part.text.encode("utf-8", "replace")[:1]
    none = await here.send("GET", HERE + "/big.bin", {"Range": "bytes=9999999-"})
    assert (none.status, none["content-range"]) == (416, f"bytes */{len(whole)}")


async def test_a_look_at_the_head_reads_nothing(here):
    reply = await here.send("HEAD", HERE + "/app.js")
    assert (reply.status, reply["content-length"], reply.text) == (200, "5", "")


async def test_a_directory_has_a_slash_at_its_end_and_a_file_has_none(here):
    reply = await here.get(HERE + "/sub")
    assert (reply.status, reply["location"]) == (308, "/static/sub/")
    assert (await here.get(HERE + "/app.js/")).status == 404


@pytest.mark.parametrize("path", ["/empty/", "/empty", "/nothing", "/.git/config", "/%2e%67it/config"])
async def test_there_are_no_listings_and_no_hidden_files(here, heard, path):
    assert (await here.get(HERE + path)).status == 404
    assert not heard("proxy.assets")


@pytest.mark.parametrize(
    "path",
    ["/../outside.txt", "/sub/../../x", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/%252e%252e/x", "/out"],
)
async def test_climbing_out_is_refused_and_said(here, heard, path):
    reply = await here.get(HERE + path)
    assert reply.status in {400, 404}
    assert "outside" not in reply.text.replace("outside.txt", "")
    assert heard("proxy.assets") == [(events.traversal_attempted, {"app": "Static", "host": WIKI})]


@pytest.mark.parametrize("path", ["/a%2fb", "/%ff", "/a//b"])
async def test_names_that_no_file_has_are_refused_and_said(here, heard, path):
    assert (await here.get(HERE + path)).status == 404
    assert heard("proxy.assets") == [(events.path_invalid, {"app": "Static", "host": WIKI})]


async def test_climbing_elsewhere_is_not_said_of_files(here, heard):
    await here.get(f"https://{WIKI}/x/../y")
    assert not heard("proxy.assets")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
async def test_a_file_that_may_not_be_read_is_said(here, site, heard):
    (site / "secret").chmod(0)
    assert (await here.get(HERE + "/secret")).status == 404
    assert heard("proxy.assets") == [(events.file_unreadable, {"app": "Static", "host": WIKI})]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_files_can_only_be_read(here, method):
    reply = await here.send(method, HERE + "/app.js")
    assert (reply.status, reply["allow"]) == (405, "GET, HEAD")


async def test_files_behind_a_sign_in_take_one_and_stay_with_the_person(make_place, site):
    place = await make_place(
        mapping=(mapping(service="", groups=("wiki",), assets=AssetsSettings(directory=site)),)
    )
    browser = place.browser()
    assert (await browser.get(f"https://{WIKI}/app.js")).status == 303
    await browser.sign_on()
    _, reply = await browser.follow(f"https://{WIKI}/app.js")
    assert (reply.status, reply["cache-control"]) == (200, "private, no-cache")
    bob = place.browser()
    await bob.sign_on("bob")
    assert (await bob.follow(f"https://{WIKI}/app.js"))[1].status == 403


async def test_the_mappings_own_fields_stand_in_place_of_ours(make_place, site):
    own = HeaderSettings(set=("Cache-Control: no-store", "X-Id: {request_id}"))
    place = await make_place(
        mapping=(
            mapping(service="", public=True, assets=AssetsSettings(directory=site), response_headers=own),
        )
    )
    for path in ("/app.js", "/nothing"):
        reply = await place.browser().get(f"https://{WIKI}{path}")
        assert reply.all("cache-control") == ["no-store"]
        assert reply["x-id"] == "0199-request"


async def test_a_file_that_shrinks_while_it_is_sent_ends_in_an_error(site, ask_static):
    decision = await ask_static("/static/big.bin")
    sent = []

    async def send(message):
        sent.append(message)
        if message.get("body"):
            os.truncate(site / "big.bin", 10)

    with pytest.raises(OSError, match="became shorter"):
        await decision.app({"state": decision.state, "headers": [], "method": "GET"}, None, send)
    assert sent[0]["status"] == 200


@pytest.fixture
def ask_static(here):
    async def ask(target):
        decision = await here.place.decide(request_for("GET", target, {"Host": WIKI}))
        assert isinstance(decision, Serve)
        return decision

    return ask


async def test_a_single_file_can_be_served_in_front_of_an_application(make_place, site):
    only = mapping(
        "One",
        path="/app.js",
        match=PathKind.EXACT,
        service="",
        public=True,
        assets=AssetsSettings(directory=site),
    )
    browser = (await make_place(mapping=(only, mapping("Rest", public=True)))).browser()
    assert (await browser.get(f"https://{WIKI}/app.js")).text == "let a"
    assert (await browser.get(f"https://{WIKI}/index.html")).text == "from the application"


def test_a_directory_has_to_be_there_and_be_named_from_the_root_on(tmp_path):
    for directory, words in ((tmp_path / "gone", "no directory"), ("relative", "is relative")):
        settings = AssetsSettings(directory=type(tmp_path)(directory))
        with pytest.raises(BadMapping, match=words):
            compile_routes((mapping(service="", assets=settings),), "id.example")
