import asyncio

import pytest

from yett.identity import Directory
from yett.identity.federation import SOURCE, FederatedPeople, Identity, Profile, events
from yett.store import StoreUnavailable

ADA = Identity("https://idp.example", "ada-at-idp")
EVE = Identity("https://idp.example", "eve-at-idp")


def profile(identity=ADA, *, groups=("staff",), name="Ada"):
    return Profile(identity, "ada", "", name, groups, is_two_factor=False)


@pytest.fixture
async def make(records, tasks, clock):
    made = []

    async def build():
        people = FederatedPeople(records, tasks, clock)
        await people.start()
        made.append(people)
        return people

    yield build
    for each in made:
        await each.stop()


@pytest.fixture
async def people(make):
    return await make()


async def until(condition):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


async def test_somebody_is_made_and_is_known_at_once(people, heard):
    assert await people.create("ada", profile(), "acme", email="ada@example.test")
    ada = people.person("ada")
    assert (ada.display_name, ada.email, ada.groups, ada.source) == (
        "Ada",
        "ada@example.test",
        ("staff",),
        SOURCE,
    )
    assert ada.id
    assert list(people.people()) == [ada]
    assert heard("identity.oidc.people") == [
        (events.created, {"user": "ada", "provider": "acme", "groups": ("staff",)})
    ]


async def test_of_fifty_that_are_made_at_once_there_is_one(people):
    made = await asyncio.gather(*(people.create("ada", profile(), "acme", email="") for _ in range(50)))
    assert all(made)
    others = await asyncio.gather(
        *(people.create("eve", profile(who), "acme", email="") for who in (ADA, EVE) * 25)
    )
    assert sum(others) == 25


async def test_a_name_is_one_identitys(people):
    await people.create("ada", profile(), "acme", email="")
    assert not await people.create("ada", profile(EVE), "acme", email="")
    assert not await people.update("ada", profile(EVE, groups=("admins",)), "acme", email="")
    assert people.person("ada").groups == ("staff",)


async def test_what_is_said_later_counts_but_for_being_switched_off(people, heard):
    await people.create("ada", profile(), "acme", email="")
    assert await people.set_disabled("ada", is_disabled=True)
    assert await people.update("ada", profile(groups=("staff", "wiki")), "acme", email="")
    assert people.person("ada").is_disabled
    assert people.person("ada").groups == ("staff", "wiki")
    assert await people.set_disabled("ada", is_disabled=False)
    assert not people.person("ada").is_disabled
    assert not await people.set_disabled("nobody", is_disabled=True)
    assert not await people.update("nobody", profile(), "acme", email="")
    assert [emitter.__name__ for emitter, _ in heard("identity.oidc.people")] == [
        "created", "changed_by_operator", "updated", "changed_by_operator",
    ]  # fmt: skip


async def test_another_node_hears_of_everything(make):
    here, there = await make(), await make()
    told = []
    there.changed.connect(told.append)
    await here.create("ada", profile(), "acme", email="")
    await until(lambda: there.person("ada"))
    await here.update("ada", profile(groups=("wiki",)), "acme", email="")
    await until(lambda: there.person("ada").groups == ("wiki",))
    await here.remove("ada")
    await until(lambda: there.person("ada") is None)
    assert [each.person and each.person.groups for each in told] == [("staff",), ("wiki",), None]


async def test_what_was_told_while_the_store_was_away_is_read_later(make, records):
    here, there = await make(), await make()
    await here.create("ada", profile(), "acme", email="")
    await until(lambda: there.person("ada"))
    records.break_("directory/federated", "get", "list")
    assert await records._records.delete("directory/federated/ada")
    await asyncio.sleep(0.05)
    assert there.person("ada")
    records.mend()
    await until(lambda: there.person("ada") is None)


async def test_everybody_is_there_after_a_start(people, make):
    await people.create("ada", profile(), "acme", email="")
    assert (await make()).person("ada") == people.person("ada")


async def test_whoever_has_the_name_next_is_somebody_else(people):
    await people.create("ada", profile(), "acme", email="")
    before = people.person("ada").entry
    assert await people.remove("ada")
    assert not await people.remove("ada")
    await people.create("ada", profile(EVE), "acme", email="")
    assert people.person("ada").entry != before


@pytest.mark.parametrize("value", [b"", b"[]", b'{"provider":7}', b"\xff"])
async def test_a_record_that_cannot_be_read_is_nobody(people, make, records, heard, value):
    await people.create("ada", profile(), "acme", email="")
    await records.put("directory/federated/ada", value)
    await until(lambda: people.person("ada") is None)
    await records.put("directory/federated/Not A Name", value)
    assert (await make()).person("ada") is None
    assert events.people_unreadable in [emitter for emitter, _ in heard("identity.oidc.people")]
    assert not await people.create("ada", profile(), "acme", email="")
    assert not await people.update("ada", profile(), "acme", email="")


async def test_the_directory_ends_what_they_have_when_they_go(people, tasks):
    ended = []

    async def end(name):
        ended.append(name)

    directory = Directory([people], tasks)
    await directory.start()
    directory.revoke_with(sessions=end)
    await people.create("ada", profile(), "acme", email="")
    await people.set_disabled("ada", is_disabled=True)
    await until(lambda: ended == ["ada"])
    await people.create("eve", profile(EVE), "acme", email="")
    await people.remove("eve")
    await until(lambda: ended == ["ada", "eve"])


async def test_a_store_that_is_away_changes_nothing(people, records):
    records.break_("directory/federated", "create", "replace", "delete")
    with pytest.raises(StoreUnavailable):
        await people.create("ada", profile(), "acme", email="")
    assert people.person("ada") is None
