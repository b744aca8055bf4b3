"""How authenticators are kept."""

import dataclasses

import pytest
from tests.authn.totp.conftest import MASTER

from yett.authn.totp.model import Kept
from yett.authn.totp.vault import Found, Pending, Vault
from yett.keys import MasterKey
from yett.store import ClusterSettings, ModuleData

SECRET = b"12345678901234567890"


@pytest.fixture
def data(records):
    return ModuleData(records, ClusterSettings())


@pytest.fixture
def vault(data, records):
    return Vault(data, records, MASTER)


def kept(vault, user="ada"):
    return Kept(vault.seal(user, SECRET), 1.0, 5, (b"x" * 32,))


async def test_what_is_kept_is_found_with_its_version(vault):
    assert await vault.load("ada") is None
    stored = kept(vault)
    assert await vault.replace("ada", stored, seen=0)
    found = await vault.load("ada")
    assert isinstance(found, Found)
    assert found.kept == stored
    assert vault.open("ada", found.kept) == SECRET
    assert not await vault.replace("ada", stored, seen=0)
    assert await vault.replace("ada", stored, seen=found.version)


async def test_nothing_kept_can_be_read_without_the_key(vault, records, clock):
    await vault.replace("ada", kept(vault), seen=0)
    await vault.begin("ada", SECRET, is_replacing=False, now=clock.now(), lifetime=60)
    for _, record in await records.list(""):
        assert SECRET not in record.value
        assert b"GEZDGNBV" not in record.value
        assert b"MTIzNDU2" not in record.value


def test_the_secret_of_one_person_does_not_open_for_another(vault):
    assert vault.open("bob", kept(vault, "ada")) is None


def test_a_secret_does_not_open_with_another_cluster_key(vault, data, records):
    other = Vault(data, records, MasterKey(b"n" * 32))
    assert other.open("ada", kept(vault)) is None


def test_what_waits_cannot_be_put_in_force_as_it_is(vault, clock):
    pending = vault._pending_sealer.seal({"user": "ada", "secret": "eA=="}, expires_at=clock.now() + 9)
    assert vault.open("ada", Kept(pending, 1.0, 0, ())) is None


@pytest.mark.parametrize(
    "datum",
    [
        {},
        {"secret": "x"},
        {"secret": "x", "enrolled_at": 1.0, "last_step": -1, "recovery": []},
        {"secret": "x", "enrolled_at": 1.0, "last_step": 1, "recovery": "abc"},
        {"secret": "x", "enrolled_at": 1.0, "last_step": 1, "recovery": [], "more": 1},
    ],
)
async def test_a_map_of_another_shape_is_there_and_cannot_be_read(vault, data, datum):
    await data.set("totp", "ada", datum)
    found = await vault.load("ada")
    assert found is not None
    assert found.kept is None


def test_recovery_codes_are_hashed_for_one_person_with_our_key(vault, data, records):
    other = Vault(data, records, MasterKey(b"n" * 32))
    digests = {
        vault.recovery_digest("ada", "BCDFGHJKLM"),
        vault.recovery_digest("bob", "BCDFGHJKLM"),
        vault.recovery_digest("ada", "BCDFGHJKLN"),
        other.recovery_digest("ada", "BCDFGHJKLM"),
    }
    assert len(digests) == 4


async def test_what_waits_is_taken_once_and_goes_by_itself(vault, clock):
    assert await vault.pending("ada", clock.now()) is None
    await vault.begin("ada", SECRET, is_replacing=True, now=clock.now(), lifetime=60)
    pending = await vault.pending("ada", clock.now())
    assert isinstance(pending, Pending)
    assert (pending.secret, pending.is_replacing) == (SECRET, True)
    assert await vault.pending("bob", clock.now()) is None
    assert await vault.take("ada", pending)
    assert not await vault.take("ada", pending)
    await vault.begin("ada", SECRET, is_replacing=False, now=clock.now(), lifetime=60)
    clock.advance(60)
    assert await vault.pending("ada", clock.now()) is None


async def test_what_was_begun_anew_is_not_what_was_seen_before(vault, clock):
    await vault.begin("ada", SECRET, is_replacing=False, now=clock.now(), lifetime=60)
    seen = await vault.pending("ada", clock.now())
    await vault.begin("ada", b"y" * 20, is_replacing=False, now=clock.now(), lifetime=60)
    assert not await vault.take("ada", dataclasses.replace(seen))


async def test_somebody_who_writes_into_the_store_cannot_begin_for_another(vault, records, clock):
    await vault.begin("eve", SECRET, is_replacing=True, now=clock.now(), lifetime=60)
    ((key, record),) = await records.list("authn/totp/pending/")
    await vault.begin("ada", b"y" * 20, is_replacing=False, now=clock.now(), lifetime=60)
    (adas,) = [name for name, _ in await records.list("authn/totp/pending/") if name != key]
    await records.put(adas, record.value)
    assert await vault.pending("ada", clock.now()) is None


async def test_removing_takes_what_waits_with_it(vault, clock):
    await vault.replace("ada", kept(vault), seen=0)
    await vault.begin("ada", SECRET, is_replacing=True, now=clock.now(), lifetime=60)
    assert await vault.delete("ada")
    assert await vault.load("ada") is None
    assert await vault.pending("ada", clock.now()) is None
    assert not await vault.delete("ada")


async def test_the_language_of_a_person_is_that_of_their_preferences(vault, data):
    assert await vault.language("ada") == ""
    await data.set("preferences", "ada", {"language": "de"})
    assert await vault.language("ada") == "de"
