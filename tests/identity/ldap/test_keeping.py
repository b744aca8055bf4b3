import dataclasses

import pytest
from tests.journeys.ldap_server import dn_of, group_dn

from yett.identity.ldap import DirectoryUnreachable, events
from yett.identity.ldap.keeping import Keeping, State, fingerprint
from yett.identity.ldap.model import LdapGroup, LdapUser
from yett.kernel import SystemClock
from yett.store import MemoryRecords, StoreUnavailable

ADA = LdapUser("1", "uid=ada", "uid=ada", "ada", "Ada", "ada@x", is_disabled=True)
WIKI = LdapGroup("2", "cn=wiki", "wiki", frozenset({"uid=ada"}))


class Failing(MemoryRecords):
    """A store that cannot write."""

    is_broken = False

    async def put(self, key, value, **more):
        if self.is_broken:
            raise StoreUnavailable("the disk is full")
        return await super().put(key, value, **more)

    async def delete(self, key):
        if self.is_broken:
            raise StoreUnavailable("the disk is full")
        return await super().delete(key)


async def filled(settings, records, *, now=1000.0):
    keeping = Keeping(records)
    await keeping.save_users([ADA])
    await keeping.save_groups([WIKI])
    await keeping.save_state(State(now, "20260101000000Z", fingerprint(settings)))
    return keeping


async def test_what_is_kept_is_found_again(settings, records):
    keeping = await filled(settings, records)
    kept = await keeping.load(settings, 1001.0)
    assert (kept.users, kept.groups, kept.state.newest) == ([ADA], [WIKI], "20260101000000Z")
    await keeping.save_users([], [ADA])
    assert (await keeping.load(settings, 1001.0)).users == []


async def test_nothing_kept_is_nothing(settings, records):
    assert await Keeping(records).load(settings, 0) is None


async def test_what_is_old_made_with_other_settings_or_damaged_is_not_used(settings, records, heard):
    keeping = await filled(settings, records)
    assert await keeping.load(settings, 1000 + 8 * 86400) is None
    assert await keeping.load(dataclasses.replace(settings, user_filter="(uid=*)"), 1001.0) is None
    (key, _), *_ = await records.list("directory/ldap/users/")
    await records.put(key, b"rubbish")
    assert await keeping.load(settings, 1001.0) is None
    await records.put("directory/ldap/state", b"rubbish")
    assert await keeping.load(settings, 1001.0) is None
    assert [event for event, _ in heard()].count(events.kept_unused) == 4


async def test_what_cannot_be_kept_is_said_and_in_force_all_the_same(settings, heard):
    records = Failing(SystemClock())
    keeping = await filled(settings, records)
    records.is_broken = True
    assert "disk is full" in await keeping.save_users([ADA], [ADA])
    assert "disk is full" in await keeping.save_groups([WIKI], [WIKI])
    assert not await keeping.save_state(State(1, "", ""))
    assert [event for event, _ in heard("directory")] == [
        events.user_unstored,
        events.email_unremoved,
        events.groups_unremoved,
        events.disabled_unremoved,
        events.group_unstored,
        events.group_unstored,
    ]


async def test_a_group_too_large_for_a_record_is_said_and_in_force(records, heard):
    # Names that do not shrink: a record holds a mebibyte.
    members = frozenset(f"uid={number * 0x9E3779B97F4A7C15 % 2**64:x}" for number in range(150_000))
    assert "ValueError" in await Keeping(records).save_groups([LdapGroup("3", "cn=all", "all", members)])
    assert [event for event, _ in heard("directory")] == [events.group_unstored]


async def test_a_failing_store_stops_no_sync_and_is_said_where_it_shows(ldap, make, heard):
    ldap.add_user("ada")
    ldap.add_user("bob")
    records = Failing(SystemClock())
    source = await make(records=records)
    records.is_broken = True
    ldap.modify(dn_of("ada"), mail="new@example.org")
    ldap.add_group("wiki", "ada")
    ldap.delete(dn_of("bob"))
    await source.sync_user("ada")
    assert await source.sync(is_full=True) == ""
    assert source.person("ada").email == "new@example.org"
    assert source.person("bob") is None
    told = {event for event, _ in heard("directory")}
    assert {events.user_broadcast_failed, events.email_unremoved, events.groups_unremoved} <= told


async def test_a_start_without_ldap_knows_everybody_from_before(ldap, make, records, heard):
    ldap.add_user("ada")
    ldap.add_group("wiki", "ada")
    await (await make()).stop()
    ldap.stop()
    heard.forget()
    second = await make(records=records)
    assert second.person("ada").groups == ("wiki",)
    assert not second.is_connected
    assert events.kept_in_force in [event for event, _ in heard("directory.init")]


async def test_a_start_without_ldap_and_without_anybody_does_not_happen(ldap, make):
    ldap.stop()
    with pytest.raises(DirectoryUnreachable, match="LDAP cannot be used"):
        await make()


async def test_people_gone_meanwhile_are_gone_after_the_first_sync(ldap, make, records):
    for name in ("ada", "bob"):
        ldap.add_user(name)
    ldap.add_group("wiki", "ada")
    await (await make()).stop()
    ldap.delete(dn_of("bob"), group_dn("wiki"))
    second = await make(records=records)
    assert [(person.name, person.groups) for person in second.people()] == [("ada", ())]
    assert len(await records.list("directory/ldap/users/")) == 1
