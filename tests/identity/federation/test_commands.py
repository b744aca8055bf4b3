import pytest
from tests.identity.federation.idp import reply

from yett.identity import Directory
from yett.identity.federation import FederatedPeople, FederationCommands, Identity, Joining, Links, Profile
from yett.kernel import CommandFailed

ADA = Profile(Identity("https://idp.example", "1"), "ada", "", "Ada", ("staff",), is_two_factor=False)


@pytest.fixture
async def commands(house, idp, records, tasks, clock):
    people = FederatedPeople(records, tasks, clock)
    await people.start()
    directory = Directory([people], tasks)
    await directory.start()
    joining = Joining(people, Links(records, clock), directory)
    provider = idp.settings(create=True, label="Acme")
    house.use(provider)
    await joining.person_for(provider, ADA, client_address="")
    yield FederationCommands(house.federation, people, joining)
    await people.stop()


async def test_providers_are_listed(commands):
    (row,) = (await commands.providers()).rows
    assert row[:2] == ("acme", "Acme")
    assert row[5] is True


async def test_one_that_signs_nobody_in_is_listed_and_tried_all_the_same(commands, house, idp):
    house.use(idp.settings(sign_in=False))
    (row,) = (await commands.providers()).rows
    assert (row[0], row[5]) == ("acme", False)
    assert await commands.test("acme")


async def test_a_provider_is_tried(commands, idp):
    facts = dict((await commands.test("acme")).rows)
    assert facts["issuer"] == idp.issuer
    with pytest.raises(CommandFailed, match="No provider"):
        await commands.test("nobody")


async def test_one_that_does_not_work_is_told_why(commands, idp):
    idp.answers = {"/.well-known/openid-configuration": reply(404)}
    with pytest.raises(CommandFailed, match="the answer has status 404"):
        await commands.test("acme")


async def test_people_are_switched_off_and_on_and_forgotten(commands):
    ((name, provider, *_),) = (await commands.people()).rows
    assert (name, provider) == ("ada", "acme")
    assert await commands.disable("Ada")
    assert (await commands.people()).rows[0][4] is True
    assert await commands.enable("ada")
    assert len((await commands.links("ada")).rows) == 1
    assert await commands.remove("ada")
    assert (await commands.people()).rows == ()
    assert (await commands.links("ada")).rows == ()


async def test_links_are_ended(commands):
    assert await commands.unlink("ada", "acme") == "Unlinked 1 of ada."
    with pytest.raises(CommandFailed, match="No account"):
        await commands.unlink("ada", "acme")


async def test_who_is_not_there_is_not(commands):
    for call in (commands.disable, commands.enable, commands.remove):
        with pytest.raises(CommandFailed, match="comes from a provider"):
            await call("eve")
        with pytest.raises(CommandFailed, match="no name of a person"):
            await call("../x")


async def test_a_store_that_is_away_is_told(commands, records):
    records.break_("directory/federated", "get", "delete")
    records.break_("federation/linked", "list")
    for call, words in (
        (commands.disable, ("ada",)),
        (commands.remove, ("ada",)),
        (commands.links, ("ada",)),
        (commands.unlink, ("ada", "acme")),
    ):
        with pytest.raises(CommandFailed, match="store is away"):
            await call(*words)
