"""Codes redeemed; what applications behind the proxy get is in `test_provider`."""

import asyncio

from tests.oidc.conftest import SHOP_CALLBACK, VERIFIER, answer

from yett.oidc import Grant, Reason, Refused, events
from yett.store import StoreUnavailable

HOUSE = {"client_id": "house", "redirect_uri": SHOP_CALLBACK}


async def code_of(place):
    await place.sign_on()
    return answer(await place.shop(client_id="house"), SHOP_CALLBACK)["code"]


async def test_of_fifty_redemptions_one_gets_the_grant_and_the_others_revoke_it(place):
    told = []

    async def on_reuse(ref, user):
        told.append((ref, user))

    place.provider.on_reuse = on_reuse
    code = await code_of(place)

    outcomes = await asyncio.gather(*(place.redeem(code, **HOUSE) for _ in range(50)))

    (grant,) = [each for each in outcomes if isinstance(each, Grant)]
    assert outcomes.count(Refused(Reason.CODE_REUSED)) == 49
    assert set(told) == {(grant.code_ref, "ada")}


async def test_when_what_came_of_a_code_cannot_be_ended_nothing_is_said_to_be(place, heard):
    async def on_reuse(*_):
        raise StoreUnavailable("the disk is full")

    code = await code_of(place)
    await place.redeem(code, **HOUSE)
    place.provider.on_reuse = on_reuse

    assert await place.redeem(code, **HOUSE) == Refused(Reason.UNAVAILABLE)
    assert heard("oidc.token.exchange")[-1][0] is events.exchange_unavailable


async def test_a_code_of_one_client_is_nothing_to_another(place):
    code = await code_of(place)
    assert await place.redeem(code, client_id="shop", redirect_uri=SHOP_CALLBACK) == Refused(
        Reason.OTHER_CLIENT
    )


async def test_a_code_is_worth_nothing_once_its_client_is_gone(place):
    code = await code_of(place)
    place.use(enabled=False)
    assert await place.redeem(code, **HOUSE) == Refused(Reason.UNKNOWN_CLIENT)


async def test_what_a_person_takes_back_a_code_on_its_way_does_not_outlive(place, heard):
    await place.sign_on()
    sent = await place.decide(await place.shop(), "allow")
    await place.consents.withdraw("ada", "shop")

    redeemed = await place.redeem(
        answer(sent, SHOP_CALLBACK)["code"], client_id="shop", redirect_uri=SHOP_CALLBACK
    )

    assert redeemed == Refused(Reason.CONSENT_REQUIRED)
    assert heard("oidc.token.exchange")[-1] == (events.consent_gone, {"user": "ada", "client": "shop"})


async def test_an_examined_code_is_not_spent_until_it_is_given_up(place):
    code = await code_of(place)
    asked = {"verifier": VERIFIER, **HOUSE}

    first, second = await place.provider.examine(code, **asked), await place.provider.examine(code, **asked)
    assert isinstance(first, Grant)
    assert first == second

    await place.provider.give_up(code, "house")
    assert await place.provider.examine(code, **asked) == Refused(Reason.CODE_REUSED)


async def test_a_code_that_fails_its_examination_is_spent(place):
    code = await code_of(place)
    assert await place.provider.examine(code, verifier="w" * 43, **HOUSE) == Refused(Reason.VERIFIER_WRONG)
    assert await place.provider.examine(code, verifier=VERIFIER, **HOUSE) == Refused(Reason.CODE_REUSED)
