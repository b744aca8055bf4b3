import asyncio
import dataclasses
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from tests.journeys.ldap_server import LdapServer, dn_of, group_dn, group_ldif, user_ldif

from yett.identity import Directory, Person
from yett.identity.ldap import DirectoryUnreachable, LdapSettings, NotThere, Synced, events
from yett.kernel import Signal, SystemClock
from yett.store import ClusterSettings, open_records

OFTEN = timedelta(milliseconds=50)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the condition comes about by itself
            await asyncio.sleep(0.01)


def said(heard, *prefixes):
    return [event for event, _ in heard(*prefixes)]


async def test_without_servers_there_is_nobody_and_it_is_said(make, heard):
    source = await make(urls=())
    assert list(source.people()) == []
    assert await source.sync_user("ada") == NotThere()
    assert "no servers" in await source.sync(is_full=True)
    assert said(heard, "ldap", "directory") == [events.provider_disabled, events.sync_disabled]


async def test_a_start_says_its_steps(ldap, make, heard):
    ldap.add_user("ada")
    await make()
    await until(lambda: events.delta_loop_started in said(heard))
    told = said(heard, "ldap.init", "directory.init", "directory.sync")
    assert told[:5] == [
        events.waiting_for_pool,
        events.provider_initializing,
        events.provider_ready,
        events.storage_ready,
        events.full_started,
    ]
    assert told[-2:] == [events.full_loop_started, events.delta_loop_started]


async def test_the_loops_keep_everybody_up_to_date(ldap, make):
    ldap.add_user("ada")
    source = await make(delta_interval=OFTEN, full_interval=OFTEN)
    ldap.add_user("eve")
    await until(lambda: source.person("eve") is not None)
    ldap.delete(dn_of("ada"))
    await until(lambda: source.person("ada") is None)


async def test_a_wrong_account_refuses_to_start_at_once(make, heard):
    with pytest.raises(DirectoryUnreachable):
        await make(bind_password="wrong", max_retry=timedelta(hours=1))
    told = said(heard, "ldap.pool", "ldap.init")
    assert events.pool_refused in told
    assert events.pool_retrying not in told
    assert told[-1] is events.provider_failed


async def test_a_wrong_account_refuses_to_start_also_with_people_from_before(ldap, make, records):
    ldap.add_user("ada")
    await (await make()).stop()
    with pytest.raises(DirectoryUnreachable):
        await make(records=records, bind_password="wrong")


async def test_a_start_waits_for_a_server_and_goes_on_when_it_comes(ldap, make, heard):
    ldap.add_user("ada")
    ldap.stop()
    source = await make(start=False, max_retry=timedelta(seconds=30))
    starting = asyncio.ensure_future(source.start())  # noqa: TID251 - a test waits for it itself
    await until(lambda: events.pool_retrying in said(heard))
    await asyncio.to_thread(ldap.start)
    await starting
    assert source.person("ada") is not None


async def test_a_start_does_not_wait_for_ever(ldap, make, heard):
    ldap.stop()
    with pytest.raises(DirectoryUnreachable):
        await make(max_retry=timedelta(milliseconds=100))
    told = said(heard, "ldap.pool", "ldap.init")
    assert events.pool_gave_up in told


async def test_an_initial_sync_that_fails_is_said_and_tried_again_later(ldap, make, heard):
    ldap.add_user("ada")
    source = await make(group_bases=("ou=none,dc=example,dc=org",), full_interval=OFTEN)
    assert events.initial_sync_failed in said(heard, "directory.init")
    ldap.add(
        "dn: ou=none,dc=example,dc=org\nobjectClass: organizationalUnit\nou: none\n",
    )
    await until(lambda: source.person("ada") is not None)


async def test_people_from_before_are_in_force_until_ldap_is_back(ldap, make, records, heard):
    ldap.add_user("ada")
    await (await make()).stop()
    ldap.stop()
    second = await make(records=records)
    assert second.person("ada") is not None
    await asyncio.to_thread(ldap.start)
    ldap.add_user("eve")
    await until(lambda: second.person("eve") is not None)
    assert second.is_connected
    assert events.pool_retrying in said(heard)


async def test_other_settings_are_taken_over_while_running(ldap, make, settings):
    ldap.add_user("ada")
    ldap.add_user("eve", employeeType="guest")
    source = await make()
    told = []
    source.changed.connect(told.append)
    await source.apply(dataclasses.replace(settings, user_filter="(employeeType=guest)"))
    await until(lambda: source.person("ada") is None)
    assert [change.name for change in told] == ["ada"]

    await source.apply(LdapSettings())
    assert list(source.people()) == []
    assert told[-1].is_out
    await source.apply(settings)
    await until(lambda: source.person("ada") is not None)


async def test_twenty_thousand_people_in_two_thousand_groups_are_known_in_seconds(make, tmp_path, tasks):
    server = LdapServer(tmp_path / "large")
    people = "".join(user_ldif(f"u{number}") for number in range(20_000))
    groups = []
    for number in range(2_000):
        members = [dn_of(f"u{(number * 50 + place) % 20_000}") for place in range(50)]
        inner = [group_dn(f"g{each}") for each in (2 * number + 1, 2 * number + 2) if each < 2_000]
        groups.append(group_ldif(f"g{number}", members + inner))
    server.fill(people + "".join(groups))
    server.start()
    ticks = []

    async def tick():
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            ticks.append(time.monotonic() - began - 0.005)

    tasks.run(tick(), name="ticks")
    figures = {}
    records = await open_records(ClusterSettings(cluster_path=tmp_path / "data"), SystemClock())
    try:
        before, began = resident(), time.monotonic()
        source = await make(urls=(server.url,), ca=server.ca, records=records)
        figures["first full sync"] = f"{time.monotonic() - began:.2f} s"
        figures["memory"] = f"{(resident() - before) / 2**20:.0f} MiB"
        assert source.sizes == (20_000, 0, 2_000)
        assert "g0" in source.person("u12345").groups
        ticks.clear()
        for what, is_full in (("full sync again", True), ("delta sync", False)):
            began = time.monotonic()
            assert await source.sync(is_full=is_full) == ""
            figures[what] = f"{time.monotonic() - began:.2f} s"
        began = time.monotonic()
        assert await source.sync_user("u12345") == Synced("u12345")
        figures["one person"] = f"{(time.monotonic() - began) * 1000:.1f} ms"
        figures["longest time nobody else ran"] = f"{max(ticks) * 1000:.0f} ms"
        await source.stop()
    finally:
        server.stop()
        await records.close()
    print("\n" + "\n".join(f"    {what}: {value}" for what, value in figures.items()))  # noqa: T201 - figures


def resident():
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


class Others:
    """Another source, stronger than LDAP."""

    def __init__(self, *people):
        self.name = "local"
        self.changed = Signal("others")
        self._people = {person.name: person for person in people}

    def person(self, name):
        return self._people.get(name)

    def people(self):
        return self._people.values()


async def test_disabling_in_ldap_ends_sessions_and_a_stronger_source_keeps_its_word(ldap, make, tasks):
    for name in ("ada", "bob"):
        ldap.add_user(name)
    ldap.add_group("wiki", "ada", "bob")
    source = await make()
    stronger = Person("bob", "Bob", "", ("local-only",), False, "local")
    directory = Directory([Others(stronger), source], tasks)
    await directory.start()
    ended = []

    async def end(name):
        ended.append(name)

    directory.revoke_with(sessions=end)
    assert directory.person("bob") == stronger
    assert directory.members("wiki") == {"ada"}
    assert directory.by_email("ADA@example.org").name == "ada"
    ldap.disable("ada")
    ldap.disable("bob")
    await source.sync(is_full=False)
    await until(lambda: sorted(ended) == ["ada", "bob"])
    assert directory.disabled == {"ada", "bob"}
    ldap.delete(group_dn("wiki"), dn_of("ada"))
    await source.sync(is_full=True)
    assert directory.person("ada") is None
