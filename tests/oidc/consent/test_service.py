"""What people allowed applications, kept."""

import asyncio

from yett.oidc.clients import Client, Kind
from yett.oidc.consent import events
from yett.oidc.consent.service import MODULE

SHOP = Client("shop", frozenset(), frozenset(), kind=Kind.CONFIGURED, name="The Shop")
SCOPES = ("openid", "email")


async def test_what_was_allowed_is_remembered_until_it_is_taken_back(place):
    consents = place.consents
    assert not await consents.covers("ada", "shop", SCOPES)
    await consents.remember("ada", SHOP, SCOPES)
    assert await consents.covers("ada", "shop", SCOPES)
    assert not await consents.covers("bob", "shop", SCOPES)
    (given,) = await consents.given("ada")
    assert (given.client_id, given.name, given.at) == ("shop", "The Shop", place.clock.now())
    await consents.withdraw("ada", "shop")
    assert not await consents.covers("ada", "shop", SCOPES)
    assert await consents.given("ada") == ()


async def test_what_is_allowed_at_the_same_moment_is_all_remembered(place):
    others = [Client(f"c{number}", frozenset(), frozenset()) for number in range(5)]
    await asyncio.gather(*(place.consents.remember("ada", each, SCOPES) for each in others))
    assert len(await place.consents.given("ada")) == 5


async def test_without_the_store_nothing_was_allowed(place, heard):
    await place.consents.remember("ada", SHOP, SCOPES)
    place.records.is_broken = True
    assert not await place.consents.covers("ada", "shop", SCOPES)
    heard.forget()
    await place.consents.remember("ada", SHOP, SCOPES)
    assert [event for event, _ in heard("oidc.consent")] == [events.not_remembered]


async def test_whoever_has_the_name_next_has_allowed_nothing(place):
    await place.consents.remember("ada", SHOP, SCOPES)
    ada = place.people.table["ada"]
    place.people.table["ada"] = type(ada)("ada", "Another", "", (), is_disabled=False, source="local", id="2")
    assert not await place.consents.covers("ada", "shop", SCOPES)
    assert MODULE == "oidc_consent"
