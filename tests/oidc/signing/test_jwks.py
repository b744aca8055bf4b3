import httpx2
from starlette.applications import Starlette
from tests.keys.test_epochs import Broken
from tests.oidc.signing.conftest import ISSUER, MASTER, TWO

from yett.oidc import Minting, OIDCSettings
from yett.oidc.signing import JWKS, KeySet, events


async def fetch(keys, query="", method="GET"):
    app = Starlette(routes=keys.routes)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ISSUER) as client:
        return await client.request(method, JWKS + query)


async def test_the_keys_of_all_kinds_of_tokens_stand_in_one_set(node, clock, heard):
    signing = await node(TWO)
    minting = Minting(MASTER, OIDCSettings(), clock, issuer=ISSUER)
    answer = await fetch(KeySet((signing.published, minting.published)))
    found = answer.json()["keys"]
    assert {key["kid"] for key in found} == {
        key["kid"] for key in (*signing.published(), *minting.published())
    }
    assert len({key["kid"] for key in found}) == len(found) == 5
    assert all(key["use"] == "sig" and key["alg"] in {"ES256", "EdDSA"} and "d" not in key for key in found)
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert heard("oidc.jwks") == [(events.jwks_requested, {})]


async def test_a_client_that_is_gone_is_told_of(signing, heard):
    keys = KeySet((signing.published,), is_client={"wiki"}.__contains__)
    assert (await fetch(keys, "?client_id=wiki")).status_code == 200
    assert heard("oidc.jwks") == [(events.jwks_requested, {})]
    for query in ("?client_id=gone", "?client_id=%00", "?client_id=gone&x=1"):
        heard.forget()
        assert (await fetch(keys, query)).status_code == 200
        assert heard("oidc.jwks") == [(events.jwks_for_unknown, {}), (events.jwks_requested, {})]


async def test_half_a_set_is_not_served(signing, clock):
    minting = Minting(Broken(), OIDCSettings(), clock, issuer=ISSUER)
    answer = await fetch(KeySet((signing.published, minting.published)))
    assert answer.status_code == 503
    assert (await fetch(KeySet((signing.published,)), method="POST")).status_code == 405


async def test_before_the_keys_are_loaded_the_others_are_not_served_alone(node, records, clock):
    records.is_down = True
    signing = await node(TWO)
    keys = KeySet((signing.published, Minting(MASTER, OIDCSettings(), clock, issuer=ISSUER).published))
    assert (await fetch(keys)).status_code == 503
    records.is_down = False
    await signing.tick()
    assert len((await fetch(keys)).json()["keys"]) == 5
