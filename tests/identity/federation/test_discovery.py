"""What is known of a provider, and keeping it; `caching` is behind it."""

import asyncio
from datetime import timedelta

import pytest
from tests.identity.federation.idp import House, IdP, reply

from yett.identity.federation import Reason, Refused, events
from yett.identity.federation.discovery import Described
from yett.store import MAX_VALUE

WELL_KNOWN = "/.well-known/openid-configuration"
KEY = "federation/metadata/acme"


def said(heard):
    return [emitter for emitter, _ in heard("identity.oidc.discovery")]


async def get(house, name="acme"):
    return await house.federation.party(name).discovery.get()


async def test_everybody_who_waits_asks_once(house, idp):
    house.use(idp.settings())
    found = await asyncio.gather(*(get(house) for _ in range(50)))
    assert len({id(each.metadata) for each in found}) == 1
    assert idp.count(WELL_KNOWN) == 1


async def test_it_is_asked_again_when_it_is_old(house, idp, clock):
    house.use(idp.settings(), metadata_lifetime=timedelta(minutes=10))
    await get(house)
    clock.advance(599)
    await get(house)
    assert idp.count(WELL_KNOWN) == 1
    clock.advance(2)
    await get(house)
    assert idp.count(WELL_KNOWN) == 2


async def test_another_node_need_not_ask(house, idp, authority, records, tasks, clock):
    house.use(idp.settings())
    await get(house)
    other = House(authority, records, tasks, clock)
    other.use(idp.settings())
    assert isinstance(await get(other), Described)
    assert idp.count(WELL_KNOWN) == 1


@pytest.mark.parametrize("kept", [b"", b"[]", b'{"url": 7}', b"\xff", b'{"url":"x","fetched_at":1}'])
async def test_what_is_kept_in_another_form_is_fetched_anew(house, idp, records, heard, kept):
    await records.put(KEY, kept)
    house.use(idp.settings())
    assert isinstance(await get(house), Described)
    assert events.metadata_unreadable in said(heard)
    assert idp.count(WELL_KNOWN) == 1


async def test_what_is_kept_of_another_issuer_is_not_used(house, idp, records):
    house.use(idp.settings())
    await get(house)
    record = await records.get(KEY)
    await records.put(KEY, record.value.replace(idp.issuer.encode(), b"https://evil.example"))
    house.federation = None
    house.use(idp.settings())
    await get(house)
    assert idp.count(WELL_KNOWN) == 2


async def test_what_cannot_be_kept_is_used_all_the_same(house, idp, records, heard):
    records.break_("federation/metadata", "get", "put")
    house.use(idp.settings())
    assert isinstance(await get(house), Described)
    assert said(heard)[-2:] == [events.discovered, events.metadata_unstored]


async def test_a_provider_that_is_away_is_believed_for_a_day(house, idp, clock, heard):
    house.use(idp.settings())
    await get(house)
    idp.answers = {WELL_KNOWN: reply(503)}
    clock.advance(80_000)
    assert (await get(house)).is_stale
    assert events.discovery_failed in said(heard)
    clock.advance(10_000)
    assert (await get(house)).reason is Reason.DISCOVERY


async def test_one_that_fails_is_left_alone_for_a_moment(house, idp, clock):
    idp.answers = {WELL_KNOWN: reply(500)}
    house.use(idp.settings())
    for _ in range(10):
        assert isinstance(await get(house), Refused)
    assert idp.count(WELL_KNOWN) == 1
    idp.answers = {}
    clock.advance(6)
    assert isinstance(await get(house), Described)


async def test_a_clock_that_steps_back_does_not_make_it_good_for_ever(house, idp, clock):
    house.use(idp.settings())
    await get(house)
    clock.advance(-86_400)
    await get(house)
    assert idp.count(WELL_KNOWN) == 2


@pytest.mark.parametrize(
    "answer",
    [
        reply(404), reply(302, Location="https://evil.example/"), reply(200, b"<html>"), reply(200, b"[]"),
        reply(200, b'{"issuer": 1, "issuer": 2}'), reply(200, b"x" * (MAX_VALUE // 4)), b"garbage", None,
    ],
)  # fmt: skip
async def test_what_is_no_description_is_none(house, idp, heard, answer):
    idp.answers = {WELL_KNOWN: lambda _: answer}
    house.use(idp.settings(timeout=timedelta(milliseconds=300)))
    assert isinstance(await get(house), Refused)
    assert events.discovery_failed in said(heard)


async def test_the_mode_for_trying_things_out_is_told_each_time(house, clock, heard):
    async with IdP(clock, None, host="localhost") as plain:
        plain.issuer = plain.issuer.replace("https://", "http://")
        house.use(plain.settings(dev_mode=True), plain.settings("strict", client_id="x"))
        assert isinstance(await get(house), Described)
        assert events.dev_mode in said(heard)
        assert isinstance(await get(house, "strict"), Refused)
