import asyncio
import dataclasses
import os
import subprocess
import sys
import time

import pytest

from yett.identity import (
    LocalUser,
    LocalUsers,
    PasswordChanged,
    Person,
    PersonChanged,
    UsersFileBroken,
    UsersFileRefused,
)
from yett.identity.local import events, file
from yett.kernel import Supervisor

HASH = "$argon2id$v=19$m=65536,t=3,p=1$" + "A" * 22 + "$" + "B" * 43
OTHER = HASH.replace("B", "C")


def user(name, *groups, password_hash=HASH):
    return LocalUser(Person(name, name, "", groups, is_disabled=False, source="local"), password_hash)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "users.toml"


@pytest.fixture
def users(path, clock):
    """A file with ada and bob, read by somebody whose clock stands still."""
    writer = LocalUsers(path)
    writer.add(user("ada", "dev"))
    writer.add(user("bob"))
    users = LocalUsers(path, clock=clock)
    users.load()
    return users


@pytest.fixture
def told(users):
    changes = []
    users.changed.connect(changes.append)
    return changes


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the file system tells nobody in this test
            await asyncio.sleep(0.01)


def write(path, text):
    file.replace(path, text)


def test_people_are_found_and_listed(users):
    found = users.get("ada")
    assert dataclasses.replace(found, person=dataclasses.replace(found.person, id="")) == user("ada", "dev")
    assert users.person("ada").groups == ("dev",)
    assert users.person("eve") is None
    assert [person.name for person in users.people()] == ["ada", "bob"]


def test_whoever_is_added_gets_an_id_and_who_comes_after_them_another(users, path):
    first = users.person("ada")
    assert first.id
    assert first.id != users.person("bob").id

    users.remove("ada")
    users.add(user("ada", "dev"))
    assert users.person("ada").id not in {"", first.id}
    assert f'id = "{users.person("ada").id}"' in path.read_text()


def test_an_id_that_was_given_stays(users):
    users.add(LocalUser(Person("cy", "cy", "", (), is_disabled=False, source="local", id="old-1")))
    assert users.person("cy").entry == "local:old-1"


def test_a_person_who_is_removed_and_added_between_two_looks_is_told_as_another(users, path, told, clock):
    first = users.person("ada")
    other = LocalUsers(path)
    other.remove("ada")
    other.add(user("ada", "dev"))
    clock.advance(5)
    second = users.person("ada")
    assert told == [PersonChanged("ada", second, was_disabled=False)]
    assert (second.name, second.groups) == (first.name, first.groups)
    assert second.entry != first.entry


def test_no_file_means_nobody(path, heard):
    users = LocalUsers(path)
    users.load()
    assert users.list() == []
    assert heard() == [(events.loaded, {"file": str(path), "people": 0})]


def test_a_broken_file_is_refused_at_the_start(path, heard):
    path.parent.mkdir()
    write(path, "[[user]]\nname = 'Ada'\nzzz = 1\n")
    with pytest.raises(UsersFileBroken) as caught:
        LocalUsers(path).load()
    assert len(caught.value.mistakes) == 2
    [(event, fields)] = heard()
    assert (event, fields["mistakes"]) == (events.refused, 2)


def test_every_change_is_in_the_file_at_once_for_whoever_made_it(users):
    users.disable("ada")
    assert users.person("ada").is_disabled
    users.enable("ada")
    assert not users.person("ada").is_disabled
    assert users.change_groups("ada", add=["ops", "x"], remove=["dev", "nothing"]) == ("ops", "x")
    assert users.person("ada").groups == ("ops", "x")
    assert users.set_password_hash("ada", OTHER)
    assert users.get("ada").password_hash == OTHER
    users.remove("ada")
    assert users.get("ada") is None


def test_a_hash_is_replaced_only_if_it_is_still_the_expected_one(users):
    assert not users.set_password_hash("ada", OTHER, replacing=OTHER)
    assert users.get("ada").password_hash == HASH
    assert users.set_password_hash("ada", OTHER, replacing=HASH)
    assert not users.set_password_hash("gone", OTHER, replacing=HASH)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda users: users.add(user("ada")), "already"),
        (lambda users: users.add(user("Eve")), "not a name"),
        (lambda users: users.add(user("eve", "No Group")), "not a name"),
        (lambda users: users.disable("eve"), "no user 'eve'"),
        (lambda users: users.enable("eve"), "no user 'eve'"),
        (lambda users: users.remove("eve"), "no user 'eve'"),
        (lambda users: users.change_groups("eve", add=["x"]), "no user 'eve'"),
        (lambda users: users.set_password_hash("eve", HASH), "no user 'eve'"),
        (lambda users: users.set_password_hash("ada", "plain"), "not an Argon2id hash"),
        (lambda users: users.check(user("eve", "No Group")), "not a name"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(users, path, change, why):
    before = path.read_bytes()
    with pytest.raises(UsersFileRefused, match=why):
        change(users)
    assert path.read_bytes() == before


def test_a_broken_file_is_not_changed(users, path):
    write(path, "zzz = 1\n")
    with pytest.raises(UsersFileBroken):
        users.disable("ada")
    assert path.read_text() == "zzz = 1\n"


def test_a_file_that_cannot_be_written_is_a_clear_refusal(users, monkeypatch):
    def fail(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(file, "replace", fail)
    with pytest.raises(UsersFileRefused, match="Read-only file system"):
        users.disable("ada")


def test_a_change_from_elsewhere_is_seen_within_a_second_without_any_watching(users, path, clock):
    LocalUsers(path).disable("ada")
    clock.advance(1.1)
    assert users.person("ada").is_disabled


def test_changes_are_told_and_recorded(users, told, path, heard):
    other = LocalUsers(path)
    other.disable("ada")
    other.add(user("cy", "dev"))
    other.remove("bob")
    heard.forget()
    users.refresh()
    assert told == [
        PersonChanged("ada", users.person("ada"), was_disabled=False),
        PersonChanged("bob", None, was_disabled=False),
        PersonChanged("cy", users.person("cy"), was_disabled=False),
    ]
    assert heard() == [
        (events.person_disabled, {"user": "ada"}),
        (events.person_removed, {"user": "bob"}),
        (events.person_added, {"user": "cy", "groups": ("dev",)}),
    ]
    told.clear()
    heard.forget()
    other.enable("ada")
    other.change_groups("ada", add=["ops"])
    users.refresh()
    assert [change.was_disabled for change in told] == [True]
    assert heard() == [
        (events.person_enabled, {"user": "ada"}),
        (events.person_changed, {"user": "ada", "groups": ("dev", "ops"), "groups_before": ("dev",)}),
    ]


def test_a_broken_file_keeps_the_last_good_people_and_says_so_once(users, told, path, heard):
    write(path, "[[user]]\nname = 'ada'\nzzz = 1\n")
    for _ in range(3):
        users.refresh()
    assert users.person("ada").groups == ("dev",)
    assert users.person("bob") is not None
    assert told == []
    assert [event for event, _ in heard()] == [events.kept]


def test_whoever_a_broken_file_disables_is_out_until_it_is_mended(users, told, path, heard):
    write(path, "[[user]]\nname = 'ada'\ndisabled = true\nzzz = 1\n")
    users.refresh()
    assert users.person("ada").is_disabled
    assert users.get("ada").person.is_disabled
    assert not users.person("bob").is_disabled
    assert [change.name for change in told] == ["ada"]
    assert told[0].is_out
    write(path, "[[user]]\nname = 'ada'\n[[user]]\nname = 'bob'\n")
    users.refresh()
    assert not users.person("ada").is_disabled
    assert (events.accepted_again, {"file": str(path), "people": 2}) in heard()


@pytest.mark.parametrize("harm", ["remove", "empty", "open to others", "a folder"])
def test_a_file_that_cannot_be_used_any_more_throws_nobody_out_and_lets_nobody_in(
    users, told, path, heard, harm
):
    match harm:
        case "remove":
            path.unlink()
        case "empty":
            write(path, "")
        case "open to others":
            path.chmod(0o644)
        case "a folder":
            path.unlink()
            path.mkdir()
    users.refresh()
    assert users.person("ada").groups == ("dev",)
    assert [event for event, _ in heard()] == [events.kept]
    assert told == []


def test_a_slow_look_does_not_undo_what_a_later_one_saw(users, path):
    other = LocalUsers(path)
    other.change_groups("ada", add=["ops"])
    slow, seen = users._next_look(), users._read()
    other.disable("ada")
    users.refresh()
    users._take_over(slow, *seen)
    assert users.person("ada").is_disabled


def test_removing_the_last_person_by_command_is_meant(users, path):
    users.remove("ada")
    users.remove("bob")
    assert users.list() == []
    assert path.read_text()


async def test_a_running_gateway_takes_a_change_over_at_once(path):
    LocalUsers(path).add(user("ada"))
    tasks = Supervisor()
    users = LocalUsers(path, tasks)
    told = []
    users.changed.connect(told.append)
    await users.start()
    began = time.monotonic()
    await asyncio.to_thread(LocalUsers(path).disable, "ada")
    await until(lambda: told)
    assert time.monotonic() - began < 1.0
    assert told[0].is_out
    await users.stop()
    assert len(tasks) == 0
    await tasks.stop()


async def test_starting_makes_the_folder(path):
    users = LocalUsers(path)
    await users.start()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    await users.stop()


ADD = """
import sys
from pathlib import Path
from yett.identity import LocalUser, LocalUsers, Person
sys.stdin.readline()
users = LocalUsers(Path(sys.argv[1]))
for number in range(15):
    users.add(LocalUser(Person(f"{sys.argv[2]}{number}", "x", "", (), False, "local")))
"""


def test_two_processes_that_add_people_at_once_lose_nobody(path):
    started = [
        subprocess.Popen([sys.executable, "-c", ADD, path, name], stdin=subprocess.PIPE, env=os.environ)
        for name in ("a", "b")
    ]
    for process in started:
        process.stdin.write(b"go\n")
        process.stdin.close()
    assert [process.wait(30) for process in started] == [0, 0]
    users = LocalUsers(path)
    users.load()
    assert {entry.person.name for entry in users.list()} == {f"{n}{i}" for n in "ab" for i in range(15)}


def test_a_change_of_password_is_told_with_its_time_and_a_renewed_hash_is_not(users):
    told = []
    users.password_changed.connect(told.append)
    users.set_password_hash("ada", OTHER)
    users.refresh()
    assert told == []
    users.set_password_hash("ada", HASH, changed_at=1_800_000_000.5)
    users.refresh()
    assert told == [PasswordChanged("ada", 1_800_000_000.5)]
    assert users.get("ada").password_changed_at == 1_800_000_000.5
    # Other changes, and renewed hashes, keep the time.
    users.disable("ada")
    users.set_password_hash("ada", OTHER)
    users.refresh()
    assert len(told) == 1
    assert users.get("ada").password_changed_at == 1_800_000_000.5
