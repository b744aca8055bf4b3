from dataclasses import replace

import pytest
from tests.authn.x509.making import root
from tests.oidc.foreign import Signer
from tests.oidc.tokens.conftest import WIKI
from tests.oidc.tokens.web import build
from tests.signin.place import ADA

from yett.oidc.clients import AuthMethod
from yett.oidc.dpop import DPoPSettings
from yett.oidc.mtls import thumbprint
from yett.oidc.tokens import USERINFO, Basis, Confirmation, events
from yett.oidc.tokens.model import Unserved

CLAIMS = {
    "sub": "ada",
    "name": ADA.display_name,
    "preferred_username": "ada",
    "email": ADA.email,
    "email_verified": True,
    "groups": list(ADA.groups),
}


async def ask(web, token, scheme="Bearer", **headers):
    return await web.http.get(USERINFO, headers={"Authorization": f"{scheme} {token}", **headers})


async def test_a_client_hears_what_was_granted(web, place, heard):
    answer = await place.issue()
    heard.forget()
    told = await ask(web, answer.access_token)
    assert (told.status_code, told.json()) == (200, CLAIMS)
    assert told.headers["cache-control"] == "no-store"
    assert told.headers["access-control-allow-origin"] == "*"
    assert heard("oidc") == [
        (
            events.userinfo_served,
            {"user": "ada", "client": "wiki", "claims": tuple(sorted(CLAIMS.keys() - {"sub"}))},
        )
    ]
    assert (await ask(web, answer.access_token, "bearer")).status_code == 200
    posted = await web.http.post(USERINFO, headers={"Authorization": f"Bearer {answer.access_token}"})
    assert posted.json() == CLAIMS
    assert (await web.http.post(USERINFO, data={"access_token": answer.access_token})).json() == CLAIMS


async def test_a_client_hears_what_it_asked_for_by_name(web, place):
    answer = await place.issue("openid", claims={"userinfo": {"email": None}, "id_token": {"name": None}})
    assert (await ask(web, answer.access_token)).json() == {"sub": "ada", "email": ADA.email}


async def test_what_is_told_is_what_the_directory_says_now(web, place):
    answer = await place.issue()
    place.people.table["ada"] = replace(ADA, display_name="Ada King", groups=())
    told = (await ask(web, answer.access_token)).json()
    assert (told["name"], told["groups"]) == ("Ada King", [])


async def test_without_a_token_nobody_is_told_anything(web, place, heard):
    answer = await place.issue()
    for headers, query in (
        ({}, ""),
        ({"Authorization": "Basic d2lraTp4"}, ""),
        ({"Authorization": "Bearer"}, ""),
        ({"Authorization": "Bearer  "}, ""),
        ({}, f"?access_token={answer.access_token}"),
    ):
        heard.forget()
        told = await web.http.get(USERINFO + query, headers=headers)
        assert told.status_code == 401
        assert told.headers["www-authenticate"].startswith('Bearer realm="userinfo", DPoP algs="')
        assert "error" not in told.headers["www-authenticate"]
        assert heard("oidc") == [(events.userinfo_token_invalid, {"reason": Unserved.ABSENT})]


@pytest.mark.parametrize("what", ["refresh", "identity", "garbage", "revoked", "oversize", "expired"])
async def test_a_token_that_is_not_good_is_refused(web, place, clock, heard, what):
    answer = await place.issue()
    text = {
        "refresh": answer.refresh_token,
        "identity": answer.id_token,
        "oversize": "a" * 20_000,
        "garbage": "x.y.z",
    }.get(what, answer.access_token)
    if what == "revoked":
        await place.tokens.revoke(answer.access_token, client_id="wiki")
    if what == "expired":
        clock.advance(600)
    heard.forget()
    told = await ask(web, text)
    assert (told.status_code, told.json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in told.headers["www-authenticate"]
    assert heard("oidc") == [(events.userinfo_token_invalid, {"reason": Unserved.INVALID})]


async def test_a_token_in_two_ways_is_refused(web, place, heard):
    answer = await place.issue()
    bearer = {"Authorization": f"Bearer {answer.access_token}"}
    told = await web.http.post(USERINFO, headers=bearer, data={"access_token": answer.access_token})
    assert (told.status_code, told.json()["error"]) == (400, "invalid_request")
    double = [("Authorization", bearer["Authorization"])] * 2
    assert (await web.http.get(USERINFO, headers=double)).status_code == 400
    assert heard("oidc.userinfo")[-1][1]["reason"] is Unserved.SEVERAL


async def test_a_body_that_is_no_proper_form_holds_no_token(web):
    for content, kind in (
        (b"access_token=%zz", "application/x-www-form-urlencoded"),
        (b"access_token=a&access_token=b", "application/x-www-form-urlencoded"),
        (b"access_token=" + b"a" * 100_000, "application/x-www-form-urlencoded"),
        (b'{"access_token":"a"}', "application/json"),
    ):
        told = await web.http.post(USERINFO, content=content, headers={"Content-Type": kind})
        assert told.status_code == 401


@pytest.mark.parametrize(("scope", "user"), [("profile", "ada"), ("openidx", "ada"), ("openid", "")])
async def test_a_token_that_is_not_about_a_person_is_not_enough(web, place, heard, scope, user):
    basis = Basis("wiki", user, scope, "g")
    answer = await place.tokens.issue(WIKI, basis, with_refresh=False, with_identity=False)
    heard.forget()
    told = await ask(web, answer.access_token)
    assert (told.status_code, told.json()["error"]) == (403, "insufficient_scope")
    assert 'scope="openid"' in told.headers["www-authenticate"]
    assert heard("oidc") == [(events.userinfo_scope, {"client": "wiki"})]


async def test_somebody_who_left_just_now_is_not_told_about(web, place, heard):
    answer = await place.issue()
    look = place.tokens.look

    async def slow(text):
        access = await look(text)
        place.people.table.clear()
        return access

    place.tokens.look = slow
    told = await ask(web, answer.access_token)
    assert (told.status_code, told.json()["error"]) == (401, "invalid_token")
    assert heard("oidc.userinfo") == [(events.userinfo_user_unknown, {"user": "ada", "client": "wiki"})]


async def test_a_bound_token_needs_a_proof_for_just_this(web, place, heard):
    answer = await place.issue(confirmation=Confirmation(jkt=web.signer.thumbprint))
    token = answer.access_token
    good = await ask(web, token, "DPoP", DPoP=web.proof(token))
    assert good.json() == CLAIMS
    used = web.proof(token)
    assert (await ask(web, token, "DPoP", DPoP=used)).status_code == 200
    other = type(web.signer)(number=7)
    for scheme, headers in (
        ("Bearer", {}),
        ("Bearer", {"DPoP": web.proof(token)}),
        ("DPoP", {}),
        ("DPoP", {"DPoP": used}),
        ("DPoP", {"DPoP": web.proof()}),
        ("DPoP", {"DPoP": web.proof("other")}),
        ("DPoP", {"DPoP": web.proof(token, htm="POST")}),
        ("DPoP", {"DPoP": web.proof(token, htu="https://login.example.test/oidc/token")}),
        ("DPoP", {"DPoP": other.sign({}, typ="dpop+jwt", jwk=other.jwk)}),
    ):
        told = await ask(web, token, scheme, **headers)
        assert told.status_code == 401, (scheme, headers)
        assert told.headers["access-control-allow-origin"] == "*"
    assert heard("oidc.userinfo")[-1][1]["reason"] is Unserved.UNPROVEN


async def test_a_token_that_is_bound_to_nothing_does_not_pass_for_one_that_is(web, place):
    answer = await place.issue()
    told = await ask(web, answer.access_token, "DPoP", DPoP=web.proof(answer.access_token))
    assert (told.status_code, told.json()["error"]) == (401, "invalid_token")
    assert told.headers["www-authenticate"].startswith("DPoP ")


async def test_a_nonce_is_told_with_the_answer(place):
    web = build(place, DPoPSettings(require_nonce=True))
    async with web.http:
        answer = await place.issue(confirmation=Confirmation(jkt=web.signer.thumbprint))
        token = answer.access_token
        told = await ask(web, token, "DPoP", DPoP=web.proof(token))
        assert told.status_code == 401
        nonce = told.headers["dpop-nonce"]
        assert (await ask(web, token, "DPoP", DPoP=web.proof(token, nonce=nonce))).json() == CLAIMS


async def test_a_token_bound_to_a_certificate_needs_it(web, place):
    mine, other = root().issue("CN=mine"), root().issue("CN=other")
    answer = await place.issue(confirmation=Confirmation(x5t=thumbprint(mine.der)))
    assert (await ask(web, answer.access_token)).status_code == 401
    web.state["certificate"] = other.der
    assert (await ask(web, answer.access_token)).status_code == 401
    web.state["certificate"] = mine.der
    assert (await ask(web, answer.access_token)).json() == CLAIMS


async def test_scripts_of_other_origins_may_ask(web):
    told = await web.http.options(USERINFO, headers={"Origin": "https://app.example"})
    assert told.status_code == 204
    assert "DPoP" in told.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in told.headers


async def test_a_client_of_the_strict_profile_proves_its_key_with_nothing_weaker(web, place):
    strict = replace(WIKI, auth_method=AuthMethod.PRIVATE_KEY, must_push=True, must_bind=True)
    web.signer = Signer("rsa")
    token = (await place.issue(confirmation=Confirmation(jkt=web.signer.thumbprint))).access_token
    assert (await ask(web, token, "DPoP", DPoP=web.proof(token))).status_code == 200
    place.clients["wiki"] = strict
    assert (await ask(web, token, "DPoP", DPoP=web.proof(token))).status_code == 401
    web.signer.algorithm = "PS256"
    assert (await ask(web, token, "DPoP", DPoP=web.proof(token))).status_code == 200
