import asyncio

import pytest
from tests.identity.federation.idp import MAKERS, House, reply

from yett.identity.federation import Reason, Refused, events
from yett.identity.federation.keys import AT_MOST_EVERY


def said(heard):
    return [emitter for emitter, _ in heard("identity.oidc.jwks")]


def keys_of(house):
    return house.federation.party("acme")._keys


@pytest.fixture
def url(idp):
    return f"{idp.issuer}/jwks"


async def test_they_are_fetched_once(house, idp, url, heard):
    house.use(idp.settings())
    found = await asyncio.gather(*(keys_of(house).find(url, "ec", "ES256") for _ in range(20)))
    assert {len(each) for each in found} == {1}
    assert idp.count("/jwks") == 1
    assert said(heard) == [events.keys_wanted, events.keys_fetched]


async def test_an_unknown_one_is_asked_for_at_once_and_then_not_for_a_while(house, idp, url, clock):
    house.use(idp.settings())
    await keys_of(house).find(url, "ec", "ES256")
    idp.published = [MAKERS["EdDSA"]().as_dict(private=False)]
    assert len(await keys_of(house).find(url, "ed", "EdDSA")) == 1
    assert idp.count("/jwks") == 2
    for number in range(100):
        assert await keys_of(house).find(url, f"made up {number}", "ES256") == ()
    assert idp.count("/jwks") == 2
    clock.advance(AT_MOST_EVERY)
    assert await keys_of(house).find(url, "made up", "ES256") == ()
    assert idp.count("/jwks") == 3


async def test_a_key_that_was_withdrawn_is_not_believed_once_they_are_fetched_anew(house, idp, url, clock):
    house.use(idp.settings())
    await keys_of(house).find(url, "ec", "ES256")
    idp.published = []
    clock.advance(3601)
    assert await keys_of(house).find(url, "ec", "ES256") == ()


async def test_another_node_need_not_ask(house, idp, url, authority, records, tasks, clock):
    house.use(idp.settings())
    await keys_of(house).find(url, "ec", "ES256")
    other = House(authority, records, tasks, clock)
    other.use(idp.settings())
    assert len(await keys_of(other).find(url, "ec", "ES256")) == 1
    assert idp.count("/jwks") == 1


async def test_keys_that_cannot_be_kept_are_used_all_the_same(house, idp, url, records, heard):
    records.break_("federation/keys", "get", "put")
    house.use(idp.settings())
    assert len(await keys_of(house).find(url, "ec", "ES256")) == 1
    assert said(heard)[-1] is events.keys_unstored


async def test_what_is_kept_in_another_form_is_fetched_anew(house, idp, url, records):
    await records.put("federation/keys/acme", b"?")
    house.use(idp.settings())
    assert len(await keys_of(house).find(url, "ec", "ES256")) == 1


@pytest.mark.parametrize(
    "answer",
    [
        reply(500), reply(200, b"?"), reply(body={"keys": "x"}), reply(body={"keys": [{}] * 101}), reply(body={}),
        reply(200, b"x" * 300_000),
    ],
)  # fmt: skip
async def test_a_set_that_cannot_be_had_leaves_none(house, idp, url, heard, clock, answer):
    idp.answers = {"/jwks": answer}
    house.use(idp.settings())
    for _ in range(5):
        assert await keys_of(house).find(url, "ec", "ES256") == Refused(Reason.KEYS)
    assert idp.count("/jwks") == 1
    assert said(heard)[-1] is events.keys_failed
    idp.answers = {}
    clock.advance(6)
    assert len(await keys_of(house).find(url, "ec", "ES256")) == 1


async def test_known_ones_outlast_a_provider_that_is_away_for_a_day(house, idp, url, clock):
    house.use(idp.settings())
    await keys_of(house).find(url, "ec", "ES256")
    idp.answers = {"/jwks": reply(500)}
    clock.advance(80_000)
    assert len(await keys_of(house).find(url, "ec", "ES256")) == 1
    clock.advance(10_000)
    assert await keys_of(house).find(url, "ec", "ES256") == Refused(Reason.KEYS)


async def test_keys_of_one_address_are_not_those_of_another(house, idp, url):
    house.use(idp.settings())
    await keys_of(house).find(url, "ec", "ES256")
    idp.answers = {"/other": reply(body={"keys": []})}
    assert await keys_of(house).find(f"{idp.issuer}/other", "ec", "ES256") == ()
