"""Who asks, whether they may, how often."""

import pytest
from tests.oidc.exchange.house import ISSUER, KEY, SECRET, URL, build
from tests.oidc.foreign import Signer

from yett.oidc.client_auth import events as client_auth
from yett.oidc.clients import GrantType, Kind
from yett.oidc.dpop import DPoPSettings
from yett.oidc.exchange import ExchangeSettings, events

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        (None, "invalid_request"),
        ("", "invalid_request"),
        ("password", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("AUTHORIZATION_CODE", "unsupported_grant_type"),
        ("urn:ietf:params:oauth:grant-type:token-exchange", "unsupported_grant_type"),
    ],
)
async def test_only_grants_that_there_are(house, grant, said):
    answer = await house.ask(grant, x="1")
    assert (answer.status_code, answer.json()["error"]) == (400, said)


async def test_a_client_that_is_not_known_has_nothing_to_ask(house, heard):
    for client, secret in (("shop", "wrong"), ("nobody", SECRET), ("wiki", "")):
        answer = await house.ask(GrantType.CLIENT, client=client, secret=secret)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
        assert "www-authenticate" in answer.headers
        assert answer.headers["cache-control"] == "no-store"
    assert heard("oidc.client_auth")[0][0] is client_auth.secret_mismatch


async def test_codes_of_our_own_proxy_are_never_redeemed_over_http(house):
    house.provider.register_client("wiki", ["https://shop.example.net/callback"])
    assert house.provider.clients["wiki"].kind is Kind.INTERNAL
    code = await house.code("wiki", scope="openid")

    answer = await house.ask(
        GrantType.CODE,
        client=None,
        client_id="wiki",
        code=code,
        redirect_uri="https://shop.example.net/callback",
    )

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_a_client_with_a_key_signs_who_it_is_once(house):
    def assertion(jti):
        now = house.clock.now()
        claims = {"iss": "signed", "sub": "signed", "aud": URL, "jti": jti, "iat": now, "exp": now + 60}
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": KEY.sign(claims)}

    async def ask(form):
        return await house.ask(GrantType.CLIENT, client=None, **form)

    form = assertion("one")
    assert (await ask(form)).status_code == 200
    assert (await ask(form)).status_code == 401
    assert (await ask(assertion("two"))).status_code == 200


async def test_who_is_held_to_fapi_proves_possession_with_what_fapi_allows(house):
    signer = Signer("rsa")

    async def ask(algorithm):
        now = house.clock.now()
        claims = {
            "iss": "strict",
            "sub": "strict",
            "aud": ISSUER,
            "jti": algorithm,
            "iat": now,
            "exp": now + 60,
        }
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": KEY.sign(claims)}
        said = {"jti": algorithm, "htm": "POST", "htu": URL, "iat": now}
        proof = signer.sign(said, algorithm, typ="dpop+jwt", jwk=signer.jwk)
        return await house.ask(GrantType.CLIENT, client=None, dpop=proof, **form)

    assert (await ask("RS256")).json()["error"] == "invalid_dpop_proof"
    assert (await ask("PS256")).json()["token_type"] == "DPoP"


async def test_who_asks_too_often_is_told_when_to_come_back(house, heard):
    house.exchange.apply(ExchangeSettings(max_per_client=10))
    answers = [await house.ask(GrantType.CLIENT) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].json() == {"error": "slow_down"}
    assert int(answers[-1].headers["retry-after"]) == 6
    assert heard("oidc.token")[-1][0] is events.throttled
    assert (await house.ask(GrantType.CLIENT, client="rival")).status_code == 200


async def test_one_who_speaks_for_a_public_client_uses_up_nobody_elses(house):
    house.exchange.apply(ExchangeSettings(max_per_client=10))
    for _ in range(11):
        answer = await house.refresh("x", client="app")
    assert answer.status_code == 429
    house.state["client_address"] = "192.0.2.8"
    assert (await house.refresh("x", client="app")).status_code == 400


async def test_a_grant_that_needs_no_nonce_gets_the_next_one_with_the_answer(house):
    house.proofs.apply(DPoPSettings(require_nonce=True))
    first = await house.ask(GrantType.CLIENT, dpop=house.proof())
    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    nonce = first.headers["dpop-nonce"]
    assert "DPoP-Nonce" in first.headers["access-control-expose-headers"]
    good = await house.ask(GrantType.CLIENT, dpop=house.proof(nonce=nonce))
    assert (good.status_code, good.json()["token_type"]) == (200, "DPoP")
    house.clock.advance(300)
    later = await house.ask(GrantType.CLIENT, dpop=house.proof(nonce=nonce))
    assert later.headers["dpop-nonce"] != nonce


@pytest.mark.parametrize("dpop", ["x", "a.b.c", Signer().sign({"jti": "x"}, typ="dpop+jwt")])
async def test_a_proof_that_is_none_is_refused_for_every_grant(house, dpop):
    for grant, form in (
        (GrantType.CLIENT, {}),
        (GrantType.REFRESH, {"refresh_token": "x"}),
        (GrantType.CODE, {"code": "x"}),
        (GrantType.DEVICE, {"device_code": "x"}),
    ):
        answer = await house.ask(grant, dpop=dpop, **form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_where_nobody_may_come_there_is_nothing(clock):
    house = await build(clock)
    house.exchange._has_clients = lambda: False
    assert (await house.ask(GrantType.CLIENT)).status_code == 200
    house.codes.apply(type(house.codes._settings)())
    assert (await house.ask(GrantType.CLIENT)).status_code == 404
    await house.http.aclose()
    await house.stop()
