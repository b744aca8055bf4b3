"""Who a request is from."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.conftest import ADDRESS, BOOTSTRAP

from yett.tokens import Query, Source
from yett.tokens.api.calls import Wrong, in_authorization

TOKEN = "gt-7o7OCWgLTAs7FNuCXIrYVQ.xNzaFkNmh9_9kbz-vvx8LQ"
OTHER = "gt-xNzaFkNmh9_9kbz-vvx8LQ.7o7OCWgLTAs7FNuCXIrYVQ"
INFO = "/auth/api/v1/token-info"


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", None),
        ("  ", None),
        (f"Bearer {TOKEN}", (Source.BEARER, TOKEN)),
        (f"bEARER   {TOKEN} ", (Source.BEARER, TOKEN)),
        ("Bearer blah", (Source.BEARER, "blah")),
        (basic(f"{TOKEN}:"), (Source.BASIC_USERNAME, TOKEN)),
        (basic(f"{TOKEN}:x-oauth-basic"), (Source.BASIC_USERNAME, TOKEN)),
        (basic(f"x-oauth-basic:{TOKEN}"), (Source.BASIC_PASSWORD, TOKEN)),
        (basic(f"{TOKEN}:{TOKEN}"), (Source.BASIC_USERNAME, TOKEN)),
        (basic(f"{TOKEN}:pass:word"), (Source.BASIC_USERNAME, TOKEN)),
        (basic("a:b:c"), (Source.BASIC_PASSWORD, "b:c")),
        (basic(f"{TOKEN}:{OTHER}"), Wrong("Conflicting tokens in Basic username and password fields")),
        (basic("nothing"), Wrong("Invalid Basic auth string")),
        ("Basic !!!", Wrong("Invalid Basic auth string")),
        ("Basic /w==", Wrong("Invalid Basic auth string")),
        ("Bearer", Wrong("Malformed Authorization header")),
        ("Bearer a b", Wrong("Malformed Authorization header")),
        ("Bearer " + "x" * 5000, Wrong("Malformed Authorization header")),
        ("Digest x", Wrong("Unknown Authorization type")),
    ],
)
def test_a_token_in_an_authorization_field(value, found):
    assert in_authorization(value) == found


@given(st.text())
def test_any_field_is_read(value):
    in_authorization(value)


async def test_nobody_is_asked_who_they_are(place):
    async with place.client() as client:
        answer = await client.get(INFO)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="login.example.test"'
    assert answer.json() == {"detail": {"msg": "Authentication required", "type": "no_authorization"}}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("blah", "Token does not start with gt-"),
        ("gt-blah", "Token is malformed"),
        (TOKEN, "Token is not valid"),
        (BOOTSTRAP, "Token is not valid"),
    ],
)
async def test_a_token_that_is_none_is_refused_and_said_so(place, said, token, sentence):
    async with place.client(token) as client:
        answer = await client.get(INFO)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="login.example.test", error="invalid_token", error_description="{sentence}"'
    )
    assert answer.json() == {"detail": {"msg": sentence, "type": "invalid_token"}}
    assert said() == [
        {
            "event": "Invalid token",
            "event_code": "gafaelfawr.token_invalid",
            "severity": "warning",
            "logger": "gafaelfawr",
            "audit": True,
            "token_source": "bearer",
            "error": sentence,
        }
    ]


async def test_a_field_that_says_nothing_is_a_bad_request(place, said):
    async with place.client() as client:
        answer = await client.get(INFO, headers={"Authorization": "Digest x"})

    assert (answer.status_code, answer.json()["detail"][0]["type"]) == (400, "invalid_request")
    assert [each["event"] for each in said()] == ["Invalid request"]


async def test_the_cookie_comes_first_and_only_with_a_session(place, said):
    text = await place.session()
    user = await place.user_token(await place.actor())
    async with place.client(user, cookie=text) as client:
        assert (await client.get(INFO)).json()["token"] == place.key(text)
    said.forget()
    for cookie in (user, "gt-nonsense", TOKEN):
        async with place.client(user, cookie=cookie) as client:
            assert (await client.get(INFO)).status_code == 401
    assert [each["event"] for each in said()] == ["Discarding invalid state cookie"]


async def test_of_two_good_cookies_neither_is_believed(place):
    mine, planted = await place.session(), await place.session(place.people.table["bob"])
    name = place.settings.cookie

    async def ask(cookie):
        async with place.client() as client:
            return await client.get(INFO, headers={"Cookie": cookie})

    assert (await ask(f"{name}={planted}; {name}={mine}")).status_code == 401
    assert (await ask(f"{name}={mine}; {name}={mine}")).status_code == 200
    assert (await ask(f"{name}=gt-planted; other=x; {name}={mine}")).json()["token"] == place.key(mine)
    assert (await ask(f"x{name}={mine}")).status_code == 401
    assert (await ask("; ".join(f"{name}={number}" for number in range(50)))).status_code == 401
    # Nor is one that was put behind more cookies than are looked at.
    junk = "; ".join(f"{name}=gt-{number}" for number in range(3))
    assert (await ask(f"{junk}; {name}={planted}; {name}={mine}")).status_code == 401


async def test_an_oidc_token_is_good_for_nothing_here(place):
    async with place.client(await place.tokens.make_oidc("ada", "s1", None)) as client:
        assert (await client.get(INFO)).status_code == 401


async def test_what_changes_something_needs_the_pages_own_secret(place, said):
    text = await place.session()
    path = "/auth/api/v1/users/ada/tokens"
    async with place.client(cookie=text) as client:
        csrf = (await client.get("/auth/api/v1/login")).json()["csrf"]
        other = place.door.csrf_of(place.tokens.look(await place.session()))
        said.forget()
        for headers in ({}, {"X-CSRF-Token": "x" + csrf}, {"X-CSRF-Token": other}, {"X-CSRF-Token": b"\xe4"}):
            answer = await client.post(path, json={"token_name": "x"}, headers=headers)
            assert (answer.status_code, answer.json()["detail"][0]["type"]) == (403, "invalid_csrf")
        assert (
            await client.post(path, json={"token_name": "x"}, headers={"X-CSRF-Token": csrf})
        ).status_code == 201
    assert [each["event"] for each in said()] == ["CSRF verification failed"] * 4 + ["Created new user token"]
    assert said()[0] == {
        "event": "CSRF verification failed",
        "event_code": "gafaelfawr.csrf_failed",
        "severity": "error",
        "logger": "gafaelfawr",
        "audit": True,
        "user": "ada",
        "token": place.key(text),
        "scopes": ["exec:admin", "read:all", "user:token"],
        "token_source": "cookie",
        "error": "Missing CSRF token",
    }


async def test_programs_need_none(place):
    text = await place.user_token(await place.actor(), scopes=("user:token",))
    async with place.client(text) as client:
        assert (
            await client.post("/auth/api/v1/users/ada/tokens", json={"token_name": "x"})
        ).status_code == 201


async def test_the_bootstrap_token_is_good_only_where_it_is_meant_to_be(place, said):
    async with place.client(BOOTSTRAP) as client:
        made = await client.post(
            "/auth/api/v1/tokens",
            json={"username": "bot-first", "token_type": "service", "scopes": ["admin:token"]},
        )
        assert made.status_code == 201
        assert (await client.get("/auth/api/v1/history/token-changes")).status_code == 200
        assert (await client.get("/auth/api/v1/oidc-clients")).status_code == 200
        assert (await client.put("/auth/api/v1/quota-overrides", json={"default": {}})).status_code == 200
        for path in ("/users/ada/tokens", "/users", "/user-info", "/token-info", "/quota-overrides"):
            assert (await client.get("/auth/api/v1" + path)).status_code == 401, path
    assert said()[0] == {
        "event": "Authenticated with bootstrap token",
        "event_code": "gafaelfawr.bootstrap_used",
        "severity": "info",
        "logger": "gafaelfawr",
        "audit": True,
        "user": "<bootstrap>",
        "token": "<bootstrap>",
        "scopes": ["admin:oidc", "admin:token"],
        "token_source": "bearer",
    }
    assert (await place.tokens.changes(Query(), None, 1)).entries[0].actor == "<bootstrap>"


async def test_uses_are_noted_with_where_they_came_from(place):
    text = await place.user_token(await place.actor())
    async with place.client(text) as client:
        await client.get(INFO)
    await place.tokens.tick()

    page = await place.tokens.authentications(Query(), None, 10)
    assert [(each.token, each.ip_address) for each in page.entries] == [(place.key(text), ADDRESS)]
