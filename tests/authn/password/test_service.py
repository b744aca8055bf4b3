import asyncio
import dataclasses
import threading

import pytest

from yett.authn.password import Accepted, Hasher, Password, PasswordSettings, Reason, Rejected, events
from yett.authn.password.guessing import By
from yett.events import Scope, enter_scope, leave_scope
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
async def password(users, tasks, clock):
    password = Password(users, QUICK, tasks, clock)
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


async def test_a_guesser_is_slowed_down_and_the_person_elsewhere_is_not(password, heard, clock):
    for _ in range(5):
        await password.verify("ada", "wrong", client_address="192.0.2.7")
    heard.forget()
    assert await password.verify("ada", SECRET, client_address="192.0.2.7") == Rejected(
        Reason.THROTTLED, retry_after=1.0
    )
    assert heard("authn") == [
        (
            events.throttled,
            {"user": "ada", "by": By.PERSON_AND_ADDRESS, "failures": 5, "wait_seconds": 1.0},
        )
    ]
    assert await password.verify("ada", SECRET, client_address="192.0.2.8") == Accepted("ada")
    clock.advance(1.0)
    assert await password.verify("ada", SECRET, client_address="192.0.2.7") == Accepted("ada")


async def test_names_of_nobody_are_slowed_down_alike(password):
    for _ in range(5):
        await password.verify("eve", "wrong", client_address="192.0.2.7")
    verdict = await password.verify("eve", "wrong", client_address="192.0.2.7")
    assert verdict == Rejected(Reason.THROTTLED, retry_after=1.0)


async def test_the_address_is_that_of_the_exchange_unless_given(password):
    token = enter_scope(Scope(client_address="192.0.2.7"))
    for _ in range(5):
        await password.verify("ada", "wrong")
    assert (await password.verify("ada", SECRET)).reason is Reason.THROTTLED
    leave_scope(token)
    assert await password.verify("ada", SECRET) == Accepted("ada")


async def test_many_wrong_ones_from_many_places_are_a_warning_and_no_lock(password, heard):
    for number in range(20):
        await password.verify("ada", "wrong", client_address=f"192.0.2.{number}")
        await password.verify("eve", "wrong", client_address=f"198.51.100.{number}")
    said = [fields for event, fields in heard("authn") if event is events.guessed_at]
    assert said == [{"user": "ada", "failures": 20}]
    assert await password.verify("ada", SECRET, client_address="203.0.113.1") == Accepted("ada")


async def test_more_than_can_wait_are_turned_away_and_not_counted(users, tasks, heard, clock, monkeypatch):
    password = Password(users, dataclasses.replace(QUICK, parallel_checks=1, waiting_checks=1), tasks, clock)
    gate = threading.Event()
    monkeypatch.setattr(password._hasher, "matches", lambda _encoded, _prepared: gate.wait(5))
    async with asyncio.TaskGroup() as group:
        held = [group.create_task(password.verify("ada", SECRET, client_address=str(n))) for n in range(2)]
        await asyncio.sleep(0)
        for _ in range(10):
            assert await password.verify("ada", SECRET) == Rejected(Reason.BUSY, retry_after=1.0)
        gate.set()
    assert [task.result() for task in held] == [Accepted("ada")] * 2
    assert (events.turned_away, {"user": "ada"}) in heard("authn")
    assert await password.verify("ada", SECRET) == Accepted("ada")
    await password.stop()


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
