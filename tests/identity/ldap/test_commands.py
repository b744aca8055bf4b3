import dataclasses

import pytest
from tests.journeys.ldap_server import dn_of
from tests.ports import free_port

from yett.identity.ldap import DirectoryCommands, LdapCommands, LdapSettings
from yett.kernel import CommandFailed


@pytest.fixture
async def commands(ldap, make):
    ldap.add_user("ada")
    ldap.add_group("wiki", "ada")
    source = await make()
    return DirectoryCommands(source, source.person)


def facts(table):
    return dict(table.rows)


async def test_a_sync_by_hand_says_how_many_there_are(ldap, commands):
    ldap.add_user("eve")
    assert (await commands.sync()).rows == ((2, 1),)
    ldap.delete(dn_of("eve"))
    assert (await commands.sync(full=True)).rows == ((1, 1),)


async def test_a_sync_that_fails_says_why(ldap, commands):
    ldap.kill()
    with pytest.raises(CommandFailed, match="Nothing was changed"):
        await commands.sync()


async def test_losses_are_only_for_a_full_sync(commands):
    with pytest.raises(CommandFailed, match="--full"):
        await commands.sync(accept_loss=True)


async def test_the_status_says_how_old_what_is_known_is(commands):
    found = facts(await commands.status())
    assert (found["connected"], found["people"], found["groups"], found["last problem"]) == (True, 1, 1, "")
    assert found["last full sync"].startswith("2")


async def test_a_person_is_shown_with_their_groups_and_their_entry(commands):
    found = facts(await commands.show("Ada"))
    assert (found["groups"], found["source"], found["entry"]) == (["wiki"], "ldap", dn_of("ada"))
    with pytest.raises(CommandFailed, match="Nobody"):
        await commands.show("stranger")


async def test_trying_says_what_each_server_has(ldap, settings):
    ldap.add_user("ada")
    away = f"ldap://127.0.0.1:{free_port()}"
    both = dataclasses.replace(settings, urls=(ldap.url, ldap.ldaps, away))
    rows = (await LdapCommands(lambda: both).test()).rows
    assert rows[:2] == ((ldap.url, "ok", 1, 0, 0), (ldap.ldaps, "ok", 1, 0, 0))
    assert rows[2][1].startswith("no connection")


async def test_trying_without_a_server_that_works_fails_with_each_reason(settings):
    wrong = dataclasses.replace(settings, bind_password="not this one")
    with pytest.raises(CommandFailed, match="result 49") as problem:
        await LdapCommands(lambda: wrong).test()
    assert "not this one" not in str(problem.value)
    with pytest.raises(CommandFailed, match="no servers"):
        await LdapCommands(LdapSettings).test()
