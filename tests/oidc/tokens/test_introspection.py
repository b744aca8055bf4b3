from dataclasses import replace

import pytest
from tests.oidc.tokens.conftest import WIKI

from yett.oidc.clients import TokenFormat
from yett.oidc.tokens import INTROSPECT, Basis, Confirmation, events

INACTIVE = {"active": False}


async def ask(web, token, who="wiki", **more):
    return await web.post(INTROSPECT, {"token": token, **more}, who=who)


async def test_a_client_is_told_what_its_token_is_worth(web, place, clock, heard):
    basis = await place.basis(confirmation=Confirmation(jkt="key"))
    answer = await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True)
    heard.forget()
    told = await ask(web, answer.access_token, token_type_hint="refresh_token")
    now = int(clock.now())
    said = told.json()
    assert said.pop("jti") == place.signing.verify(answer.access_token, typ=None)["jti"]
    assert said == {
        "active": True,
        "iss": place.tokens.issuer,
        "client_id": "wiki",
        "sub": "ada",
        "username": "ada",
        "scope": basis.scope,
        "aud": "wiki",
        "token_type": "DPoP",
        "iat": now,
        "exp": now + 600,
        "cnf": {"jkt": "key"},
        "sid": basis.sign_on_ref,
        "auth_time": now,
        "amr": ["pwd", "otp"],
        "acr": "mfa",
    }
    assert told.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in told.headers
    assert (events.introspected, {"client": "wiki", "active": True, "type": "access_token"}) in heard("oidc")
    refresh = (await ask(web, answer.refresh_token)).json()
    (family,) = place.tokens.families()
    assert (refresh["active"], refresh["exp"]) == (True, int(family.ends_at))
    assert "token_type" not in refresh
    assert heard("oidc")[-1][1]["type"] == "refresh_token"


async def test_a_client_that_acts_for_itself_is_the_subject(web, place):
    answer = await place.tokens.issue(
        replace(WIKI, token_format=TokenFormat.OPAQUE),
        Basis("wiki", "", "read", "m2m"),
        with_refresh=False,
        with_identity=False,
    )
    said = (await ask(web, answer.access_token)).json()
    assert (said["sub"], said["client_id"]) == ("wiki", "wiki")
    assert not {"username", "acr", "sid", "amr", "auth_time", "cnf"} & said.keys()


async def test_others_are_told_nothing_unless_they_serve_them(web, place, heard):
    answer = await place.issue()
    heard.forget()
    assert (await ask(web, answer.access_token, "other")).json() == INACTIVE
    assert heard("oidc.introspect") == [
        (events.introspection_refused, {"client": "other", "issued_to": "wiki"}),
        (events.introspected, {"client": "other", "active": False, "type": "none"}),
    ]
    assert (await ask(web, answer.refresh_token, "other")).json() == INACTIVE
    assert (await ask(web, answer.access_token, "guard")).json()["active"] is True
    for_api = await place.issue(client=replace(WIKI, audience="api"))
    assert (await ask(web, for_api.access_token, "api")).json()["aud"] == "api"
    # A refresh token is for nobody but its client.
    assert (await ask(web, for_api.refresh_token, "api")).json() == INACTIVE


async def test_a_token_that_is_not_good_is_told_like_one_that_never_was(web, place):
    answer = await place.issue()
    answers = [await ask(web, text) for text in ("never", answer.id_token, "yr.x", "é", "a" * 20_000)]
    await place.tokens.revoke(answer.refresh_token, client_id="wiki")
    answers += [await ask(web, text) for text in (answer.access_token, answer.refresh_token)]
    assert {told.status_code for told in answers} == {200}
    assert {told.text for told in answers} == {'{"active":false}'}


@pytest.mark.parametrize(("who", "secret"), [("wiki", "wrong"), ("nobody", "x"), ("", "")])
async def test_strangers_are_told_nothing(web, place, who, secret):
    answer = await place.issue()
    told = await web.post(INTROSPECT, {"token": answer.access_token}, who=who, secret=secret)
    assert told.status_code == 401
    assert "active" not in told.text


async def test_whoever_cannot_prove_anything_is_a_stranger(web, place):
    answer = await place.issue()
    told = await web.http.post(INTROSPECT, data={"token": answer.access_token, "client_id": "spa"})
    assert (told.status_code, told.json()["error"]) == (401, "invalid_client")


async def test_a_request_that_is_none_is_refused(web):
    assert (await web.post(INTROSPECT, {})).status_code == 415  # nothing was posted, not even an empty form
    told = await web.post(INTROSPECT, {"x": "y"})
    assert (told.status_code, told.json()["error"]) == (400, "invalid_request")
    assert (await web.http.get(INTROSPECT)).status_code == 405
    told = await web.http.post(INTROSPECT, json={"token": "a"}, auth=("wiki", "correct horse"))
    assert told.status_code == 415
    told = await web.post(INTROSPECT, {"token": "a" * 50_000})
    assert told.status_code == 413


async def test_a_store_that_is_away_makes_nothing_good(web, place):
    answer = await place.issue()
    place.tokens._mirror.drop(*await place.kept())
    place.records.is_down = True
    assert (await ask(web, answer.access_token)).json() == INACTIVE
    place.records.is_down = False
    assert (await ask(web, answer.access_token)).json()["active"] is True


async def test_without_the_store_nobody_is_told_that_a_token_is_over(web, place):
    answer = await place.issue()
    place.tokens._mirror.drop(*await place.kept())
    place.records.is_down = True
    told = await ask(web, answer.refresh_token)
    assert (told.status_code, told.headers["retry-after"], told.json()) == (503, "5", {})
    assert "access-control-allow-origin" not in told.headers
    # Nobody is let in meanwhile.
    assert (await ask(web, answer.access_token)).json() == INACTIVE
    place.records.is_down = False
    assert (await ask(web, answer.refresh_token)).json()["active"] is True
