"""Tokens for codes and refresh tokens, over HTTP; and every way to have none."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.oidc.exchange.house import CALLBACK, KEY, OWN, claims_of
from tests.oidc.foreign import Signer
from tests.signin.conftest import ADA

from yett.oidc import OIDCSettings
from yett.oidc import events as provider
from yett.oidc.clients import Consent, GrantType, Lifetimes
from yett.oidc.exchange import events
from yett.oidc.mtls import thumbprint
from yett.oidc.tokens import Unissued

REFUSED = "invalid_grant"


def error(answer, status=400):
    assert answer.status_code == status, answer.text
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    return answer.json()["error"]


async def test_a_code_is_exchanged_for_tokens(house, heard):
    session = await house.sign_on()
    answer = await house.redeem(await house.code())

    given = answer.json()
    assert (given["token_type"], given["scope"]) == ("Bearer", "openid email")
    assert given["expires_in"] == 600
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    access, identity = claims_of(given["access_token"]), claims_of(given["id_token"])
    assert (access["sub"], access["client_id"], identity["aud"], identity["nonce"]) == (
        "ada",
        "shop",
        "shop",
        "n-0S6",
    )
    assert "cnf" not in access
    found = await house.tokens.look(given["access_token"])
    assert found.basis.sign_on_ref == session.ref
    assert provider.code_exchanged in [said for said, _ in heard("oidc.token.exchange")]


async def test_without_openid_there_is_no_id_token(house):
    given = (await house.redeem(await house.code(scope="read"))).json()
    assert "id_token" not in given
    assert given["refresh_token"]


async def test_a_client_that_may_not_refresh_gets_nothing_to_refresh_with(house):
    given = (await house.redeem(await house.code("coder"), client="coder")).json()
    assert "refresh_token" not in given
    assert error(await house.refresh("x", client="coder")) == "unauthorized_client"


async def test_a_public_client_redeems_by_its_verifier(house):
    assert (await house.redeem(await house.code("app"), client="app")).status_code == 200
    code = await house.code("app")
    assert error(await house.redeem(code, client="app", code_verifier="x" * 43)) == REFUSED
    assert error(await house.redeem(code, client="app")) == REFUSED


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": None},
        {"code_verifier": "x" * 43},
        {"code_verifier": "short"},
        {"code_verifier": "x" * 129},
        {"redirect_uri": None},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK.upper()},
        {"client": "rival"},
        {"client": "app"},
    ],
)
async def test_a_code_is_for_who_asked_with_what_they_asked(house, changed):
    code = await house.code()
    assert error(await house.redeem(code, **changed)) == REFUSED
    # It is spent by that: whoever tried had it.
    assert error(await house.redeem(code)) == REFUSED


@pytest.mark.parametrize("code", ["x", "A" * 43, "../../etc/passwd", "é", "\x00"])
async def test_what_is_no_code_gives_nothing(house, code):
    assert error(await house.redeem(code)) == REFUSED


@pytest.mark.parametrize("code", [None, "", "x" * 5000])
async def test_a_request_without_a_proper_code_is_a_mistake(house, code):
    assert error(await house.redeem(code)) == "invalid_request"


async def test_a_code_that_comes_twice_takes_its_tokens_with_it(house, heard):
    code = await house.code(scope="openid offline_access")
    given = (await house.redeem(code)).json()
    assert await house.tokens.look(given["access_token"]) is not None

    assert error(await house.redeem(code)) == REFUSED

    assert await house.tokens.look(given["access_token"]) is None
    assert error(await house.refresh(given["refresh_token"])) == REFUSED
    assert provider.code_reused in [said for said, _ in heard("oidc.token.exchange")]


async def test_a_used_code_takes_its_tokens_with_it_also_without_its_verifier(house, heard):
    code = await house.code()
    given = (await house.redeem(code)).json()

    assert error(await house.redeem(code, code_verifier="w" * 43)) == REFUSED

    assert await house.tokens.look(given["access_token"]) is None
    assert heard("oidc.token.exchange")[-1][0] is provider.code_reused


async def test_a_code_is_used_up_for_longer_than_its_tokens_last(house, heard):
    """Codes may be good for ten minutes, access tokens for one."""
    short = Lifetimes(access=timedelta(minutes=1), identity=timedelta(minutes=1))
    house.provider.clients["coder"] = replace(house.provider.clients["coder"], lifetimes=short)
    house.provider.apply(OIDCSettings(code_lifetime=timedelta(minutes=10)))
    code = await house.code("coder")
    assert (await house.redeem(code, client="coder")).status_code == 200

    house.clock.advance(500)
    house.provider.is_begun = None  # as on a node that has not heard of the first use

    assert error(await house.redeem(code, client="coder")) == REFUSED
    assert heard("oidc.token.exchange")[-1][0] is provider.code_reused


async def test_a_code_for_which_there_are_no_tokens_is_spent_all_the_same(house):
    code, issue = await house.code(), house.tokens.issue

    async def fails(*_args, **_more):
        return Unissued.KEY

    house.tokens.issue = fails
    assert error(await house.redeem(code), 503) == "temporarily_unavailable"
    house.tokens.issue = issue
    assert error(await house.redeem(code)) == REFUSED


async def test_of_fifty_at_once_one_wins_and_keeps_nothing(house, heard):
    code = await house.code()
    answers = await asyncio.gather(*(house.redeem(code) for _ in range(50)))

    assert [said for said, _ in heard("oidc.token.exchange")].count(provider.code_exchanged) == 1
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) <= 1
    # The others are replays, and nobody can tell who the thief was.
    for answer in won:
        assert await house.tokens.look(answer.json()["access_token"]) is None
    assert {error(answer) for answer in answers if answer.status_code != 200} <= {REFUSED}


async def test_what_a_person_takes_back_while_tokens_are_made_is_not_given_out(house, heard):
    code, issue, given = await house.code(scope="openid offline_access"), house.tokens.issue, []

    async def meanwhile(*args, **more):
        given.append(await issue(*args, **more))
        # Nobody has allowed this application anything, and from now on that counts.
        house.provider.clients["shop"] = replace(house.provider.clients["shop"], consent=Consent.ASK)
        return given[0]

    house.tokens.issue = meanwhile

    assert error(await house.redeem(code)) == REFUSED

    assert await house.tokens.look(given[0].access_token) is None
    assert error(await house.refresh(given[0].refresh_token)) == REFUSED
    assert heard("oidc.token.exchange")[-1] == (provider.consent_gone, {"user": "ada", "client": "shop"})


async def test_a_code_is_over_after_a_minute(house):
    code = await house.code()
    house.clock.advance(60)
    assert error(await house.redeem(code)) == REFUSED


@pytest.mark.parametrize("happens", ["signed_out", "disabled", "gone"])
async def test_who_is_out_meanwhile_gets_nothing(house, happens):
    session = await house.sign_on()
    code = await house.code()
    match happens:
        case "signed_out":
            await house.sessions.revoke(session.ref)
        case "disabled":
            house.people.table["ada"] = replace(ADA, is_disabled=True)
        case _:
            del house.people.table["ada"]
    assert error(await house.redeem(code)) == REFUSED


async def test_a_store_that_fails_is_no_refusal(house):
    code = await house.code()
    house.records.is_broken = True
    assert error(await house.redeem(code), 503) == "temporarily_unavailable"


# Keys and certificates.


async def test_tokens_are_bound_to_the_key_that_was_proven(house):
    given = (await house.redeem(await house.code(), dpop=house.proof())).json()
    assert given["token_type"] == "DPoP"
    assert claims_of(given["access_token"])["cnf"] == {"jkt": KEY.thumbprint}


async def test_a_proof_of_anything_else_costs_the_request_but_not_the_code(house):
    code = await house.code()
    for dpop in ("x", house.proof(htm="GET"), house.proof(htu=CALLBACK), house.proof(iat=1)):
        assert error(await house.redeem(code, dpop=dpop)) == "invalid_dpop_proof"
    assert (await house.redeem(code, dpop=house.proof())).status_code == 200


async def test_a_proof_is_good_for_one_request(house):
    proof = house.proof()
    assert (await house.redeem(await house.code(), dpop=proof)).status_code == 200
    assert error(await house.redeem(await house.code(), dpop=proof)) == "invalid_dpop_proof"


async def test_a_code_may_be_bound_to_a_key_beforehand(house, heard):
    code = await house.code(dpop_jkt=KEY.thumbprint)
    assert (await house.redeem(code, dpop=house.proof())).status_code == 200
    for dpop in (None, house.proof(Signer(number=1))):
        code = await house.code(dpop_jkt=KEY.thumbprint)
        assert error(await house.redeem(code, dpop=dpop)) == REFUSED
        assert heard("oidc.token")[-1][0] is events.other_key


async def test_a_client_whose_tokens_have_to_be_bound_gets_no_others(house, heard):
    code = await house.code("bound")
    assert error(await house.redeem(code, client="bound")) == "invalid_dpop_proof"
    assert heard("oidc.token")[-1] == (events.unbound, {"client": "bound", "grant": GrantType.CODE})
    assert (await house.redeem(code, client="bound", dpop=house.proof())).json()["token_type"] == "DPoP"


async def test_tokens_are_bound_to_the_certificate_that_was_shown(house):
    house.shows(OWN)
    given = (await house.redeem(await house.code("mtls"), client="mtls")).json()
    assert given["token_type"] == "Bearer"
    assert claims_of(given["access_token"])["cnf"] == {"x5t#S256": thumbprint(OWN.der)}


async def test_a_certificate_that_nobody_agreed_on_binds_nothing(house):
    house.shows(OWN)
    given = (await house.redeem(await house.code())).json()
    assert "cnf" not in claims_of(given["access_token"])


# Refresh tokens.


async def test_a_refresh_token_is_good_once_for_narrower_or_equal_scopes(house):
    given = (await house.redeem(await house.code(scope="openid read write"))).json()
    again = (await house.refresh(given["refresh_token"], scope="read")).json()

    assert again["scope"] == "read"
    assert again["refresh_token"] != given["refresh_token"]
    assert error(await house.refresh(given["refresh_token"])) == REFUSED
    assert error(await house.refresh(again["refresh_token"])) == REFUSED


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"client": "rival"}, REFUSED),
        ({"client": "app"}, REFUSED),
        ({"refresh_token": "x"}, REFUSED),
        ({"refresh_token": None}, "invalid_request"),
        ({"scope": "openid email write"}, "invalid_scope"),
        ({"scope": "no\\scope"}, "invalid_scope"),
    ],
)
async def test_a_refresh_token_is_for_who_got_it_and_what_was_granted(house, changed, said):
    given = (await house.redeem(await house.code())).json()
    form = {"refresh_token": given["refresh_token"], **changed}
    assert error(await house.ask(GrantType.REFRESH, **form)) == said
    assert (await house.refresh(given["refresh_token"])).status_code == 200


async def test_of_fifty_refreshes_at_once_one_wins(house):
    given = (await house.redeem(await house.code())).json()
    answers = await asyncio.gather(*(house.refresh(given["refresh_token"]) for _ in range(50)))
    assert [answer.status_code for answer in answers].count(200) <= 1


async def test_a_public_clients_refresh_token_is_bound_to_its_key(house):
    given = (await house.redeem(await house.code("app"), client="app", dpop=house.proof())).json()
    text = given["refresh_token"]
    assert error(await house.refresh(text, client="app")) == REFUSED
    stranger = house.proof(Signer(number=1))
    assert error(await house.refresh(text, client="app", dpop=stranger)) == REFUSED
    assert (await house.refresh(text, client="app", dpop=house.proof())).json()["token_type"] == "DPoP"


async def test_signing_out_ends_what_rests_on_it(house):
    session = await house.sign_on()
    given = (await house.redeem(await house.code())).json()
    await house.sessions.revoke(session.ref)
    assert error(await house.refresh(given["refresh_token"])) == REFUSED
    assert await house.tokens.look(given["access_token"]) is None
