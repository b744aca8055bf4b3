import asyncio
import dataclasses
import threading

import pytest
from argon2.exceptions import VerificationError

from yett.authn.password import (
    Accepted,
    Changed,
    Hasher,
    Password,
    PasswordSettings,
    Reason,
    Rejected,
    events,
)
from yett.identity import LocalUser, LocalUsers, Person
from yett.kernel import Supervisor

QUICK = PasswordSettings(memory=8192, passes=1)
SECRET = "correct horse battery"
HASH = Hasher(QUICK).hash_new(SECRET)


def user(name, *, is_disabled=False, password_hash=HASH):
    return LocalUser(Person(name, name, "", (), is_disabled, "local"), password_hash)


@pytest.fixture
def users(tmp_path):
    users = LocalUsers(tmp_path / "users.toml")
    for entry in (user("ada"), user("off", is_disabled=True), user("bare", password_hash="")):
        users.add(entry)
    users.load()
    return users


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


@pytest.fixture
async def password(users, tasks):
    password = Password(users, QUICK, tasks)
    yield password
    await password.stop()


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a thread changes it
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("name", ["ada", " Ada ", "ADA"])
async def test_the_right_password_is_accepted_for_the_proper_name(password, heard, name):
    assert await password.verify(name, SECRET) == Accepted("ada")
    assert heard("authn") == [(events.accepted, {"user": "ada"})]


@pytest.mark.parametrize(
    ("name", "typed", "reason", "said"),
    [
        ("ada", "wrong", Reason.WRONG, "ada"),
        ("off", SECRET, Reason.DISABLED, "off"),
        ("bare", SECRET, Reason.NO_PASSWORD, "bare"),
        ("eve", SECRET, Reason.UNKNOWN_PERSON, ""),
        ("hunter2", "ada", Reason.UNKNOWN_PERSON, ""),
        ("not a name!", SECRET, Reason.UNKNOWN_PERSON, ""),
        ("", SECRET, Reason.UNKNOWN_PERSON, ""),
        ("ada", "", Reason.MALFORMED, "ada"),
        ("ada", "x" * 5000, Reason.MALFORMED, "ada"),
        ("ada", SECRET + "\x00", Reason.MALFORMED, "ada"),
    ],
)
async def test_anything_else_is_rejected_and_a_name_of_nobody_is_not_written_down(
    password, heard, name, typed, reason, said
):
    assert await password.verify(name, typed) == Rejected(reason)
    assert heard("authn") == [(events.rejected, {"user": said, "reason": reason})]


@pytest.mark.parametrize("name", ["ada", "off", "bare", "eve", "not a name!"])
async def test_the_same_work_is_done_whoever_is_named(password, monkeypatch, name):
    done = []
    real = password._hasher.matches

    def matches(encoded, prepared):
        done.append(encoded.split("$")[:4])
        return real(encoded, prepared)

    monkeypatch.setattr(password._hasher, "matches", matches)
    await password.verify(name, "some password")
    assert done == [["", "argon2id", "v=19", "m=8,t=1,p=1"]]


async def test_more_than_can_wait_are_turned_away(users, tasks, heard, monkeypatch):
    password = Password(users, dataclasses.replace(QUICK, parallel_checks=1, waiting_checks=1), tasks)
    gate = threading.Event()
    monkeypatch.setattr(password._hasher, "matches", lambda _encoded, _prepared: gate.wait(5))
    async with asyncio.TaskGroup() as group:
        held = [group.create_task(password.verify("ada", SECRET)) for _ in range(2)]
        await asyncio.sleep(0)
        for _ in range(10):
            assert await password.verify("ada", SECRET) == Rejected(Reason.BUSY, retry_after=1.0)
            assert await password.pretend(SECRET) == Rejected(Reason.BUSY, retry_after=1.0)
        gate.set()
    assert [task.result() for task in held] == [Accepted("ada")] * 2
    assert (events.turned_away, {"user": "ada"}) in heard("authn")
    assert await password.verify("ada", SECRET) == Accepted("ada")
    await password.stop()


async def test_to_pretend_is_the_same_work_and_says_nothing(password, heard, monkeypatch):
    done = []
    real = password._hasher.matches

    def matches(encoded, prepared):
        done.append(encoded == password._hasher.decoy)
        return real(encoded, prepared)

    monkeypatch.setattr(password._hasher, "matches", matches)
    assert await password.pretend(SECRET) is None
    assert await password.pretend("") is None
    assert done == [True]
    assert heard("authn") == []


async def test_to_pretend_fails_as_a_check_does(password, heard, monkeypatch):
    def matches(_encoded, _prepared):
        raise VerificationError("Memory allocation error")

    monkeypatch.setattr(password._hasher, "matches", matches)
    assert await password.verify("ada", SECRET) == Rejected(Reason.FAILED)
    assert await password.pretend(SECRET) == Rejected(Reason.FAILED)
    assert [emitter for emitter, _ in heard("authn")] == [events.check_failed] * 2


@pytest.mark.parametrize(
    ("typed", "can_be"), [(SECRET, True), ("", False), ("x" * 5000, False), ("\x00", False)]
)
async def test_what_nobody_can_have_chosen_is_known_without_work(password, typed, can_be):
    assert password.can_be(typed) is can_be


@pytest.mark.parametrize("change", ["disable", "remove", "passwd"])
async def test_whoever_is_changed_during_the_check_is_not_let_in(password, users, monkeypatch, change):
    def matches(_encoded, _prepared):
        match change:
            case "disable":
                users.disable("ada")
            case "remove":
                users.remove("ada")
            case "passwd":
                users.set_password_hash("ada", Hasher(QUICK).hash_new("another password"))
        return True

    monkeypatch.setattr(password._hasher, "matches", matches)
    assert isinstance(await password.verify("ada", SECRET), Rejected)


async def test_a_damaged_hash_lets_nobody_in_and_is_loud(password, users, heard):
    damaged = "$argon2id$v=19$m=8,t=1,p=1$" + "A" * 13 + "$" + "B" * 25
    users.set_password_hash("ada", damaged)
    assert await password.verify("ada", SECRET) == Rejected(Reason.FAILED)
    [(event, fields)] = heard("authn")
    assert (event, fields["user"]) == (events.check_failed, "ada")


async def test_a_hash_is_renewed_when_the_settings_ask_for_other_work(password, users, heard):
    stronger = dataclasses.replace(QUICK, passes=2)
    password.configure(stronger)
    assert await password.verify("ada", SECRET) == Accepted("ada")
    await until(lambda: (events.hash_renewed, {"user": "ada"}) in heard("authn"))
    renewed = users.get("ada").password_hash
    assert "t=2" in renewed
    assert await password.verify("ada", SECRET) == Accepted("ada")
    assert users.get("ada").password_hash == renewed


async def test_a_hash_is_not_renewed_over_a_password_changed_meanwhile(password, users, tasks, monkeypatch):
    password.configure(dataclasses.replace(QUICK, passes=2))
    changed = Hasher(QUICK).hash_new("another password")
    real = password._hasher.hash

    def hash_late(prepared):
        users.set_password_hash("ada", changed)
        return real(prepared)

    monkeypatch.setattr(password._hasher, "hash", hash_late)
    assert await password.verify("ada", SECRET) == Accepted("ada")
    await until(lambda: len(tasks) == 0)
    assert users.get("ada").password_hash == changed


async def test_a_users_file_that_cannot_be_written_keeps_the_old_hash(password, users, heard):
    password.configure(dataclasses.replace(QUICK, passes=2))
    users.path.with_name("users.toml.lock").unlink()
    users.path.with_name("users.toml.lock").mkdir()
    assert await password.verify("ada", SECRET) == Accepted("ada")
    await until(lambda: [event for event, _ in heard("authn")][-1] is events.hash_not_renewed)
    assert users.get("ada").password_hash == HASH


async def test_no_password_and_no_hash_is_ever_said(password, heard):
    for name, typed in [("ada", SECRET), ("ada", "a wrong secret"), (SECRET, "ada"), ("a wrong secret", "x")]:
        await password.verify(name, typed)
    said = repr([record.values for record in heard.records])
    assert SECRET not in said
    assert "a wrong secret" not in said
    assert "argon2id" not in said


NEW = "another long password"


async def test_whoever_knows_the_old_password_sets_a_new_one(password, users, heard):
    assert await password.change("Ada", SECRET, NEW, now=1_800_000_000.1239) == Changed()
    assert users.get("ada").password_changed_at == 1_800_000_000.123
    assert heard("authn") == [(events.changed, {"user": "ada"})]
    assert await password.verify("ada", NEW) == Accepted("ada")
    assert (await password.verify("ada", SECRET)).reason is Reason.WRONG


@pytest.mark.parametrize(
    ("name", "old", "new", "reason", "sentence"),
    [
        ("ada", "wrong", NEW, Reason.WRONG, "old password is not right"),
        ("nobody", SECRET, NEW, Reason.UNKNOWN_PERSON, "old password is not right"),
        ("off", SECRET, NEW, Reason.DISABLED, "old password is not right"),
        ("ada", "", NEW, Reason.MALFORMED, ""),
        ("ada", SECRET, "short", Reason.UNFIT, "at least 12 characters"),
        ("ada", SECRET, "with a \x07 bell inside", Reason.UNFIT, "control character"),
        ("ada", SECRET, SECRET, Reason.UNFIT, "is the old one"),
        ("ada", "Ame\u0301lie was here", "Am\u00e9lie was here", Reason.UNFIT, "is the old one"),
    ],
)
async def test_what_is_wrong_with_a_change_is_said_and_nothing_is_changed(
    password, users, heard, name, old, new, reason, sentence
):
    outcome = await password.change(name, old, new, now=1.0)
    assert not outcome.is_changed
    assert outcome.reason is reason
    assert sentence in outcome.sentence
    assert users.get("ada").password_hash == HASH
    (said,) = heard("authn")
    assert said[0] is events.not_changed
    assert said[1]["reason"] is reason


async def test_of_fifty_changes_at_once_exactly_one_is_made(users, tasks):
    password = Password(users, dataclasses.replace(QUICK, waiting_checks=100), tasks)
    outcomes = await asyncio.gather(
        *(password.change("ada", SECRET, f"{NEW} number {number}", now=1.0) for number in range(50))
    )
    await password.stop()
    (winner,) = [number for number, outcome in enumerate(outcomes) if outcome.is_changed]
    assert Hasher(QUICK).matches(users.get("ada").password_hash, f"{NEW} number {winner}".encode())


async def test_a_hash_that_is_renewed_meanwhile_does_not_stop_a_change(users, password):
    renewed = Hasher(QUICK).hash_new(SECRET)
    whole = users.set_password_hash

    def renew_first(name, password_hash, *, replacing=None, changed_at=None):
        users.set_password_hash = whole
        whole(name, renewed)
        return whole(name, password_hash, replacing=replacing, changed_at=changed_at)

    users.set_password_hash = renew_first
    assert await password.change("ada", SECRET, NEW, now=1.0) == Changed()


async def test_a_file_that_cannot_be_written_keeps_the_old_password(users, password, heard):
    users.path.write_text("[[user]]\nname = 7\n")
    outcome = await password.change("ada", SECRET, NEW, now=1.0)
    assert outcome.reason is Reason.FAILED
    assert heard("authn")[0][0] is events.change_failed
