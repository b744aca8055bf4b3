import pytest

from yett.identity import Person, PersonChanged
from yett.identity.federation import Forgetting, Identity, Links, events

ADA = Person("ada", "Ada", "", (), is_disabled=False, source="local")
BOB = Person("bob", "Bob", "", (), is_disabled=False, source="ldap", id="7")
THERE = Identity("https://idp.example", "1")
ELSEWHERE = Identity("https://idp.example", "2")
GONE = PersonChanged("ada", None, was_disabled=False, before=ADA)


class Place(dict):
    person = dict.get

    def __init__(self, links, tasks):
        super().__init__(ada=ADA, bob=BOB)
        self.links, self.tasks = links, tasks
        self.forgetting = Forgetting(links, self, tasks)


@pytest.fixture
async def place(records, clock, tasks):
    links = Links(records, clock)
    for identity, person in ((THERE, ADA), (ELSEWHERE, BOB)):
        assert await links.add(identity, person, "acme", shown="x", how="confirm", seen=None)
    return Place(links, tasks)


async def test_the_next_in_the_users_file_who_is_called_so_does_not_inherit_an_account(place, heard):
    place.forgetting.told(GONE)
    # Somebody else is written into the file at once.
    await place.forgetting.look()
    assert await place.links.find(THERE) is None
    assert (events.unlinked, {"user": "ada", "provider": "acme", "by": "directory"}) in heard("identity.oidc")


async def test_nor_does_who_comes_after_a_time_in_which_nothing_ran(place):
    del place["ada"]
    for _ in range(6):
        assert await place.links.find(THERE) is not None
        await place.forgetting.look()
    assert await place.links.find(THERE) is None


async def test_who_is_only_missing_for_a_while_keeps_theirs(place):
    """A start without the users file takes nothing from anybody."""
    del place["ada"]
    for _ in range(5):
        await place.forgetting.look()
    place["ada"] = ADA
    await place.forgetting.look()
    del place["ada"]
    await place.forgetting.look()
    assert (await place.links.find(THERE)).is_of(ADA)


async def test_who_is_there_keeps_theirs(place):
    await place.forgetting.look()
    assert (await place.links.find(THERE)).is_of(ADA)


async def test_and_so_does_whose_entry_tells_them_from_the_next(place):
    del place["bob"]
    place.forgetting.told(PersonChanged("bob", None, was_disabled=False, before=BOB))
    await place.forgetting.look()
    assert (await place.links.find(ELSEWHERE)).is_of(BOB)


async def test_a_store_that_is_away_is_asked_again(place, records):
    records.break_("federation/links", "delete")
    place.forgetting.told(GONE)
    await place.forgetting.look()
    assert await place.links.find(THERE) is not None
    records.mend()
    await place.forgetting.look()
    assert await place.links.find(THERE) is None
