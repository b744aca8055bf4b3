"""Answers as Authelia gives them: Traefik, Caddy, HAProxy, NGINX, Envoy over HTTP."""

import pytest
from tests.proxy.forward_auth.conftest import ORIGIN, SIGN_IN

from yett.proxy.forward_auth.config import Level, RuleSettings

PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
LOGIN = f"{ORIGIN}/login?rd=https%3A%2F%2Fapp.example.test%2Fpage"
RULES = (
    RuleSettings(paths=("/public",), level=Level.BYPASS),
    RuleSettings(paths=("/vault",), level=Level.TWO_FACTOR),
    RuleSettings(paths=("/admin",), groups=("ops",)),
    RuleSettings(paths=("/scoped",), scopes=("exec:admin",)),
    RuleSettings(hosts=("*.example.test",), methods=("GET", "POST")),
)


@pytest.fixture(autouse=True)
def rules(place):
    place.apply(rule=RULES)


async def test_somebody_known_is_named_in_all_four_fields(place):
    reply = await place.forwarded(Cookie=place.cookie(await place.session()))
    assert reply.status == 200
    assert reply["remote-user"] == "ada"
    assert reply["remote-groups"] == "engineers,wiki"
    assert reply["remote-name"] == "Ada Löwe"
    assert reply["remote-email"] == "ada@example.test"


async def test_credentials_come_back_without_what_is_ours(place):
    token = await place.session()
    reply = await place.forwarded(Cookie=f"a=1; {place.cookie(token)}; b=2", Authorization="Bearer its-own")
    assert (reply["cookie"], reply["authorization"]) == ("a=1; b=2", "Bearer its-own")
    program = await place.user_token()
    reply = await place.forwarded(Authorization=f"Bearer {program}")
    assert (reply.status, reply["cookie"], reply["authorization"]) == (200, "", "")
    # Where nobody is asked for, too.
    reply = await place.forwarded(
        uri="/public/x", Cookie=place.cookie(token), Authorization=f"Bearer {program}"
    )
    assert (reply.status, reply["cookie"], reply["authorization"]) == (200, "", "")


async def test_a_rule_can_give_the_application_a_token(place):
    place.apply(rule=(RuleSettings(delegate_to="app", delegate_scopes=("read:all", "exec:admin")),))
    token = await place.session("bob")
    reply = await place.forwarded(Cookie=place.cookie(token))
    made = place.tokens.look(reply["x-auth-request-token"])
    assert (made.service, made.parent, made.scopes) == (
        "app", place.tokens.look(token).key, frozenset({"read:all"}),
    )  # fmt: skip
    assert (await place.forwarded(Cookie=place.cookie(token)))["x-auth-request-token"] == str(
        reply["x-auth-request-token"]
    )


@pytest.mark.parametrize(
    ("uri", "headers", "status"),
    [
        ("/page", {"Origin": "https://wiki.example.test", "Access-Control-Request-Method": "POST"}, 200),
        ("/page", {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}, 403),
        ("/page", {"Origin": "null", "Access-Control-Request-Method": "POST"}, 403),
        ("/page", {"Origin": "https://wiki.example.test"}, 401),
        ("/page", {"Access-Control-Request-Method": "POST"}, 401),
        ("/closed", {"Origin": "https://wiki.example.test", "Access-Control-Request-Method": "POST"}, 403),
    ],
)
async def test_preflights_of_neighbours_need_nobody(place, uri, headers, status):
    place.apply(rule=(RuleSettings(paths=("/closed",), level=Level.DENY), RuleSettings()))
    reply = await place.forwarded(uri=uri, method="OPTIONS", **headers)
    assert reply.status == status
    assert not reply["remote-user"]
    assert reply["location"] is None or status == 401


async def test_nobody_is_named_by_empty_fields(place):
    reply = await place.forwarded(uri="/public/x")
    assert reply.status == 200
    for name in ("remote-user", "remote-groups", "remote-name", "remote-email"):
        assert reply.all(name) == [""]


@pytest.mark.parametrize(("method", "status"), [("GET", 302), ("POST", 303)])
async def test_a_browser_is_sent_to_sign_in(place, method, status):
    reply = await place.forwarded(method=method, **PAGE)
    assert (reply.status, reply["location"]) == (status, LOGIN)


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {**PAGE, "X-Requested-With": "XMLHttpRequest"}])
async def test_programs_and_scripts_are_challenged(place, headers):
    reply = await place.forwarded(**headers)
    assert reply.status == 401
    assert reply["www-authenticate"] == f'Bearer realm="{SIGN_IN}"'


async def test_nginx_is_told_where_to_send_people(place):
    reply = await place.ask(
        "/api/authz/auth-request",
        {"X-Original-Method": "GET", "X-Original-URL": "https://app.example.test/page", **PAGE},
    )
    assert (reply.status, reply["location"]) == (401, LOGIN)


async def test_somebody_who_may_not_is_told_403(place):
    cookie = place.cookie(await place.session("bob"))
    assert (await place.forwarded(uri="/admin", Cookie=cookie, **PAGE)).status == 403
    assert (await place.forwarded(uri="/scoped", Cookie=cookie, **PAGE)).status == 403
    assert (await place.forwarded(uri="/x", method="DELETE", Cookie=cookie, **PAGE)).status == 403
    ada = place.cookie(await place.session("ada"))
    assert (await place.forwarded(uri="/scoped", Cookie=ada)).status == 200


async def test_more_proof_is_asked_for(place):
    weak = place.cookie(await place.session())
    reply = await place.forwarded(uri="/vault/x", Cookie=weak, **PAGE)
    assert reply.status == 302
    assert reply["location"].endswith("%2Fvault%2Fx&acr=mfa")
    program = await place.forwarded(uri="/vault/x", Cookie=weak)
    assert program.status == 401
    assert 'error="insufficient_user_authentication"' in program["www-authenticate"]
    assert 'acr_values="mfa"' in program["www-authenticate"]
    strong = place.cookie(await place.session(assurance="mfa"))
    assert (await place.forwarded(uri="/vault/x", Cookie=strong)).status == 200
    user_token = await place.user_token()
    assert (await place.forwarded(uri="/vault/x", Authorization=f"Bearer {user_token}")).status == 401


@pytest.mark.parametrize("more", [{"host": "app.evil.test"}, {"X_Forwarded_Proto": "http"}])
async def test_nobody_is_sent_where_they_could_not_come_back_from(place, more):
    place.apply(rule=(RuleSettings(),))
    reply = await place.forwarded(**PAGE, **more)
    assert reply.status == 401
    assert reply["location"] is None


async def test_envoy_repeats_the_request_below_a_path_of_ours(place):
    place.apply(rule=RULES)
    for target, status in (
        ("/api/authz/ext-authz/public/x", 200),
        ("/api/authz/ext-authz/vault?x=1", 401),
        ("/api/authz/ext-authz", 401),
        ("/api/authz/ext-authz/public/..%2fvault", 403),
    ):
        reply = await place.ask(target, {"X-Forwarded-Proto": "https"}, host="app.example.test")
        assert reply.status == status, target
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-Uri": "/public", "X-Forwarded-Method": "OPTIONS"}
    assert (await place.ask("/api/authz/ext-authz/vault", forged, host="app.example.test")).status == 401


async def test_the_older_address_takes_either_family(place):
    cookie = place.cookie(await place.session())
    theirs = {"X-Original-Method": "GET", "X-Original-URL": "https://app.example.test/page", "Cookie": cookie}
    assert (await place.ask("/api/verify?rd=https://evil.test/", theirs)).status == 200
    assert (await place.forwarded("/api/verify?rd=https://evil.test/", Cookie=cookie)).status == 200
    browser = await place.forwarded("/api/verify?rd=https://evil.test/", **PAGE)
    assert (browser.status, browser["location"]) == (302, LOGIN)
    nginx = await place.ask("/api/verify", {**theirs, "Cookie": None, **PAGE})
    assert nginx.status == 401


async def test_a_question_that_says_too_little_is_400(place):
    assert (await place.ask("/api/authz/forward-auth")).status == 400
    assert (await place.ask("/api/verify")).status == 400
    assert (await place.forwarded(X_Forwarded_For="nobody")).status == 400


async def test_a_name_cannot_forge_a_field(place):
    place.change("ada", display_name="Ada\r\nX-Admin: yes\n")
    reply = await place.forwarded(Cookie=place.cookie(await place.session()))
    assert reply["x-admin"] is None
    assert reply["remote-name"] == "Ada  X-Admin: yes"
