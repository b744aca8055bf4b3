"""One gateway with every kind of mapping, as people and scripts meet them."""

import http.client
import json
import os
import re
import ssl

import pytest
from tests.journeys.gateway import APP, PASSWORDS, SIGN_IN, Gateway, Visitor, until

TENANTS = "apps.yett.localhost"
MAPPINGS = """
[[proxy.mapping]]
app = "Wiki"
host = "{app}"
service = "{service}"
groups = ["staff"]
request_headers = {{ set = ["X-Who: {{user}} in {{groups}}", "X-Id: {{request_id}}"], remove = ["X-Secret"] }}
response_headers = {{ set = ["X-Frame-Options: DENY"], remove = ["Content-Type"] }}
reauth = [{{ path = "/admin", max_age = "4s" }}]
max_body = "1kB"

[[proxy.mapping]]
app = "Read"
host = "{app}"
path = "/api/*/items"
match = "pattern"
methods = ["GET"]
service = "{service}"
public = true

[[proxy.mapping]]
app = "Beta"
host = "{app}"
path = "/login"
match = "exact"
header = [{{ name = "X-Beta", equals = "1" }}]
service = "{service}"
public = true

[[proxy.mapping]]
app = "Files"
host = "{app}"
path = "/static"
assets = {{ directory = "{files}" }}
public = true

[[proxy.mapping]]
app = "Old"
host = "{app}"
path = "/old"
redirect = {{ to = "https://{app}/new", status = 308 }}
public = true

[[proxy.mapping]]
app = "Closed"
host = "{app}"
path = "/closed"
answer = {{ heading = "We are moving", retry_after = "1h" }}
public = true

[[proxy.mapping]]
app = "Tenants"
host = "*.{tenants}"
service = "{service}"
"""
NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("files") / "site"
    root.mkdir()
    (root / "app.js").write_text("let a = 1\n")
    (root / "big.bin").write_bytes(os.urandom(3_000_000))
    (root / "leak").symlink_to("/etc/passwd")
    return root


@pytest.fixture(scope="module")
def routed(tmp_path_factory, upstream, heard_folder, site):
    mappings = MAPPINGS.format(
        app=APP, service=f"http://127.0.0.1:{upstream.port}", files=site, tenants=TENANTS
    )
    made = Gateway(
        tmp_path_factory.mktemp("routed"), mappings, heard=heard_folder, telemetry='log_level = "debug"'
    )
    made.people()
    made.start()
    yield made
    made.stop()


def told(page):
    """What the application says it got."""
    return json.loads(re.search(rb"<pre>(.*)</pre>", page.body, re.DOTALL)[1])


def test_headers_are_edited_and_sizes_kept(routed):
    visitor = Visitor(routed)
    page = visitor.sign_in("alice", path="/page")
    headers = dict(told(page)["headers"])
    assert headers["X-Who"] == "alice in staff"
    assert headers["X-Id"] == headers["X-Request-Id"] if "X-Request-Id" in headers else headers["X-Id"]
    assert page.header("x-frame-options") == "DENY"
    assert not page.header("content-type")

    sent = visitor.get("/page", headers={"X-Who": "root", "X-Secret": "x"})
    headers = [name for name, _ in told(sent)["headers"]]
    assert headers.count("X-Who") == 1
    assert "X-Secret" not in headers
    jar = "; ".join(f"{name}={value}" for name, value in visitor.cookies[APP].items())
    for size, status in ((1000, 200), (1001, 413)):
        assert routed.fetch("POST", APP, "/x", headers={"Cookie": jar}, body=b"x" * size).status == status


def test_methods_patterns_and_conditions_choose(routed):
    assert routed.fetch("GET", APP, "/api/7/items").status == 200
    refused = routed.fetch("DELETE", APP, "/api/7/items")
    assert (refused.status, refused.header("allow")) == (405, "GET, HEAD")
    assert routed.fetch("GET", APP, "/api/7/8/items").status == 401
    assert routed.fetch("GET", APP, "/login", headers={"X-Beta": "1"}).status == 200
    assert routed.fetch("GET", APP, "/login").status == 404
    for path in ("/Login", "/login;x", "/api/7%2f8/items", "/API/7/items"):
        assert routed.fetch("GET", APP, path, headers={"X-Beta": "1"}).status == 400


def test_redirects_and_pages_are_answered_here(routed):
    moved = routed.fetch("POST", APP, "/old/a?b=c", body=b"x")
    assert (moved.status, moved.header("location")) == (308, f"https://{APP}/new/a?b=c")
    closed = routed.fetch("GET", APP, "/closed/x")
    assert (closed.status, closed.header("retry-after")) == (503, "3600")
    assert "We are moving" in closed.text


def test_files_are_served_whole_in_parts_and_never_from_outside(routed, site):
    page = routed.fetch("GET", APP, "/static/app.js")
    assert (page.status, page.body) == (200, b"let a = 1\n")
    assert page.header("content-type") == "text/javascript; charset=utf-8"
    again = routed.fetch("GET", APP, "/static/app.js", headers={"If-None-Match": page.header("etag")})
    assert (again.status, again.body) == (304, b"")
    whole = (site / "big.bin").read_bytes()
    assert routed.fetch("GET", APP, "/static/big.bin").body == whole
    part = routed.fetch("GET", APP, "/static/big.bin", headers={"Range": "bytes=1000000-1999999"})
    assert (part.status, part.body) == (206, whole[1_000_000:2_000_000])
    head = routed.fetch("HEAD", APP, "/static/big.bin")
    assert (head.status, head.header("content-length"), head.body) == (200, "3000000", b"")
    for path in ("/static/leak", "/static/../yett.toml", "/static/%2e%2e/yett.toml", "/static/a%2fb"):
        assert routed.fetch("GET", APP, path).status in {400, 404}
    records = until(
        lambda: (
            len(found := [each for each in routed.records() if each["component"] == "proxy.assets"]) >= 4
            and found
        ),
        what="the records of the attempts",
    )
    assert {each["msg"] for each in records} == {
        "Path traversal attempt detected",
        "Invalid path detected",
    }


def test_every_name_of_a_wildcard_is_a_host_of_its_own(routed):
    visitor = Visitor(routed, app_host=f"one.{TENANTS}")
    assert b"Hello Alice" in visitor.sign_in("alice").body
    assert b"Hello Alice" in visitor.get("/", f"two.{TENANTS}").body
    cookies = {host: jar["__Host-yett"] for host, jar in visitor.cookies.items() if host.endswith(TENANTS)}
    assert len(set(cookies.values())) == 2
    stolen = {"Cookie": f"__Host-yett={cookies[f'one.{TENANTS}']}"}
    assert routed.fetch("GET", f"two.{TENANTS}", "/", headers=stolen).status == 401
    assert until(
        lambda: [each for each in routed.records() if each["msg"] == "Session validation failures"],
        what="the record of the stolen session",
    )
    with pytest.raises((ssl.SSLError, http.client.HTTPException)):
        routed.fetch("GET", f"a.b.{TENANTS}", "/")


def test_whoever_signs_out_is_told_so(routed):
    visitor = Visitor(routed)
    visitor.sign_in("alice")
    page = visitor.go("POST", APP, "/_yett/signout", form={})
    assert (page.status, "You are signed out" in page.text) == (200, True)

    visitor.sign_in("alice")
    page = visitor.get("/signout", SIGN_IN)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.body.decode()))
    page = visitor.go("POST", SIGN_IN, "/signout", form=fields)
    assert (page.status, "signed out" in page.text) == (200, True)


def test_what_takes_a_recent_sign_in_asks_for_the_password_again(routed):
    visitor = Visitor(routed)
    page = visitor.sign_in("alice", path="/admin/x")
    assert b"Hello Alice" in page.body

    page = until(
        lambda: (found := visitor.get("/admin/x")) and visitor.at[0] == SIGN_IN and found,
        what="the sign-in getting old",
    )
    assert b'type="password"' in page.body
    # Everything else goes on, and so does the sign-on session.
    assert b"Hello Alice" in visitor.get("/page").body

    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.body.decode()))
    wrong = visitor.go("POST", SIGN_IN, "/signin", form={**fields, "name": "alice", "password": "wrong"})
    assert wrong.status == 422
    assert visitor.get("/admin/x").status == 200
    assert visitor.at[0] == SIGN_IN

    fields |= {"name": "alice", "password": PASSWORDS["alice"]}
    assert b"Hello Alice" in visitor.go("POST", SIGN_IN, "/signin", form=fields).body
    assert visitor.at == (APP, "/admin/x")

    jar = "; ".join(f"{name}={value}" for name, value in visitor.cookies[APP].items())
    script = until(
        lambda: (
            (found := routed.fetch("GET", APP, "/admin/x", headers={"Cookie": jar})).status == 401 and found
        ),
        what="the sign-in getting old again",
    )
    assert json.loads(script.body) == {"error": "insufficient_user_authentication", "max_age": 4}
    records = [each for each in routed.records() if each["component"] == "proxy.reauth"]
    assert records
    assert all(each["audit"] and each["auth.user_id"] == "alice" for each in records)
