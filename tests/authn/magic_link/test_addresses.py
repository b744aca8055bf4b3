"""Whose mailbox an address is, as the directory changes."""

from dataclasses import replace

import pytest
from tests.authn.magic_link.conftest import ADA, BOB, Directory

from yett.authn.magic_link import Addresses, LookupFailed


async def test_people_are_found_by_address_however_it_is_written():
    directory = Directory(ADA, BOB)
    addresses = Addresses(directory)
    await addresses.start()

    assert addresses.find("ada@example.test") == ("ada",)
    assert addresses.find("bob@example.test") == ("bob",)
    assert addresses.find("eve@example.test") == ()


async def test_changes_of_the_directory_are_followed():
    directory = Directory(ADA)
    addresses = Addresses(directory)
    await addresses.start()

    directory.change("ada", replace(ADA, email="countess@example.test"))
    assert addresses.find("ada@example.test") == ()
    assert addresses.find("countess@example.test") == ("ada",)
    directory.change("bob", replace(BOB, email="countess@example.test"))
    assert addresses.find("countess@example.test") == ("ada", "bob")
    directory.change("ada", replace(ADA, email="no address"))
    assert addresses.find("countess@example.test") == ("bob",)
    directory.change("bob", None)
    assert addresses.find("countess@example.test") == ()


async def test_a_source_that_does_not_answer_is_not_mistaken_for_one_that_knows():
    async def out_of_reach(_name):
        return False

    addresses = Addresses(Directory(ADA), out_of_reach)

    assert addresses.person("ada") is ADA
    with pytest.raises(LookupFailed):
        await addresses.look("ada")
    assert await Addresses(Directory(ADA)).look("ada") is ADA


async def test_whoever_their_source_has_no_more_is_nobody_though_still_remembered():
    async def gone(_name):
        return None

    assert await Addresses(Directory(ADA), gone).look("ada") is None


async def test_whose_address_it_was_is_known_when_they_are_gone():
    directory = Directory(ADA)
    addresses = Addresses(directory)
    await addresses.start()
    assert addresses.of("ada") == {"ada@example.test"}
    directory.change("ada", replace(ADA, email="new@example.test"))
    assert addresses.of("ada") == {"ada@example.test", "new@example.test"}
    directory.change("ada", None)
    assert addresses.of("ada") == {"new@example.test"}
    assert addresses.of("eve") == frozenset()
