from dataclasses import replace

import pytest
from tests.identity.federation.idp import reply
from tests.keys.test_epochs import Broken
from tests.oidc.test_minting import read
from tests.proxy.bearer.making import PERSON, WANTED, elsewhere

from yett.identity.federation import TradeGrant, Wrong
from yett.oidc import Minted, Unminted
from yett.oidc import events as oidc_events
from yett.proxy.bearer.mint import Mint
from yett.proxy.bearer.model import Cause, Failed

LATE = 2_000_000_000.0


@pytest.fixture
def mint(trader, trading, clock):
    return Mint(trader.minting, trading, clock)


async def made(mint, wanted, person=PERSON, *, ends_at=LATE):
    return await mint.mint(person, wanted, session="s1", auth_time=1.0, ends_at=ends_at, metadata={})


async def test_our_own_are_there_without_waiting(mint, idp):
    coroutine = made(mint, WANTED)
    with pytest.raises(StopIteration) as returned:
        coroutine.send(None)
    assert isinstance(returned.value.value, Minted)
    assert not idp.asked


@pytest.mark.parametrize(
    ("grant", "member"), [(TradeGrant.TOKEN_EXCHANGE, "subject_token"), (TradeGrant.JWT_BEARER, "assertion")]
)
async def test_another_servers_token_is_given_for_one_of_ours_that_only_it_believes(
    mint, trader, idp, clock, heard, grant, member
):
    now = clock.now()
    found = await made(mint, elsewhere(idp, grant=grant))
    assert (found.token[:7], found.issued_at, found.expires_at) == ("traded.", now, now + 300)
    (asked,) = [each for each in idp.asked if each.path == "/token"]
    header, claims = read(asked.form[member], {"keys": trader.minting.published()})
    assert header["typ"] == "JWT"
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("https://login.example.test", "ada", idp.issuer)
    assert claims["exp"] - claims["iat"] == 60
    assert (claims["sid"], claims["auth_time"], "client_id" in claims) == ("s1", 1, False)
    assert claims["jti"]
    # What we said of somebody is on record, wherever it went.
    ((said, fields),) = heard("oidc.mint_bearer")
    assert said is oidc_events.bearer_minted
    assert (fields["user"], fields["client"], fields["lifetime"]) == ("ada", "Wiki", 60)


@pytest.mark.parametrize(
    ("seconds", "lifetime", "session", "lasts"),
    [
        (300, 120.0, 3600, 120),
        (60, 120.0, 3600, 60),
        (None, 120.0, 3600, 120),
        (86400, 3600.0, 30, 30),
    ],
)
async def test_a_token_lasts_as_long_as_we_want_they_allow_and_the_session_does(
    mint, idp, clock, seconds, lifetime, session, lasts
):
    idp.traded = {"expires_in": seconds}
    now = clock.now()
    found = await made(mint, elsewhere(idp, lifetime=lifetime), ends_at=now + session)
    assert found.expires_at == now + lasts


async def test_a_token_that_is_over_when_it_comes_is_none(mint, idp, clock):
    def late(_):
        clock.advance(9)
        return reply(body={**GOOD, "expires_in": 10})

    idp.answers = {"/token": late}
    assert await made(mint, elsewhere(idp)) == Failed(Cause.OVER)


GOOD = {
    "access_token": "a",
    "token_type": "Bearer",
    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
}


@pytest.mark.parametrize(
    ("answers", "failed"),
    [
        ({"/token": reply(400, {"error": "invalid_grant", "error_description": "of ada"})},
         Failed(Cause.REFUSED, "invalid_grant")),
        ({"/token": reply(502, b"<html>")}, Failed(Cause.UNREACHABLE, "status 502")),
        ({"/.well-known/openid-configuration": reply(500)},
         Failed(Cause.UNREACHABLE, "the answer has status 500")),
        ({"/token": reply(200, {**GOOD, "token_type": "DPoP"})}, Failed(Wrong.TOKEN_TYPE)),
        ({"/token": reply(200, {**GOOD, "access_token": "a\r\nX: y"})}, Failed(Wrong.ACCESS_TOKEN)),
    ],
)  # fmt: skip
async def test_without_their_token_there_is_none_of_ours_either(mint, idp, answers, failed):
    idp.answers = answers
    assert await made(mint, elsewhere(idp)) == failed


async def test_a_server_that_is_gone_or_another_one_gives_nothing(mint, trader, house, idp, clock):
    wanted = elsewhere(idp)
    assert await made(mint, elsewhere(idp, issuer="https://old.example")) == Failed(Cause.PROVIDER)
    house.use()
    assert await made(mint, wanted) == Failed(Cause.PROVIDER)
    assert await made(Mint(trader.minting, None, clock), wanted) == Failed(Cause.PROVIDER)


async def test_who_cannot_be_vouched_for_is_vouched_for_nowhere(mint, trader, idp, clock):
    wanted = elsewhere(idp)
    assert await made(mint, wanted, replace(PERSON, is_disabled=True)) == Failed(Cause.PERSON)
    assert await made(mint, wanted, ends_at=clock.now()) == Failed(Cause.OVER)
    trader.minting._epochs._master = Broken()
    assert await made(mint, wanted) == Failed(Cause.KEY)
    assert not idp.count("/token")


def test_every_reason_of_our_own_is_a_cause():
    assert {each.value for each in Unminted} <= {each.value for each in Cause}


def test_a_failure_reads_as_one_line():
    assert str(Failed(Cause.REFUSED, "invalid_grant")) == "refused: invalid_grant"
    assert str(Failed(Wrong.TOKEN_TYPE)) == "token_type"
