import asyncio
from dataclasses import replace

import pytest
from tests.authn.passkey.test_rules import KEY

from yett.authn.passkey import events
from yett.authn.passkey.keyring import MODULE, Contended, Keyrings
from yett.authn.passkey.model import Keyring, Revoked
from yett.store import ModuleDataDamaged


@pytest.fixture
def keyrings(data, records):
    return Keyrings(data, records)


async def test_a_keyring_is_read_as_it_was_written(keyrings, heard):
    keyring = Keyring((KEY,), (Revoked(replace(KEY, id="B"), 7.0, "ada", "lost"),))
    assert await keyrings.replace("ada", keyring)
    read = await keyrings.load("ada")
    assert (read.active, read.revoked) == (keyring.active, keyring.revoked)
    assert read.version > 0
    assert await keyrings.load("bob") == Keyring()
    assert [each for each, _ in heard("webauthn")][:3] == [events.storing, events.stored, events.loading]


async def test_changes_that_come_at_once_are_all_kept(keyrings):
    def adding(number):
        return lambda keyring: replace(keyring, active=(*keyring.active, replace(KEY, id=str(number))))

    await asyncio.gather(*(keyrings.change("ada", adding(number)) for number in range(5)))
    assert {each.id for each in (await keyrings.load("ada")).active} == set("01234")


async def test_whoever_is_always_beaten_gives_up(keyrings, data):
    async def beaten(*_, **__):
        return False

    data.replace = beaten
    with pytest.raises(Contended):
        await keyrings.change("ada", lambda keyring: keyring)


@pytest.mark.parametrize("datum", [{"active": 7}, {"active": [{"id": 1}]}, {"revoked": {}}])
async def test_a_damaged_keyring_is_not_taken_for_an_empty_one(keyrings, data, datum):
    await data.set(MODULE, "ada", datum)
    with pytest.raises(ModuleDataDamaged):
        await keyrings.load("ada")


async def test_a_damaged_keyring_does_not_hide_the_others(keyrings, data):
    await data.set(MODULE, "ada", {"active": 7})
    await keyrings.replace("bob", Keyring((KEY,)))
    assert list(await keyrings.load_all()) == ["bob"]


async def test_an_id_belongs_to_whoever_claims_it_first(keyrings):
    claims = await asyncio.gather(*(keyrings.claim("AAAA", str(number)) for number in range(50)))
    assert sum(claims) == 1
    assert await keyrings.owner("AAAA") == str(claims.index(True))
    await keyrings.disclaim("AAAA")
    assert await keyrings.owner("AAAA") == ""
