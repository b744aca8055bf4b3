"""Proxies of other makers in front of an application, each set up as docs/forward-auth has it."""

import base64
import html
import json
import re
import tempfile
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.journeys.gateway import PASSWORDS, SIGN_IN, Gateway
from tests.journeys.neighbours import DOCS, Neighbour, Roamer
from tests.ports import free_port

KINDS = ("nginx", "caddy", "haproxy", "apache", "traefik", "envoy", "envoy-http")
COOKIE = "__Secure-yett-token"
AXE = Axe()


@pytest.fixture(scope="session")
def quarter(tmp_path_factory, upstream, heard_folder):
    """A gateway that answers questions, and the proxies that ask."""
    folder = tmp_path_factory.mktemp("forward-auth")
    # Apache gives up root, and may not enter the folders of tests.
    outside = tempfile.TemporaryDirectory(prefix="yett-neighbours-")
    Path(outside.name).chmod(0o755)
    port = free_port()
    settings = (DOCS / "yett.toml").read_text()
    settings = settings.replace("example.org", SIGN_IN).replace("9180", str(port))
    gateway = Gateway(folder / "gateway", settings, heard=heard_folder)
    gateway.people()
    gateway.start()
    proxies = {
        kind: Neighbour(kind, Path(outside.name) / kind, domain=SIGN_IN, yett=port, application=upstream.port)
        for kind in KINDS
    }
    try:
        for each in proxies.values():
            each.start()
        yield gateway, proxies
    finally:
        for each in proxies.values():
            each.stop()
        gateway.stop()
        outside.cleanup()


@pytest.fixture(params=KINDS)
def proxy(request, quarter):
    return quarter[1][request.param]


@pytest.fixture(params=[kind for kind in KINDS if kind != "nginx"])
def ruled(request, quarter):
    """One for which the rules of the settings say who may pass; the question of NGINX names scopes."""
    return quarter[1][request.param]


@pytest.fixture
def gateway(quarter):
    return quarter[0]


def browser(gateway, proxy):
    return Roamer(gateway.data / "pki" / "root.pem", proxy.folder / "app.pem")


@pytest.fixture
def roamer(gateway, proxy):
    return browser(gateway, proxy)


def sign_in(roamer, proxy, name="alice", path="/"):
    page = roamer.go(proxy.origin + path)
    assert f"//{SIGN_IN}:" in roamer.at, (roamer.at, page.status, page.text)
    return roamer.fill_in(page, name=name, password=PASSWORDS[name])


def seen(page):
    """What the application got."""
    found = re.search(rb"<pre>(.*)</pre>", page.body, re.DOTALL)
    assert found, (page.status, page.text)
    said = json.loads(html.unescape(found[1].decode()))
    return said["request"], {name.lower(): value for name, value in said["headers"]}


def is_gafaelfawr(proxy):
    return proxy.kind == "nginx"


def test_somebody_signs_in_and_comes_back_to_what_they_asked_for(roamer, proxy):
    page = sign_in(roamer, proxy, path="/page?a=1&b=two%20words&c=/x")
    request, headers = seen(page)
    assert request.startswith("GET /page?a=1&b=two%20words&c=/x HTTP/1.")
    assert headers["x-auth-request-user" if is_gafaelfawr(proxy) else "remote-user"] == "alice"
    assert COOKIE not in headers.get("cookie", "")
    # The next request needs no sign-in.
    assert seen(roamer.go(f"{proxy.origin}/again"))[0].startswith("GET /again ")


def test_what_the_visitor_writes_into_our_fields_does_not_get_through(roamer, proxy):
    names = ["Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"]
    if is_gafaelfawr(proxy):
        names = [f"X-Auth-Request-{each}" for each in ("User", "Email", "Service", "Token")]
    forged = dict.fromkeys([*names, *(each.replace("-", "_") for each in names)], "root")
    path = "/x" if is_gafaelfawr(proxy) else "/public/x"
    if is_gafaelfawr(proxy):
        sign_in(roamer, proxy)
    _, headers = seen(roamer.go(proxy.origin + path, headers=forged))
    assert "root" not in headers.values()
    assert "alice" not in headers.values() or is_gafaelfawr(proxy)


def test_what_the_visitor_says_of_the_question_is_not_believed(roamer, proxy):
    forged = {
        "X-Original-URL": f"{proxy.origin}/public/x", "X-Original-Method": "OPTIONS",
        "X-Forwarded-Uri": "/public/x", "X-Forwarded-Host": proxy.host, "X-Forwarded-Method": "OPTIONS",
        "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1",
    }  # fmt: skip
    page = roamer.ask("GET", f"{proxy.origin}/secret", headers=forged)
    assert page.status in {302, 401}, page.status
    page = roamer.ask("GET", f"{proxy.origin}/secret?scope=user:token&rd=/public", headers={})
    assert page.status in {302, 401}, page.status


def test_scripts_and_programs_are_not_redirected(roamer, proxy):
    script = roamer.ask("GET", f"{proxy.origin}/x", headers={"X-Requested-With": "XMLHttpRequest"})
    assert script.status in {401, 403}
    assert not script.header("location") or script.status != 302
    program = roamer.ask("GET", f"{proxy.origin}/x", headers={"Authorization": "Bearer nonsense"})
    assert program.status == 401
    assert "Bearer" in program.header("www-authenticate")


def test_somebody_without_the_scope_or_group_is_refused(roamer, proxy):
    path = "/" if is_gafaelfawr(proxy) else "/admin/x"
    page = sign_in(roamer, proxy, "bob" if is_gafaelfawr(proxy) else "alice", path)
    assert page.status == 403


def test_no_cookie_of_ours_reaches_the_application_however_many_there_are(roamer, proxy):
    sign_in(roamer, proxy)
    fake = f"{COOKIE}=gt-{'a' * 21}A.{'b' * 21}A"
    page = roamer.ask("GET", f"{proxy.origin}/x", headers={"Cookie": f"{fake}; mine=1; {fake}"})
    _, headers = seen(page)
    assert COOKIE not in str(headers)
    assert "mine=1" in headers["cookie"]


def test_signing_out_ends_it_everywhere(roamer, proxy, gateway):
    sign_in(roamer, proxy)
    token = roamer.jar[f".{SIGN_IN}", COOKIE]
    page = roamer.go(f"https://{SIGN_IN}:{gateway.port}/logout?rd={proxy.origin}/")
    assert "name" in page.text or page.status == 200
    assert (f".{SIGN_IN}", COOKIE) not in roamer.jar
    # Whoever kept the token has nothing.
    kept = roamer.ask("GET", f"{proxy.origin}/x", headers={"Cookie": f"{COOKIE}={token}"}, cookies=False)
    assert kept.status in {302, 401}


def test_the_sign_in_host_answers_too(gateway):
    headers = {"X-Original-Method": "GET", "X-Original-URL": f"https://app.{SIGN_IN}/x"}
    page = gateway.fetch("GET", SIGN_IN, "/ingress/auth?scope=read:all", headers=headers)
    assert page.status == 401
    assert page.header("www-authenticate") == f'Bearer realm="{SIGN_IN}"'


def test_nobody_is_answered_where_it_is_not_switched_on(make_gateway):
    silent = make_gateway("silent")
    silent.start()
    for path in ("/ingress/auth", "/api/authz/forward-auth", "/oauth2/auth", "/login", "/logout"):
        assert silent.fetch("GET", SIGN_IN, path).status == 404, path


def test_the_application_gets_a_token_of_its_own(roamer, proxy, gateway):
    _, headers = seen(sign_in(roamer, proxy))
    token = headers["x-auth-request-token"]
    assert token.startswith("gt-")
    assert token != roamer.jar[f".{SIGN_IN}", COOKIE]
    told = token_info(roamer, gateway, token)
    assert (told["token_type"], told["service"], told["scopes"]) == ("internal", "app", ["read:all"])


def test_a_route_of_envoy_may_name_scopes_in_place_of_rules(quarter):
    gateway, proxies = quarter
    roamer = browser(gateway, proxies["envoy"])
    _, headers = seen(sign_in(roamer, proxies["envoy"], path="/reports/x"))
    told = token_info(roamer, gateway, headers["x-auth-request-token"])
    assert (told["service"], told["scopes"]) == ("reports", [])
    bob = browser(gateway, proxies["envoy"])
    assert sign_in(bob, proxies["envoy"], "bob", "/reports/x").status == 403


def token_info(roamer, gateway, token):
    url = f"https://{SIGN_IN}:{gateway.port}/auth/api/v1/token-info"
    return json.loads(
        roamer.ask("GET", url, headers={"Authorization": f"Bearer {token}"}, cookies=False).body
    )


def test_the_token_of_a_program_does_not_reach_the_application(roamer, proxy):
    sign_in(roamer, proxy)
    token = roamer.jar[f".{SIGN_IN}", COOKIE]
    basic = base64.b64encode(f"x-oauth-basic:{token}".encode()).decode()
    for value in (f"Bearer {token}", f"bearer {token}", f"Basic {basic}"):
        page = roamer.ask("GET", f"{proxy.origin}/x", headers={"Authorization": value}, cookies=False)
        _, headers = seen(page)
        assert not headers.get("authorization"), value
        assert token not in str(headers)
        assert basic not in str(headers)
    # What the application wants for itself goes on.
    page = roamer.ask("GET", f"{proxy.origin}/x", headers={"Authorization": "Bearer its-own"})
    assert seen(page)[1]["authorization"] == "Bearer its-own"


def test_preflights_of_neighbours_are_passed_on_and_no_others(roamer, proxy):
    preflight = {"Access-Control-Request-Method": "POST", "Accept": "*/*"}
    ours = roamer.ask(
        "OPTIONS", f"{proxy.origin}/x", headers={**preflight, "Origin": f"https://other.{SIGN_IN}"}
    )
    request, headers = seen(ours)
    assert request.startswith("OPTIONS /x ")
    assert not headers.get("remote-user")
    for origin in ("https://evil.test", "null", f"https://{SIGN_IN}.evil.test", f"https://evil{SIGN_IN}"):
        theirs = roamer.ask("OPTIONS", f"{proxy.origin}/x", headers={**preflight, "Origin": origin})
        assert theirs.status == 403, origin
    if is_gafaelfawr(proxy):
        assert json.loads(theirs.body)["detail"][0]["type"] == "cors_preflight_rejected"
    # Without what makes it a preflight it is a request like any other.
    assert roamer.ask("OPTIONS", f"{proxy.origin}/x").status == (404 if is_gafaelfawr(proxy) else 401)


def test_a_script_of_somebody_who_may_not_is_told_403(roamer, proxy):
    path = "/" if is_gafaelfawr(proxy) else "/admin/x"
    sign_in(roamer, proxy, "bob" if is_gafaelfawr(proxy) else "alice", path)
    page = roamer.ask("GET", proxy.origin + path, headers={"X-Requested-With": "XMLHttpRequest"})
    assert page.status == 403
    assert not page.header("location")


def test_a_request_cannot_become_another_one_behind_the_proxy(roamer, proxy):
    sign_in(roamer, proxy)
    names = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
    forged = dict.fromkeys([*names, *(name.replace("-", "_") for name in names)], "DELETE")
    page = roamer.ask(
        "GET",
        f"{proxy.origin}/x",
        headers={**forged, "Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"},
    )
    _, headers = seen(page)
    assert "DELETE" not in headers.values()
    assert headers.get("upgrade", "") != "h2c"


def test_as_many_cookies_as_a_proxy_takes_are_no_way_round(roamer, proxy):
    sign_in(roamer, proxy)
    many = "; ".join(f"c{number}={'x' * 500}" for number in range(13))
    page = roamer.ask("GET", f"{proxy.origin}/x", headers={"Cookie": many})
    _, headers = seen(page)
    assert headers["cookie"] == many
    assert headers["x-auth-request-user" if is_gafaelfawr(proxy) else "remote-user"] == "alice"


@pytest.mark.parametrize(
    "lines",
    [
        "GET https://other.{domain}/public/x HTTP/1.1\r\nHost: {host}\r\n",
        "GET /public/../secret HTTP/1.1\r\nHost: {host}\r\n",
        "GET /public/%2e%2e/secret HTTP/1.1\r\nHost: {host}\r\n",
        "GET /public/..;/secret HTTP/1.1\r\nHost: {host}\r\n",
        "GET /public\\..\\secret HTTP/1.1\r\nHost: {host}\r\n",
        "GET /secret?/public/x HTTP/1.1\r\nHost: {host}\r\n",
        "GET /secret#/public/x HTTP/1.1\r\nHost: {host}\r\n",
        "GET /secret HTTP/1.1\r\nHost: {host}\r\nHost: other.{domain}\r\n",
        "GET /secret HTTP/1.1\r\nHost: {host}/public/x?\r\n",
        "GET /secret HTTP/1.1\r\nHost: {host}\r\nConnection: X-Forwarded-Uri, X-Original-URL, Cookie\r\n",
        "GET /secret HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: {host}\r\n",
        "get /secret HTTP/1.1\r\nHost: {host}\r\n",
        "GET /secret HTTP/1.0\r\n",
    ],
)
def test_no_way_of_writing_a_request_leads_past_the_question(roamer, proxy, lines):
    head = lines.format(host=f"{proxy.host}:{proxy.port}", domain=SIGN_IN)
    answer = roamer.raw(proxy.port, proxy.host, head.encode() + b"\r\n")
    # Some proxies answer some of them by themselves, with nothing.
    is_empty = b"\r\ncontent-length: 0\r\n" in answer.lower()
    assert int(answer[9:12]) >= 300 or is_empty, answer[:2000]


def test_a_path_for_which_more_proof_is_needed_leads_to_the_second_factor(ruled, gateway):
    roamer = browser(gateway, ruled)
    sign_in(roamer, ruled)
    page = roamer.go(f"{ruled.origin}/vault/x")
    assert f"//{SIGN_IN}:" in roamer.at
    assert "more proof" in page.text


def test_a_path_with_two_readings_is_refused(ruled, gateway):
    roamer = browser(gateway, ruled)
    assert seen(roamer.ask("GET", f"{ruled.origin}/public/x"))[0].startswith("GET /public/x ")
    for path in ("/public/..%2fadmin", "/public%2fx", "/PUBLIC/x", "//public/x", "/public/%2e%2e/admin"):
        page = roamer.ask("GET", ruled.origin + path)
        # Some of them, some proxies refuse by themselves or make plain before they ask; then the application,
        # too, gets the plain one.
        if page.status == 200:
            assert seen(page)[0].startswith("GET /public/x "), path
        else:
            assert page.status in {302, 400, 401, 403, 404}, (path, page.status)


def test_a_browser_signs_in_once_for_all_of_them_and_out_again(page, quarter):
    gateway, proxies = quarter
    page.goto(f"{proxies['caddy'].origin}/first?a=1&b=2")
    assert page.url.startswith(f"https://{SIGN_IN}:{gateway.port}/signin")
    page.fill("input[name=name]", "alice")
    page.fill("input[name=password]", PASSWORDS["alice"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{proxies['caddy'].origin}/first?a=1&b=2")
    assert "GET /first?a=1&amp;b=2 " in html.escape(page.inner_text("pre"))
    for kind in [each for each in KINDS if each != "caddy"]:
        page.goto(f"{proxies[kind].origin}/other")
        assert page.url == f"{proxies[kind].origin}/other"
        assert "alice" in page.inner_text("pre")
        assert COOKIE not in page.inner_text("pre")
    # Another site's link: asked first, with the keyboard.
    page.set_content(
        f'<a href="https://{SIGN_IN}:{gateway.port}/logout?rd={proxies["nginx"].origin}/bye">out</a>'
    )
    page.click("a")
    page.wait_for_load_state()
    if "Sign out?" in page.inner_text("main"):
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    page.wait_for_url(f"https://{SIGN_IN}:{gateway.port}/signin**")
    page.goto(f"{proxies['caddy'].origin}/again")
    assert page.url.startswith(f"https://{SIGN_IN}:{gateway.port}/signin")


@pytest.mark.parametrize(("width", "height", "scheme"), [(360, 740, "light"), (1280, 800, "dark")])
def test_the_page_that_asks_before_signing_out_shuts_nobody_out(chromium, quarter, width, height, scheme):
    gateway, proxies = quarter
    roamer = browser(gateway, proxies["caddy"])
    sign_in(roamer, proxies["caddy"])
    context = chromium.new_context(
        ignore_https_errors=True,
        bypass_csp=True,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
    )
    try:
        context.add_cookies(
            [
                {
                    "name": name,
                    "value": value,
                    "domain": domain,
                    "path": "/",
                    "secure": True,
                    "sameSite": "Lax",
                }
                for (domain, name), value in roamer.jar.items()
            ]
        )
        page = context.new_page()
        page.set_content(
            f'<a href="https://{SIGN_IN}:{gateway.port}/logout?rd={proxies["caddy"].origin}/x">out</a>'
        )
        page.click("a")
        page.wait_for_selector("text=Sign out?")
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        found = AXE.run(page)
        assert found.violations_count == 0, found.generate_report()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Sign out"
        page.keyboard.press("Enter")
        page.wait_for_url("**/signin**")
    finally:
        context.close()
