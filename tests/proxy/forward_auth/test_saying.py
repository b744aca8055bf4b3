"""Whole records of questions, as Gafaelfawr writes them."""

import pytest
from tests.proxy.forward_auth.conftest import APP, CLIENT, SIGN_IN, TOKENS

from yett.proxy.forward_auth.config import Level, RuleSettings


def question(query="", **more):
    return {
        "severity": "info",
        "auth_uri": "/page",
        "auth_host": "app.example.test",
        "required_scopes": [],
        "required_scope": [],
        "satisfy": "all",
        "service": None,
        "dialect": "gafaelfawr",
        "httpRequest": {
            "requestMethod": "GET",
            "requestUrl": f"https://{SIGN_IN}/ingress/auth{'?' if query else ''}{query}",
            "remoteIp": CLIENT,
        },
        **more,
    }


def holder(token, source="bearer", scopes=("read:all",), lifetime=None, user="ada"):
    return {
        "token": token[3:25],
        "token_source": source,
        "user": user,
        "scopes": list(scopes),
        "lifetime_seconds": lifetime,
    }


async def test_a_token_that_is_authorized(place, said):
    token = await place.user_token(lifetime=3600)
    said.forget()
    await place.ingress("scope=read:all", token)
    assert said() == [
        question(
            "scope=read:all",
            event="Token authorized",
            required_scopes=["read:all"],
            required_scope=["read:all"],
            **holder(token, lifetime=3600),
        )
    ]


async def test_an_endless_token_has_no_lifetime_and_restrictions_are_named(place, said):
    token = await place.user_token()
    said.forget()
    query = "username=ada&service=other&satisfy=all"
    await place.ingress(query, token)
    assert said() == [
        question(
            query,
            event="Token authorized",
            service="other",
            required_user="ada",
            **holder(token, lifetime=None),
        )
    ]


async def test_a_quota_is_told(place, said):
    token = await place.user_token()
    said.forget()
    for _ in range(3):
        await place.ingress("service=tap", token)
    reset = said()[0]["quota"]["reset"]
    assert (len(reset), reset[10]) == (19, " ")
    assert said() == [
        *(
            question(
                "service=tap",
                event="Token authorized",
                service="tap",
                quota={"limit": 2, "used": used, "reset": reset},
                **holder(token),
            )
            for used in (1, 2)
        ),
        question(
            "service=tap",
            event="Request rejected due to rate limits",
            error="Rate limit (2/minute) exceeded",
            service="tap",
            quota={"limit": 2, "used": 2, "reset": reset},
            **holder(token),
        ),
    ]


async def test_a_scope_that_is_missing(place, said):
    token = await place.user_token()
    said.forget()
    await place.ingress("scope=exec:admin&satisfy=any&only_service=x", token)
    assert said() == [
        question(
            "scope=exec:admin&satisfy=any&only_service=x",
            event="Permission denied",
            error="Token missing required scope",
            required_scopes=["exec:admin"],
            required_scope=["exec:admin"],
            satisfy="any",
            only_services=["x"],
            **holder(token),
        )
    ]


async def test_a_token_that_is_none(place, said):
    await place.ingress("", "blah")
    assert said() == [question(event="Invalid token", error="Token is not valid", token_source="bearer")]


async def test_a_token_that_ends_too_soon(place, said):
    token = await place.user_token(lifetime=400)
    said.forget()
    await place.ingress("minimum_lifetime=500", token)
    assert said() == [
        question(
            "minimum_lifetime=500",
            event="Invalid token",
            error="Remaining token lifetime too short",
            **holder(token, lifetime=400),
        )
        | {"severity": "warning"}
    ]


async def test_an_authorization_that_cannot_be_read(place, said):
    await place.ingress("", Authorization="Mutual x")
    assert said() == [question(event="Invalid request", error="Unknown Authorization type Mutual")]


@pytest.mark.parametrize(
    "more", [{}, {"Cookie": f"{TOKENS.cookie}=gt-aaaaaaaaaaaaaaaaaaaaaA.bbbbbbbbbbbbbbbbbbbbbA"}]
)
async def test_that_nobody_is_signed_in_is_no_news(place, said, more):
    await place.ingress("scope=read:all", **more)
    assert said() == []


async def test_requests_about_requests(place, said):
    await place.ingress("", method="OPTIONS")
    await place.ingress(
        "", method="OPTIONS", **{"Origin": "https://evil.test", "Access-Control-Request-Method": "PUT"}
    )
    assert [(each["event"], each["error"]) for each in said()] == [
        ("Non-CORS OPTIONS requests not supported", "Non-CORS OPTIONS requests not supported"),
        ("Cross-origin request not allowed", "Cross-origin request not allowed"),
    ]


async def test_a_delegated_token_is_said_before_what_it_was_made_for(place, said):
    token = await place.session()
    said.forget()
    reply = await place.ingress("scope=read:all&delegate_to=tap&delegate_scope=read:all", token)
    created, authorized = said()
    child = reply["x-auth-request-token"]
    lifetime = authorized["lifetime_seconds"]
    scopes = ("exec:admin", "read:all", "user:token")
    assert created == {
        "event": "Created new internal token",
        "severity": "info",
        "auth_uri": "/page",
        "required_scopes": ["read:all"],
        "satisfy": "all",
        "service": None,
        "token_key": child[3:25],
        "token_expires": created["token_expires"],
        "token_scopes": ["read:all"],
        "token_service": "tap",
        "httpRequest": {"remoteIp": CLIENT},
        **holder(token, scopes=scopes, lifetime=lifetime),
    }
    assert authorized["event"] == "Token authorized"


async def test_rules_are_told_by_the_same_words(place, said):
    place.apply(rule=(RuleSettings(paths=("/shut",), level=Level.DENY), RuleSettings(groups=("engineers",))))
    token = await place.session("bob")
    said.forget()
    await place.forwarded(Cookie=place.cookie(token))
    await place.forwarded(uri="/shut/x", Cookie=place.cookie(token))
    first, second = said()
    assert (first["event"], first["user"], first["dialect"]) == ("Permission denied", "bob", "authelia")
    assert (second["event"], second["error"]) == ("Permission denied", "Nobody may open this")
    assert "user" not in second


async def test_no_secret_reaches_the_record(place, said):
    token = await place.session()
    secret = token.partition(".")[2]
    await place.ingress("scope=nothing", token, url=f"{APP}/x?password=hunter2")
    await place.ingress("", Authorization=f"Weird {token}")
    await place.ingress("", Cookie=place.cookie(token, token + "x"))
    records = str(said())
    assert secret not in records
    assert "hunter2" not in records


async def test_a_question_that_makes_no_sense_is_told_to_the_operator(place, said):
    await place.ask("/ingress/auth", {"X-Original-Method": "GET"})
    (record,) = said()
    assert (record["event"], record["severity"]) == ("Question of a proxy cannot be understood", "warning")
    assert (record["field"], record["error"]) == ("x-original-url", "Field required")


async def test_somebody_who_is_switched_off_is_nobody(place):
    token = await place.session()
    place.change("ada", is_disabled=True)
    assert (await place.ingress("", Cookie=place.cookie(token))).status == 401
    assert (await place.ingress("", token)).status == 401
