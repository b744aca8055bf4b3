import asyncio
import dataclasses

import pytest
from tests.journeys.ldap_server import GROUPS, PEOPLE, dn_of, group_dn, group_ldif, user_ldif

from yett.identity import PersonChanged
from yett.identity.ldap import DisabledRule, NotThere, Synced, SyncFailed, events
from yett.identity.ldap.model import Index

CROWD = tuple(f"u{number}" for number in range(20))


@pytest.fixture
def house(ldap):
    """Ada, in a group inside another, and Bob."""
    ldap.add(
        user_ldif("ada")
        + user_ldif("bob")
        + group_ldif("wiki", [dn_of("ada")])
        + group_ldif("staff", [group_dn("wiki"), dn_of("bob")])
    )
    return ldap


@pytest.fixture
def crowd(ldap):
    ldap.add("".join(user_ldif(name) for name in CROWD) + group_ldif("all", [dn_of(name) for name in CROWD]))
    return ldap


def said(heard, *prefixes):
    """The events, without those of the loops, which begin when they like."""
    loops = {events.full_loop_started, events.delta_loop_started}
    told = heard(*(prefixes or ("directory.sync", "directory.syncuser")))
    return [event for event, _ in told if event not in loops]


def listen(source):
    told = []
    source.changed.connect(told.append)
    return told


@pytest.mark.usefixtures("house")
async def test_a_full_sync_brings_people_with_their_groups(make, heard):
    source = await make()
    ada = source.person("ada")
    assert (ada.display_name, ada.email, ada.groups, ada.is_disabled) == (
        "Ada",
        "ada@example.org",
        ("staff", "wiki"),
        False,
    )
    assert source.person("bob").groups == ("staff",)
    assert source.person("eve") is None
    assert {person.name for person in source.people()} == {"ada", "bob"}
    assert said(heard, "directory.sync.full", "directory.index")[:6] == [
        events.full_started,
        events.full_users,
        events.full_groups,
        events.bulk_built,
        events.full_storing,
        events.full_completed,
    ]


async def test_what_changed_is_told_after_it_is_in_force(house, make, heard):
    source = await make()
    told = []
    source.changed.connect(lambda change: told.append((change, source.person(change.name))))
    before = source.person("ada")
    house.modify(dn_of("ada"), mail="new@example.org")
    house.modify(group_dn("staff"), member=[dn_of("bob")])
    heard.forget()
    assert await source.sync(is_full=False) == ""
    after = dataclasses.replace(before, email="new@example.org", groups=("wiki",))
    assert told == [(PersonChanged("ada", after, was_disabled=False), after)]
    assert said(heard, "directory.sync.delta", "identity.ldap") == [
        events.delta_started,
        events.delta_users,
        events.delta_groups,
        events.person_changed,
        events.delta_storing,
        events.delta_completed,
    ]


@pytest.mark.usefixtures("house")
async def test_nothing_new_is_said_to_be_nothing_new(make, heard):
    source = await make()
    heard.forget()
    assert await source.sync(is_full=False) == ""
    assert said(heard)[-1] is events.delta_unchanged


async def test_somebody_new_and_somebody_renamed_come_with_the_next_delta(house, make):
    source = await make()
    told = listen(source)
    house.add_user("eve")
    house.rename(dn_of("bob"), "uid=robert")
    await source.sync(is_full=False)
    assert {person.name for person in source.people()} == {"ada", "eve", "robert"}
    assert sorted((change.name, change.is_out) for change in told) == [
        ("bob", True),
        ("eve", False),
        ("robert", False),
    ]


async def test_only_a_full_sync_sees_that_somebody_is_gone(house, make, heard):
    source = await make()
    told = listen(source)
    house.modify(group_dn("wiki"), member=[dn_of("bob")])
    house.delete(dn_of("ada"))
    await source.sync(is_full=False)
    assert source.person("ada").groups == ()
    told.clear()
    await source.sync(is_full=True)
    assert [change.person for change in told] == [None]
    assert source.person("ada") is None
    assert (events.person_removed, {"user": "ada"}) in heard("identity.ldap")


async def test_somebody_deleted_and_made_anew_is_the_new_one_at_once(house, make):
    source = await make()
    house.delete(dn_of("bob"))
    house.add(user_ldif("bob", email="second@example.org").replace("uid=bob", "uid=bob"))
    await source.sync(is_full=False)
    assert source.person("bob").email == "second@example.org"


async def test_a_name_made_anew_at_another_place_is_settled_by_asking_for_it(house, make):
    source = await make()
    house.delete(dn_of("bob"))
    house.add_user("robert")
    house.modify(dn_of("robert"), uid=["robert", "bob"])
    house.rename(dn_of("robert"), "uid=bob", parent=PEOPLE)
    house.modify(dn_of("bob"), uid="bob", mail="third@example.org")
    await source.sync(is_full=False)
    assert source.person("bob").email == "third@example.org"


async def test_a_fifth_may_be_gone_and_more_is_not_believed(crowd, make, heard):
    source = await make()
    crowd.delete(*(dn_of(name) for name in CROWD[:10]))
    heard.forget()
    await source.sync(is_full=True)
    assert len(list(source.people())) == 20
    assert said(heard, "directory.sync.full").count(events.full_doubted) == 1

    await source.sync(is_full=True, accept_loss=True)
    assert len(list(source.people())) == 10


async def test_groups_that_vanish_all_at_once_are_not_believed(crowd, make, heard):
    crowd.add("".join(group_ldif(f"g{number}", [dn_of("u0")]) for number in range(8)))
    source = await make()
    assert len(source.person("u0").groups) == 9
    crowd.delete(*(group_dn(f"g{number}") for number in range(8)), group_dn("all"))
    await source.sync(is_full=True)
    assert len(source.person("u0").groups) == 9
    assert source.person("u1").groups == ("all",)
    assert events.full_doubted in said(heard, "directory.sync.full")


@pytest.mark.usefixtures("crowd")
async def test_members_that_the_account_cannot_read_any_more_are_not_believed_to_be_gone(make, heard):
    source = await make()
    before = source.settings
    # As after a change of rights: groups are found, and nobody is in them.
    blind = dataclasses.replace(before, member_attribute="seeAlso")
    source._syncing._reading._settings = blind
    await source.sync(is_full=True)
    assert source.person("u1").groups == ("all",)
    assert events.full_doubted in said(heard, "directory.sync.full")


async def test_an_account_that_is_locked_is_disabled(house, make, heard):
    source = await make()
    told = listen(source)
    house.disable("ada")
    await source.sync(is_full=False)
    assert source.person("ada").is_disabled
    assert [(change.name, change.is_out, change.was_disabled) for change in told] == [("ada", True, False)]
    house.modify(dn_of("ada"), pwdAccountLockedTime="")
    await source.sync(is_full=False)
    assert not source.person("ada").is_disabled
    assert said(heard, "identity.ldap") == [events.person_disabled, events.person_enabled]


async def test_a_filter_can_say_who_is_disabled(house, make):
    source = await make(disabled_rule=DisabledRule.FILTER, disabled_filter="(employeeType=gone)")
    assert not source.person("ada").is_disabled
    house.modify(dn_of("ada"), employeeType="gone")
    await source.sync(is_full=False)
    assert (source.person("ada").is_disabled, source.person("bob").is_disabled) == (True, False)


@pytest.mark.usefixtures("house")
async def test_a_flag_that_cannot_be_read_disables_and_is_said(make, heard):
    source = await make(disabled_rule=DisabledRule.ACTIVE_DIRECTORY)
    assert source.person("ada").is_disabled
    assert (events.disabled_failed, {"user": "ada", "reason": Index.UNCLEAR}) in heard("directory.index")


async def test_limits_leave_out_the_rest_and_say_so(crowd, make, heard):
    source = await make(max_people=5)
    assert len(list(source.people())) == 5
    assert events.full_limited in said(heard)
    crowd.add_user("one-more")
    await source.sync(is_full=False)
    assert len(list(source.people())) == 5
    assert events.delta_limited in said(heard)


@pytest.mark.usefixtures("crowd")
async def test_a_group_with_too_many_members_has_none_and_is_said(make, heard):
    source = await make(max_members=10)
    assert source.person("u1").groups == ()
    assert (events.group_members_failed, {"group": "all", "reason": Index.TOO_MANY}) in heard(
        "directory.index"
    )


@pytest.mark.usefixtures("house")
async def test_somebody_in_too_many_groups_is_in_none_and_is_said(make, heard):
    source = await make(max_groups_of_person=1)
    assert source.person("ada").groups == ()
    assert (events.user_groups_failed, {"user": "ada", "reason": Index.TOO_MANY}) in heard("directory.index")
    assert await source.sync_user("ada") == Synced("ada")
    assert (events.user_update_flawed, {"user": "ada", "reason": Index.TOO_MANY}) in heard(
        "directory.syncuser"
    )


async def test_entries_without_a_usable_name_and_cycles_are_said(house, make, heard):
    house.add_user("Not a name")
    house.add_group("in-circles", group_dn("wiki"))
    house.modify(group_dn("wiki"), member=[dn_of("ada"), group_dn("in-circles")])
    source = await make()
    assert source.person("ada").groups == ("in-circles", "staff", "wiki")
    assert (events.full_unusable, {"entries": 1, "duplicates": 0}) in heard("directory.sync.full")
    assert events.full_cycle in said(heard)


async def test_a_sync_that_fails_changes_nothing(house, make, heard):
    source = await make()
    house.kill()
    heard.forget()
    assert await source.sync(is_full=False) != ""
    assert await source.sync(is_full=True) != ""
    assert len(list(source.people())) == 2
    assert said(heard) == [
        events.delta_started,
        events.delta_failed,
        events.full_started,
        events.full_call_failed,
        events.full_failed,
    ]
    house.start()
    assert await source.sync(is_full=True) == ""


async def test_a_search_that_is_refused_changes_nothing(house, make, heard):
    source = await make()
    house.delete(group_dn("wiki"), group_dn("staff"), GROUPS)
    heard.forget()
    assert "Refused" in await source.sync(is_full=True)
    assert source.person("ada").groups == ("staff", "wiki")
    assert said(heard) == [events.full_started, events.full_users_failed, events.full_failed]


@pytest.mark.usefixtures("house")
async def test_a_full_sync_by_hand_is_said(make, heard):
    source = await make()
    await source.sync(is_full=True)
    assert (events.full_requested, {"accept_loss": False}) in heard("directory.admin")


# One person.


async def test_one_person_is_read_anew_with_their_groups(house, make, heard):
    source = await make()
    house.modify(group_dn("wiki"), member=[dn_of("bob")])
    house.add_group("new", "ada")
    house.modify(dn_of("ada"), mail="new@example.org")
    heard.forget()
    assert await source.sync_user("Ada") == Synced("ada")
    assert source.person("ada").groups == ("new",)
    assert source.person("ada").email == "new@example.org"
    assert said(heard) == [events.user_synced]
    # What was learned of the groups by the way is the same as what a sync of everybody finds.
    people = {person.name: person for person in source.people()}
    people["bob"] = dataclasses.replace(people["bob"], groups=("staff", "wiki"))
    await source.sync(is_full=True)
    assert {person.name: person for person in source.people()} == people


async def test_somebody_new_is_known_as_soon_as_they_are_asked_for(house, make):
    source = await make()
    house.add_user("eve")
    assert await source.sync_user("eve") == Synced("eve")
    assert source.person("eve").email == "eve@example.org"


@pytest.mark.parametrize("name", ["nobody", "*", ")(uid=*))", "", "a" * 300, "ada\x00", "correct horse"])
@pytest.mark.usefixtures("house")
async def test_a_name_that_nobody_has_is_not_there_and_not_written_down(make, heard, name):
    source = await make()
    heard.forget()
    assert await source.sync_user(name) == NotThere()
    assert heard("directory.syncuser") == [(events.user_not_found, {})]


async def test_somebody_who_is_not_found_any_more_stays_until_the_full_sync(house, make):
    source = await make()
    house.delete(dn_of("bob"))
    assert await source.sync_user("bob") == NotThere()
    assert source.person("bob") is not None


async def test_several_entries_of_one_name_are_no_answer_and_make_the_name_nobodys(house, make, heard):
    source = await make()
    house.add_user("impostor")
    house.modify(dn_of("impostor"), uid=["impostor", "ada"])
    assert await source.sync_user("ada") == SyncFailed()
    house.rename(dn_of("impostor"), "cn=impostor")
    house.modify(f"cn=impostor,{PEOPLE}", uid="ada")
    heard.forget()
    assert await source.sync_user("ada") == SyncFailed()
    assert said(heard) == [events.user_response_invalid]
    assert source.person("ada") is None


async def test_without_a_server_one_person_stays_as_they_are_known(house, make, heard):
    source = await make()
    house.kill()
    heard.forget()
    assert await source.sync_user("ada") == SyncFailed()
    assert await source.sync_user("correct horse battery") == NotThere()
    assert await source.sync_user("stranger") == SyncFailed()
    assert [fields.get("user") for event, fields in heard("directory.syncuser")] == ["ada", None, ""]
    assert source.person("ada") is not None


async def test_a_server_that_hangs_is_no_answer(house, make, heard):
    source = await make()
    house.pause()
    try:
        assert await source.sync_user("ada") == SyncFailed()
    finally:
        house.resume()
    assert {events.user_response_failed, events.user_call_failed} & set(said(heard))


@pytest.mark.usefixtures("house")
async def test_fifty_at_once_are_read_over_two_connections(make):
    source = await make()
    found = await asyncio.gather(*(source.sync_user(("ada", "bob")[turn % 2]) for turn in range(50)))
    assert {type(each) for each in found} == {Synced}


async def test_what_is_learned_while_a_full_sync_reads_is_not_undone_by_it(house, make):
    source = await make()
    told = listen(source)
    reading = source._syncing._reading
    everything = reading.everything

    async def slow():
        snapshot = await everything()
        house.modify(dn_of("ada"), mail="newer@example.org")
        house.disable("ada")
        await source.sync_user("ada")
        return snapshot

    reading.everything = slow
    await source.sync(is_full=True)
    assert source.person("ada").email == "newer@example.org"
    assert [change.is_out for change in told] == [True]


async def test_what_is_learned_while_changes_are_read_is_not_undone_by_them(house, make):
    source = await make()
    house.modify(dn_of("ada"), mail="new@example.org")
    told = listen(source)
    reading = source._syncing._reading
    changed = reading.changed

    async def slow(since):
        snapshot = await changed(since)
        assert "ada" in {user.name for user in snapshot.users}
        house.disable("ada")
        await source.sync_user("ada")
        return snapshot

    reading.changed = slow
    await source.sync(is_full=False)
    assert source.person("ada").is_disabled
    assert [change.is_out for change in told] == [True]


async def test_a_search_for_one_person_that_is_refused_leaves_them_as_they_are_known(house, make, heard):
    source = await make()
    house.delete(group_dn("wiki"), group_dn("staff"), GROUPS)
    heard.forget()
    assert await source.sync_user("ada") == SyncFailed()
    assert said(heard) == [events.user_response_failed]
    assert source.person("ada").groups == ("staff", "wiki")


async def test_an_entry_that_is_made_anew_is_another_person(house, make):
    source = await make()
    first, told = source.person("bob"), []
    source.changed.connect(told.append)
    house.delete(dn_of("bob"))
    house.add_user("bob")
    assert await source.sync_user("bob") == Synced("bob")
    second = source.person("bob")
    assert second.source == first.source
    assert second.entry not in {first.entry, "ldap:"}
    assert [change.person for change in told] == [second]


@pytest.mark.usefixtures("house")
async def test_people_without_an_id_are_counted_and_go_by_their_name_alone(make, heard):
    source = await make(id_attribute="nothing")
    assert source.person("ada").entry == "ldap:"
    people = len(source.people())
    assert (events.full_without_id, {"people": people}) in heard("directory.sync.full")
