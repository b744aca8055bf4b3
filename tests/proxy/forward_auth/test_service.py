"""Questions over HTTP: paths, who may ask, and whole trips through what is behind."""

import base64

import pytest
from tests.proxy.conftest import request_for
from tests.proxy.forward_auth.conftest import APP, CLIENT, ORIGIN, PROXY, SIGN_IN, TOKENS

from yett.events import current_scope
from yett.net.http import Serve
from yett.proxy.forward_auth import deciding

NO_STORE = "no-cache, no-store"


def basic(user, password=""):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def test_a_good_bearer_token_passes_and_its_user_is_named(place):
    token = await place.user_token()
    reply = await place.ingress("scope=read:all", token)
    assert (reply.status, reply.json) == (200, {"status": "ok"})
    assert reply["x-auth-request-user"] == "ada"
    assert reply["x-auth-request-email"] == "ada@example.test"
    assert reply["authorization"] is None
    assert place.request.scope.user == "ada"
    assert place.request.scope.client_address == CLIENT


async def test_a_session_cookie_passes_and_is_not_handed_on(place):
    token = await place.session()
    reply = await place.ingress(Cookie=f"a=1; {place.cookie(token)}; b=2", Authorization="Digest x=1")
    assert reply.status == 200
    assert reply["cookie"] == "a=1; b=2"
    assert reply["authorization"] == "Digest x=1"


async def test_nobody_is_challenged_without_an_error(place):
    reply = await place.ingress("scope=read:all")
    assert reply.status == 401
    assert reply["www-authenticate"] == f'Bearer realm="{SIGN_IN}"'
    assert reply["cache-control"] == NO_STORE
    assert reply.json == {"detail": {"msg": "Authentication required", "type": "no_authorization"}}
    assert reply["location"] == f"{ORIGIN}/login?rd=https%3A%2F%2Fapp.example.test%2Fpage%3Fx%3D1"


async def test_a_script_is_told_403_so_that_no_redirect_follows(place):
    reply = await place.ingress(**{"X-Requested-With": "XMLHttpRequest"})
    assert reply.status == 403
    assert reply.json == {"detail": {"msg": "Authentication required", "type": "no_authorization"}}


async def test_a_basic_challenge_knows_no_errors(place):
    reply = await place.ingress("auth_type=basic")
    assert reply["www-authenticate"] == f'Basic realm="{SIGN_IN}"'


async def test_a_missing_scope_is_403_and_named(place):
    token = await place.user_token()
    reply = await place.ingress("scope=exec:admin&scope=read:all", token)
    assert reply.status == 403
    assert reply["x-error-status"] == "403"
    assert reply["www-authenticate"] == (
        f'Bearer realm="{SIGN_IN}", error="insufficient_scope", '
        'error_description="Token missing required scope", scope="exec:admin read:all"'
    )
    assert reply["x-error-body"].encode() == reply.body
    assert reply.json == {"detail": [{"msg": "Token missing required scope", "type": "insufficient_scope"}]}


async def test_any_of_several_scopes_will_do(place):
    token = await place.user_token()
    assert (await place.ingress("scope=exec:admin&scope=read:all&satisfy=any", token)).status == 200
    assert (await place.ingress("satisfy=any", token)).status == 403


@pytest.mark.parametrize("text", ["blah", "gt-", "gt-aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbb"])
async def test_a_bearer_token_that_is_none_is_401_with_an_error(place, text):
    reply = await place.ingress("", text)
    assert reply.status == 401
    assert reply["x-error-status"] == "401"
    assert 'error="invalid_token"' in reply["www-authenticate"]
    assert reply.json["detail"][0]["type"] == "invalid_token"


async def test_a_cookie_that_is_over_is_a_plain_401(place):
    token = await place.session()
    await place.tokens.end_session_token(token)
    reply = await place.ingress("", Cookie=place.cookie(token))
    assert reply.status == 401
    assert reply["www-authenticate"] == f'Bearer realm="{SIGN_IN}"'


@pytest.mark.parametrize("value", ["Bearer", "Mutual abc", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer a b"])
async def test_an_authorization_that_cannot_be_read_is_403_with_the_real_status(place, value):
    reply = await place.ingress("", Authorization=value)
    assert reply.status == 403
    assert reply["x-error-status"] == "400"
    assert reply.json["detail"][0]["type"] == "invalid_request"


async def test_a_token_may_be_user_name_or_password_of_basic(place):
    token, other = await place.user_token(), await place.user_token(label="other")
    for value in (basic(token), basic("x-oauth-basic", token), basic(token, token), basic(token, "a:b:c")):
        assert (await place.ingress("", Authorization=value)).status == 200, value
    conflict = await place.ingress("", Authorization=basic(token, other))
    assert (conflict.status, conflict["x-error-status"]) == (403, "400")
    assert (await place.ingress("", Authorization=basic("ada", "secret"))).status == 401


async def test_cookies_can_be_refused(place):
    cookie = place.cookie(await place.session())
    assert (await place.ingress("allow_cookies=false", Cookie=cookie)).status == 401


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("notebook=true&delegate_to=x", "invalid_delegate_to"),
        ("service=a&delegate_to=b", "invalid_service"),
        ("auth_type=token", "enum"),
        ("satisfy=some", "enum"),
        ("minimum_lifetime=299", "greater_than_equal"),
        ("minimum_lifetime=soon", "int_parsing"),
        ("notebook=perhaps", "bool_parsing"),
        ("satisfy=all&satisfy=any", "value_error"),
        ("scope=%zz", "value_error"),
    ],
)
async def test_a_question_that_makes_no_sense_is_422(place, query, kind):
    reply = await place.ingress(query, await place.user_token())
    assert reply.status == 422
    assert reply.json["detail"][0]["type"] == kind


@pytest.mark.parametrize("name", ["X-Original-Method", "X-Original-URL"])
async def test_a_question_has_to_say_about_what(place, name):
    reply = await place.ingress(**{name: None})
    assert reply.status == 422
    assert reply.json["detail"] == [
        {"type": "missing", "loc": ["header", name.lower()], "msg": "Field required"}
    ]


async def test_a_token_that_ends_too_soon_is_not_enough(place):
    token = await place.user_token(lifetime=1000)
    assert (await place.ingress("minimum_lifetime=900", token)).status == 200
    reply = await place.ingress("minimum_lifetime=1100", token)
    assert reply.status == 401
    assert reply.json == {"detail": {"msg": "Remaining token lifetime too short", "type": "invalid_token"}}
    assert reply["location"].endswith("&fresh=1")
    assert (
        await place.ingress("minimum_lifetime=1100", token, **{"X-Requested-With": "XMLHttpRequest"})
    ).status == 403
    most = int(TOKENS.lifetime.total_seconds())
    reply = await place.ingress(f"minimum_lifetime={most}", token)
    assert (reply.status, reply.json["detail"][0]["type"]) == (422, "invalid_minimum_lifetime")


async def test_a_delegated_token_is_handed_on_and_used_again(place):
    token = await place.session()
    query = "delegate_to=tap&delegate_scope=read:all&delegate_scope=admin:token"
    first = await place.ingress(query, token)
    again = await place.ingress(query, token)
    child = place.tokens.look(first["x-auth-request-token"])
    assert (child.service, child.scopes, child.username) == ("tap", frozenset({"read:all"}), "ada")
    assert again["x-auth-request-token"] == first["x-auth-request-token"]
    notebook = place.tokens.look((await place.ingress("notebook=true", token))["x-auth-request-token"])
    assert notebook.scopes == place.tokens.look(token).scopes


async def test_a_delegated_token_may_stand_in_authorization(place):
    token = await place.session()
    reply = await place.ingress("notebook=true&use_authorization=true", token)
    assert reply["authorization"] == f"Bearer {reply['x-auth-request-token']}"
    plain = await place.ingress("use_authorization=true", token)
    assert plain["authorization"] is None


async def test_only_some_services_may_come(place):
    token = await place.session()
    assert (await place.ingress("only_service=tap", token)).status == 403
    child = (await place.ingress("delegate_to=tap", token))["x-auth-request-token"]
    reply = await place.ingress("only_service=x&only_service=tap", child)
    assert (reply.status, reply["x-auth-request-service"]) == (200, "tap")
    assert "scope=" not in (await place.ingress("only_service=x", child))["www-authenticate"]


async def test_only_one_user_may_come(place):
    token = await place.user_token()
    assert (await place.ingress("username=ada", token)).status == 200
    assert (await place.ingress("username=bob", token)).status == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("ada.nb.example.test", 200), ("ada.example.test", 200), ("bob.example.test", 403), ("ada.evil.test", 403),
        ("example.test", 403), ("ada", 403), ("ada.example.test.evil.test", 403), ("xada.example.test", 403),
    ],
)  # fmt: skip
async def test_a_user_domain_is_that_of_its_user(place, host, status):
    token = await place.user_token()
    assert (await place.ingress("user_domain=true", token, url=f"https://{host}/")).status == status


async def test_a_quota_is_counted_and_told(place):
    token = await place.user_token()
    first = await place.ingress("service=tap", token)
    assert (first["x-ratelimit-limit"], first["x-ratelimit-used"], first["x-ratelimit-remaining"]) == (
        "2",
        "1",
        "1",
    )
    assert first["x-ratelimit-resource"] == "tap"
    await place.ingress("service=tap", token)
    over = await place.ingress("service=tap", token)
    assert (over.status, over["x-error-status"]) == (403, "429")
    assert over.json == {"detail": [{"msg": "Rate limit (2/minute) exceeded", "type": "rate_limited"}]}
    assert over["retry-after"].endswith("GMT")
    assert (await place.ingress("service=other", token))["x-ratelimit-limit"] is None
    blocked = await place.ingress("service=closed", token)
    assert blocked.json["detail"][0]["type"] == "insufficient_scope"


@pytest.mark.parametrize(
    ("headers", "query", "status", "real"),
    [
        ({"Origin": APP, "Access-Control-Request-Method": "POST"}, "", 200, None),
        ({"Origin": "https://example.test:8443", "Access-Control-Request-Method": "POST"}, "", 200, None),
        ({"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}, "", 403, "403"),
        ({"Origin": "https://badexample.test", "Access-Control-Request-Method": "POST"}, "", 403, "403"),
        ({"Origin": "null", "Access-Control-Request-Method": "POST"}, "", 403, "403"),
        ({}, "", 403, "404"),
        ({}, "allow_options=true", 200, None),
        ({"Origin": APP}, "allow_options=true", 403, "404"),
        ({"Access-Control-Request-Method": "POST"}, "", 403, "404"),
    ],
)
async def test_options_need_nobody(place, headers, query, status, real):
    reply = await place.ingress(query, method="OPTIONS", **headers)
    assert (reply.status, reply["x-error-status"]) == (status, real)
    assert reply["www-authenticate"] is None


async def test_anonymous_questions_only_take_out_what_is_ours(place):
    token = await place.session()
    reply = await place.ask(
        "/ingress/anonymous", {"Cookie": f"{place.cookie(token)}; x=1", "Authorization": f"Bearer {token}"}
    )
    assert (reply.status, reply["cookie"], reply["authorization"]) == (200, "x=1", None)
    foreign = await place.ask("/ingress/anonymous", {"Authorization": "Bearer some.other.token"})
    assert foreign["authorization"] == "Bearer some.other.token"


async def test_only_proxies_may_ask(place, heard):
    for path in (
        "/ingress/auth",
        "/api/verify",
        "/oauth2/auth",
        "/api/authz/ext-authz/x",
        "/oauth2/userinfo",
    ):
        assert await place.ask(path, peer="198.51.100.1") is None
    assert {event.__name__ for event, _ in heard("gafaelfawr")} == {"asker_untrusted"}


async def test_other_paths_are_no_questions(place):
    for path in (
        "/",
        "/ingress/auth/",
        "/ingress",
        "/api/authz",
        "/api/authz/ext-authzx",
        "/oauth2/callback",
    ):
        assert await place.ask(path) is None


async def test_a_post_is_no_question_of_nginx(place):
    assert (await place.ask("/ingress/auth", method="POST")).status == 405


async def test_the_sign_in_host_can_be_silent(place):
    place.apply(on_sign_in_host=False)
    assert place.questions.on_sign_in_host(None) is None


async def test_a_question_of_grpc_is_served_by_an_application(place):
    request = request_for("POST", "/envoy.service.auth.v3.Authorization/Check", {"Host": SIGN_IN})
    request.connection.client_address = PROXY
    assert isinstance(place.questions.answer(request), Serve)


async def test_cookies_without_number_push_nobodys_own_one_out(place, heard):
    """Another host below the domain sets as many as it likes, and one that is its own."""
    ada, bob = await place.session(), await place.session("bob")
    junk = [f"gt-{'a' * 20}{each}A.bbbbbbbbbbbbbbbbbbbbbA" for each in range(3)]
    reply = await place.ingress("", Cookie=place.cookie(*junk, bob, ada))
    assert (reply.status, reply["x-error-status"]) == (403, "400")
    assert "cookies_conflict" in {event.__name__ for event, _ in heard("gafaelfawr")}


async def test_two_peoples_cookies_are_refused(place, heard):
    ada, bob = await place.session(), await place.session("bob")
    reply = await place.ingress("", Cookie=place.cookie(ada, bob))
    assert (reply.status, reply["x-error-status"]) == (403, "400")
    assert "cookies_conflict" in {event.__name__ for event, _ in heard("gafaelfawr")}
    # One that means nothing does not keep the good one from counting.
    fake = "gt-aaaaaaaaaaaaaaaaaaaaaA.bbbbbbbbbbbbbbbbbbbbbA"
    assert (await place.ingress("", Cookie=place.cookie(fake, ada)))["x-auth-request-user"] == "ada"


async def test_a_token_of_another_type_in_the_cookie_is_nobodys(place):
    assert (await place.ingress("", Cookie=place.cookie(await place.user_token()))).status == 401


async def test_when_the_sign_on_ends_the_cookie_is_worth_nothing(place):
    token = await place.session()
    assert (await place.ingress("", Cookie=place.cookie(token))).status == 200
    for session in place.sessions.live("ada"):
        await place.sessions.revoke(session.ref)
    assert (await place.ingress("", Cookie=place.cookie(token))).status == 401


async def test_use_of_the_token_keeps_the_sign_on_alive(place):
    token = await place.session()
    ref = place.tokens.look(token).session_ref
    place.clock.advance(600)
    await place.ingress("", Cookie=place.cookie(token))
    assert place.sessions.live("ada")[-1].ref == ref
    assert place.sessions.live("ada")[-1].last_activity == place.clock.now()


async def test_what_cannot_be_recorded_is_refused(place, monkeypatch):
    place.refuses = True
    token = await place.user_token()

    def unrecorded(_question, _verdict):
        current_scope().unrecorded = True

    monkeypatch.setattr(deciding, "refused", unrecorded)
    assert (await place.ingress("scope=exec:admin", token)).status == 503
