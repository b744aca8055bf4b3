"""Signing in and out for applications behind other proxies."""

import asyncio
from dataclasses import replace
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.proxy.forward_auth.conftest import APP, ORIGIN, TOKENS

from yett.store import StoreUnavailable
from yett.tokens import TokensSettings

TO = f"{APP}/page?x=1"
NAVIGATION = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}


def cookie_of(reply):
    jar = SimpleCookie()
    for line in reply.headers.get_list("set-cookie"):
        jar.load(line)
    return jar.get(TOKENS.cookie)


async def login(place, sign_on="", *, token="", headers=None, **query):
    async with place.browser(sign_on=sign_on, token=token, **(headers or {})) as browser:
        return await browser.get("/login", params=query)


async def test_somebody_signed_in_gets_a_token_and_goes_back(place, said):
    issued = await place.sign_on()
    reply = await login(place, issued.token, rd=TO)
    assert (reply.status_code, reply.headers["location"]) == (303, TO)
    assert reply.headers["cache-control"] == "no-store"
    cookie = cookie_of(reply)
    assert cookie["domain"] == "example.test"
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"].lower()) == (True, True, "lax")
    assert cookie["path"] == "/"
    assert not cookie["max-age"]
    data = place.tokens.look(cookie.value)
    assert (data.username, data.scopes) == ("ada", frozenset({"read:all", "exec:admin", "user:token"}))
    assert data.session_ref == issued.session.ref
    assert data.expires <= issued.session.ends_at
    assert [each["event"] for each in said()] == ["Successfully authenticated user"]


async def test_nobody_is_taken_to_the_sign_in_and_back(place, said):
    reply = await login(place, rd=TO)
    assert reply.status_code == 303
    parts = urlsplit(reply.headers["location"])
    assert parts.path == "/signin"
    assert parse_qs(parts.query)["next"] == ["/login?rd=https%3A%2F%2Fapp.example.test%2Fpage%3Fx%3D1"]
    assert said() == [
        {
            "event": "Redirecting user for authentication",
            "severity": "info",
            "login_url": "/signin",
            "return_url": f"{APP}/page",
            "httpRequest": {"remoteIp": "203.0.113.9"},
        }
    ]


async def test_the_way_back_may_stand_in_a_field(place):
    issued = await place.sign_on()
    reply = await login(place, issued.token, headers={"X-Auth-Request-Redirect": TO})
    assert reply.headers["location"] == TO
    reply = await login(place, issued.token)
    assert reply.headers["location"] == f"{ORIGIN}/"


async def test_a_second_tab_uses_the_token_that_is_there(place):
    issued = await place.sign_on()
    token = cookie_of(await login(place, issued.token, rd=TO)).value
    again = await login(place, issued.token, token=token, rd=TO)
    assert again.status_code == 303
    assert cookie_of(again) is None


async def test_a_token_of_an_earlier_sign_on_is_not_used(place):
    first, second = await place.sign_on(), await place.sign_on()
    token = cookie_of(await login(place, first.token, rd=TO)).value
    made = cookie_of(await login(place, second.token, token=token, rd=TO)).value
    assert place.tokens.look(made).session_ref == second.session.ref


async def test_other_groups_mean_another_token(place):
    issued = await place.sign_on()
    token = cookie_of(await login(place, issued.token, rd=TO)).value
    place.change("ada", groups=("guests",))
    made = cookie_of(await login(place, issued.token, token=token, rd=TO)).value
    assert place.tokens.look(made).scopes == frozenset({"read:all", "user:token"})
    assert place.tokens.look(token) is None


async def test_whose_groups_give_no_scope_may_not_come_in(place, said):
    issued = await place.sign_on("eve")
    reply = await login(place, issued.token, rd=TO)
    assert reply.status_code == 403
    assert "You may not use these applications" in reply.text
    assert cookie_of(reply) is None
    assert [(each["event"], each["severity"], each["user"]) for each in said()] == [
        ("Authentication failed", "warning", "eve")
    ]
    place.apply(without_scopes=True)
    reply = await login(place, issued.token, rd=TO)
    assert place.tokens.look(cookie_of(reply).value).scopes == {"user:token"}


async def test_more_proof_is_asked_for_where_it_is_needed(place):
    issued = await place.sign_on()
    reply = await login(place, issued.token, rd=TO, acr="mfa")
    parts = urlsplit(reply.headers["location"])
    assert (parts.path, parse_qs(parts.query)["acr"]) == ("/signin/step-up", ["mfa"])
    assert "acr=mfa" in parse_qs(parts.query)["next"][0]
    strong = await place.sign_on(assurance="mfa")
    assert (await login(place, strong.token, rd=TO, acr="mfa")).headers["location"] == TO


async def test_a_token_that_ends_too_soon_takes_a_new_sign_in_once(place):
    issued = await place.sign_on()
    token = cookie_of(await login(place, issued.token, rd=TO)).value
    reply = await login(place, issued.token, token=token, rd=TO, fresh="1")
    parts = urlsplit(reply.headers["location"])
    assert (parts.path, parse_qs(parts.query)["again"]) == ("/signin", ["1"])
    # After it there is another sign-on, and a token that lasts as long as that.
    anew = await place.sign_on()
    place.flow.fresh.add(anew.session.ref)
    reply = await login(place, anew.token, token=token, rd=TO, fresh="1")
    assert reply.headers["location"] == TO
    made = cookie_of(reply).value
    # And if that is not enough either, nobody goes round in circles.
    reply = await login(place, anew.token, token=made, rd=TO, fresh="1")
    assert reply.status_code == 403
    assert "longer sign-in" in reply.text


@pytest.mark.parametrize(
    "to",
    ["https://evil.test/", "//evil.test", "javascript:alert(1)", "https://evil.test\\@app.example.test/"],
)
@pytest.mark.parametrize("page", ["/login", "/logout"])
async def test_links_that_lead_elsewhere_are_refused(place, said, to, page):
    issued = await place.sign_on()
    async with place.browser(sign_on=issued.token) as browser:
        reply = await browser.get(page, params={"rd": to})
        assert reply.status_code == 422
        assert reply.json() == {
            "detail": [
                {"loc": ["query", "rd"], "msg": "URL is not at example.test", "type": "invalid_return_url"}
            ]
        }
        shown = await browser.get(page, params={"rd": to}, headers={"Accept": "text/html"})
        assert shown.status_code == 422
        assert "evil.test" not in shown.text
    assert {each["event"] for each in said()} == {"Bad return URL"}
    assert said()[0]["return_url"] == to
    assert place.sessions.find(issued.session.ref) is not None


async def test_two_ways_back_are_none(place):
    issued = await place.sign_on()
    async with place.browser(sign_on=issued.token) as browser:
        reply = await browser.get(f"/login?rd={TO}&rd=https://evil.test/")
        assert reply.headers["location"] == f"{ORIGIN}/"


async def test_a_look_at_the_head_makes_no_token(place):
    issued = await place.sign_on()
    async with place.browser(sign_on=issued.token) as browser:
        assert (await browser.head("/login", params={"rd": TO})).status_code == 405


async def test_a_long_way_back_keeps_its_host(place):
    reply = await login(place, rd=f"{APP}/" + "a%20" * 1400)
    next_ = parse_qs(urlsplit(reply.headers["location"]).query)["next"][0]
    assert next_ == "/login?rd=https%3A%2F%2Fapp.example.test%2F"


async def test_when_the_token_cannot_be_kept_nobody_gets_one(place, said, monkeypatch):
    async def refuse(*_, **__):
        raise StoreUnavailable("the disk is full")

    issued = await place.sign_on()
    monkeypatch.setattr(place.tokens._making._shelf, "create", refuse)
    reply = await login(place, issued.token, rd=TO)
    assert reply.status_code == 503
    assert cookie_of(reply) is None
    assert said()[-1]["event"] == "Authentication failed"


# Signing out.


async def test_signing_out_ends_token_and_sign_on(place, said):
    issued = await place.sign_on()
    token = cookie_of(await login(place, issued.token, rd=TO)).value
    child = (await place.ingress("delegate_to=tap", token))["x-auth-request-token"]
    said.forget()
    async with place.browser(sign_on=issued.token, token=token, **NAVIGATION) as browser:
        reply = await browser.get("/logout", params={"rd": f"{APP}/bye"})
    assert (reply.status_code, reply.headers["location"]) == (303, f"{APP}/bye")
    assert cookie_of(reply)["max-age"] == "0"
    assert cookie_of(reply)["domain"] == "example.test"
    await asyncio.sleep(0)
    assert place.tokens.look(token) is None
    assert place.tokens.look(child) is None
    assert place.sessions.find(issued.session.ref) is None
    (record,) = said("Successful logout")
    assert record == {
        "event": "Successful logout",
        "severity": "info",
        "user": "ada",
        "token": token[3:25],
        "return_url": f"{APP}/bye",
        "httpRequest": {"remoteIp": "203.0.113.9"},
    }


async def test_the_sign_on_may_go_on(place):
    place.apply(end_sign_on=False)
    issued = await place.sign_on()
    token = cookie_of(await login(place, issued.token, rd=TO)).value
    async with place.browser(sign_on=issued.token, token=token, **NAVIGATION) as browser:
        assert "signed out" in (await browser.get("/logout")).text
    assert place.tokens.look(token) is None
    assert place.sessions.find(issued.session.ref) is not None


async def test_whoever_is_not_signed_in_can_sign_out_too(place, said):
    async with place.browser() as browser:
        reply = await browser.get("/logout", params={"rd": TO})
    assert reply.headers["location"] == TO
    assert [each["event"] for each in said()] == ["Logout of already-logged-out session"]


async def test_another_site_cannot_sign_anybody_out(place, said):
    issued = await place.sign_on()
    token = cookie_of(await login(place, issued.token, rd=TO)).value
    said.forget()
    async with place.browser(sign_on=issued.token, token=token) as browser:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {}):
            reply = await browser.get("/logout", params={"rd": TO}, headers=headers)
            assert reply.status_code == 200
            assert "Sign out?" in reply.text
            assert "set-cookie" not in reply.headers
            assert "form-action 'self' https://app.example.test;" in reply.headers["content-security-policy"]
        elsewhere = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
        others = [{"Origin": "https://evil.test"}, *elsewhere, {}]
        for headers in others:
            reply = await browser.post("/logout", params={"rd": TO}, headers=headers)
            assert reply.status_code == 403
        assert place.tokens.look(token) is not None
        assert {(each["event"], each["severity"]) for each in said()} == {
            ("CSRF verification failed", "error")
        }
        reply = await browser.post("/logout", params={"rd": TO}, headers={"Origin": ORIGIN})
        assert (reply.status_code, reply.headers["location"]) == (303, TO)
    assert place.tokens.look(token) is None


async def test_there_may_be_a_place_to_go_to_afterwards(place):
    place.apply(after_logout="https://www.example.org/bye")
    async with place.browser(**NAVIGATION) as browser:
        assert (await browser.get("/logout")).headers["location"] == "https://www.example.org/bye"


async def test_fifty_sign_ins_at_once_all_come_in(place):
    issued = await place.sign_on()
    replies = await asyncio.gather(*(login(place, issued.token, rd=TO) for _ in range(50)))
    assert {reply.status_code for reply in replies} == {303}


async def test_fifty_sign_outs_at_once_end_one_token(place, said):
    issued = await place.sign_on()
    token = cookie_of(await login(place, issued.token, rd=TO)).value
    said.forget()

    async def out():
        async with place.browser(sign_on=issued.token, token=token, **NAVIGATION) as browser:
            return (await browser.get("/logout", params={"rd": TO})).status_code

    assert set(await asyncio.gather(*(out() for _ in range(50)))) == {303}
    assert place.tokens.look(token) is None
    assert len([each for each in said("Deleted token") if each["token_key"] == token[3:25]]) == 1


async def test_without_tokens_there_are_no_such_pages(place):
    place.tokens.apply(TokensSettings())
    async with place.browser() as browser:
        for reply in (
            await browser.get("/login"),
            await browser.get("/logout"),
            await browser.post("/logout"),
        ):
            assert reply.status_code == 404


async def test_the_sign_in_host_alone_may_have_the_token(place):
    place.tokens.apply(replace(TOKENS, cookie_domain=""))
    issued = await place.sign_on()
    reply = await login(place, issued.token, rd=f"{ORIGIN}/auth/tokens")
    assert reply.headers["location"] == f"{ORIGIN}/auth/tokens"
    assert "__Host-yett-token=" in reply.headers["set-cookie"]
    assert "domain" not in reply.headers["set-cookie"].lower()
    assert (await login(place, issued.token, rd=TO)).status_code == 422
