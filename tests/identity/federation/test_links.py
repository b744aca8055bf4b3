import asyncio

import pytest

from yett.identity import Person
from yett.identity.federation import Identity, Links, events

ADA = Person("ada", "Ada", "", (), is_disabled=False, source="local", id="1")
EVE = Person("eve", "Eve", "", (), is_disabled=False, source="local", id="2")
THERE = Identity("https://idp.example", "1")
ELSEWHERE = Identity("https://idp.example", "2")


@pytest.fixture
def links(records, clock):
    return Links(records, clock)


async def add(links, person=ADA, identity=THERE, seen=None):
    return await links.add(identity, person, "acme", shown="a@example.test", how="confirm", seen=seen)


async def test_an_identity_leads_to_one_person(links, heard):
    assert await add(links)
    link = await links.find(THERE)
    assert link.is_of(ADA)
    assert not link.is_of(EVE)
    assert not link.is_of(None)
    assert [each.identity for each in await links.of("ada")] == [THERE]
    assert await links.of("eve") == []
    assert await links.find(ELSEWHERE) is None
    assert heard("identity.oidc.link") == [
        (events.linked, {"user": "ada", "provider": "acme", "how": "confirm"})
    ]


async def test_it_is_not_taken_from_whoever_has_it(links):
    assert await add(links)
    assert not await add(links, EVE)
    assert (await links.find(THERE)).is_of(ADA)
    assert await links.of("eve") == []


async def test_of_many_who_want_it_at_once_one_gets_it(links):
    people = [Person(f"p{n}", "", "", (), is_disabled=False, source="local") for n in range(50)]
    got = await asyncio.gather(*(add(links, person) for person in people))
    assert sum(got) == 1


async def test_the_same_person_may_ask_twice_at_once(links):
    assert await asyncio.gather(add(links), add(links)) == [True, True]


async def test_one_that_does_not_hold_any_more_gives_way_to_who_saw_that(links):
    await add(links)
    stale = await links.find(THERE)
    assert not await add(links, EVE, seen=None)
    assert await add(links, EVE, seen=stale)
    assert (await links.find(THERE)).is_of(EVE)
    assert await links.of("ada") == []


async def test_the_next_of_the_name_has_nothing_of_it(links):
    await add(links)
    later = Person("ada", "Ada", "", (), is_disabled=False, source="local", id="3")
    assert not (await links.find(THERE)).is_of(later)


async def test_one_that_is_removed_is_gone(links, heard):
    await add(links)
    link = await links.find(THERE)
    assert await links.remove(link, by="owner")
    assert not await links.remove(link, by="owner")
    assert await links.find(THERE) is None
    assert await links.of("ada") == []
    assert heard("identity.oidc.link")[-1] == (
        events.unlinked,
        {"user": "ada", "provider": "acme", "by": "owner"},
    )


async def test_names_that_begin_alike_are_not_mixed_up(links):
    await add(links, Person("ada.b", "", "", (), is_disabled=False, source="local"))
    assert await links.of("ada") == []


async def test_what_cannot_be_read_leads_nowhere_until_somebody_proves_it_anew(links, records):
    await add(links)
    ((key, _),) = await records.list("federation/links/")
    await records.put(key, b"?")
    assert await links.find(THERE) is None
    assert await links.of("ada") == []
    assert await add(links)
    assert (await links.find(THERE)).is_of(ADA)
