"""Tokens for clients that act for themselves."""

import asyncio
from dataclasses import replace

import pytest
from tests.oidc.exchange.house import KEY, OWN, build, claims_of, client
from tests.signin.conftest import ADA

from yett.oidc.clients import GrantType
from yett.oidc.exchange import events
from yett.oidc.mtls import thumbprint
from yett.oidc.tokens import events as token_events


async def ask(house, **more):
    return await house.ask(GrantType.CLIENT, **more)


async def test_a_client_gets_a_token_for_itself(house, heard):
    answer = await ask(house, scope="read")

    given = answer.json()
    assert set(given) == {"access_token", "token_type", "expires_in", "scope"}
    claims = claims_of(given["access_token"])
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("shop", "shop", "read")
    said = heard("oidc.client_credentials")
    assert said == [(events.client_served, {"client": "shop", "scope": "read", "lifetime": 600.0})]
    assert events.client_served.declaration.audit


async def test_without_a_scope_it_gets_all_of_its_own_but_none_of_people(house):
    assert (await ask(house)).json()["scope"] == "read write"


@pytest.mark.parametrize(
    "scope", ["openid", "read email", "offline_access", "admin", "read  write", " ", "read\\"]
)
async def test_it_gets_no_other_scope(house, scope):
    answer = await ask(house, scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("name", ["app", "coder"])
async def test_public_clients_and_those_without_the_grant_have_none(house, heard, name):
    answer = await ask(house, client=name)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert heard("oidc.token")[-1][0] is events.refused


async def test_each_token_is_a_grant_of_its_own(house):
    answers = await asyncio.gather(*(ask(house) for _ in range(20)))
    assert len({claims_of(answer.json()["access_token"])["jti"] for answer in answers}) == 20
    assert {answer.status_code for answer in answers} == {200}


async def test_tokens_are_bound_to_what_was_proven(house):
    bound = (await ask(house, client="bound", dpop=house.proof())).json()
    assert claims_of(bound["access_token"])["cnf"] == {"jkt": KEY.thumbprint}
    house.shows(OWN)
    bound = (await ask(house, client="mtls")).json()
    assert claims_of(bound["access_token"])["cnf"] == {"x5t#S256": thumbprint(OWN.der)}


async def test_without_keys_and_without_the_store_there_is_none(house):
    house.records.is_broken = True
    answer = await ask(house)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


async def test_a_client_with_the_name_of_a_person_gets_nothing_that_could_be_theirs(clock, heard):
    house = await build(clock, clients=(client("Ada"), client("bob")))
    async with house.http:
        answer = await house.ask(GrantType.CLIENT, client="Ada")
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
        assert heard("oidc.tokens.generate") == [(token_events.namesake, {"client": "Ada"})]

        # Nor does what it has stay good when such a person comes; and they come from that.
        token = (await house.ask(GrantType.CLIENT, client="bob")).json()["access_token"]
        assert await house.tokens.look(token) is not None
        house.people.table["bob"] = replace(ADA, name="bob", is_disabled=True)
        assert await house.tokens.look(token) is None
    await house.stop()


async def test_nobody_gets_tokens_that_look_like_those_of_the_client_itself(clock):
    both = client("ada", grants=frozenset({GrantType.CODE, GrantType.CLIENT}))
    house = await build(clock, clients=(both,))
    async with house.http:
        answer = await house.redeem(await house.code("ada"), client="ada")
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    await house.stop()
    house = await build(clock, clients=(replace(both, grants=frozenset({GrantType.CODE})),))
    async with house.http:
        assert (await house.redeem(await house.code("ada"), client="ada")).status_code == 200
    await house.stop()
