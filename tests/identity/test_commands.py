import io
import sys

import pytest

from yett.identity import LocalUsers, Person, UserCommands, UsersFileCommands
from yett.identity.local import LocalUser
from yett.kernel import CommandFailed, Place, Table, commands

HASH = "$argon2id$v=19$m=65536,t=3,p=1$" + "A" * 22 + "$" + "B" * 43


def hash_password(password):
    if len(password) < 8:
        raise ValueError("The password has to have at least 8 characters.")
    return HASH.replace("A", password[0])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def users(tmp_path):
    return LocalUsers(tmp_path / "users.toml")


@pytest.fixture
def typed(users, monkeypatch):
    """The commands, at a terminal where these passwords are typed."""

    def at_terminal(*answers):
        left = list(answers)
        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr("getpass.getpass", lambda _: left.pop(0))
        return UserCommands(users, hash_password)

    return at_terminal


@pytest.fixture
def piped(users, monkeypatch):
    """The commands, with this on standard input."""

    def from_pipe(text):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return UserCommands(users, hash_password)

    return from_pipe


def test_they_run_where_they_are_typed():
    words = ("add", "passwd", "disable", "enable", "list", "remove", "groups")
    assert [commands["users", word].place for word in words] == [Place.HERE] * len(words)
    assert [word for word in words if not commands["users", word].writes] == ["list"]


def test_a_running_gateway_is_told_of_each_change_once_it_is_written(users, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\nbattery staple\n"))
    told = []

    def tell():
        told.append({name: user.person.groups for name, user in _fresh(users).items()})

    place = UserCommands(users, hash_password, tell=tell)
    place.add("ada", group=("ops",), password_stdin=True)
    place.groups("ada", add=("dev",))
    place.groups("ada")
    place.list()
    place.disable("ada")
    place.enable("ada")
    place.passwd("ada", password_stdin=True)
    place.remove("ada")
    held = {"ada": ("dev", "ops")}
    assert told == [{"ada": ("ops",)}, held, held, held, held, {}]
    with pytest.raises(CommandFailed):
        place.disable("ada")
    assert len(told) == 6


async def test_a_running_gateway_takes_the_file_over_when_asked_to(tmp_path):
    path = tmp_path / "users.toml"
    theirs = LocalUsers(path)
    theirs.load()
    gateway = UsersFileCommands(theirs)
    LocalUsers(path).add(LocalUser(Person("ada", "Ada", "", (), is_disabled=False, source="local")))
    assert await gateway.reload() == "The users file is in force as it is now."
    assert theirs.person("ada").name == "ada"
    LocalUsers(path).disable("ada")
    await gateway.reload()
    assert theirs.person("ada").is_disabled
    path.write_text("[users\n")
    with pytest.raises(CommandFailed, match="has mistakes"):
        await gateway.reload()
    assert theirs.person("ada").is_disabled


def _fresh(users):
    found = LocalUsers(users.path)
    found.load()
    return {user.person.name: user for user in found.list()}


def test_a_person_is_added_and_listed(typed, users):
    said = typed("correct horse", "correct horse").add(
        "Ada", display_name="Ada L.", email="ada@example.org", group=("ops", "dev")
    )
    assert said == "Added ada."
    assert users.get("ada").password_hash == hash_password("correct horse")
    assert typed().list() == Table(
        ("name", "display name", "email", "groups", "disabled", "password"),
        (("ada", "Ada L.", "ada@example.org", ["dev", "ops"], False, True),),
        "There is nobody yet; `yett users add` makes the first.",
    )


def test_a_person_is_changed_step_by_step(piped, users):
    said = [
        piped("first password\n").add("ada", password_stdin=True),
        piped("second password\r\n").passwd("ada", password_stdin=True),
        piped("").groups("ada", add=("dev", "ops")),
        piped("").groups("ada", remove=("dev",)),
        piped("").groups("ada"),
        piped("").disable("ada"),
    ]
    assert said == [
        "Added ada.",
        "Set the password of ada.",
        "ada: dev, ops",
        "ada: ops",
        "ada: ops",
        "Disabled ada.",
    ]
    assert users.get("ada").password_hash == hash_password("second password")
    assert users.get("ada").password_changed_at > 0
    assert users.get("ada").person.is_disabled
    assert piped("").enable("ada") == "Enabled ada."
    assert piped("").groups("ada", remove=("ops",)) == "ada: no groups"
    assert piped("").remove("ada") == "Removed ada."
    assert users.get("ada") is None


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda typed: typed("one password", "another one").add("eve"), "differ"),
        (lambda typed: typed("short", "short").add("eve"), "at least 8"),
        (lambda typed: typed().add("ada"), "already"),
        (lambda typed: typed().add("e v e"), "is not a name"),
        (lambda typed: typed().add("eve", email="nonsense"), "not a mail address"),
        (lambda typed: typed().add("eve", group=("Big Group",)), "not a name"),
        (lambda typed: typed().passwd("eve"), "no user 'eve'"),
        (lambda typed: typed().disable("eve"), "no user 'eve'"),
        (lambda typed: typed().enable("eve"), "no user 'eve'"),
        (lambda typed: typed().remove("eve"), "no user 'eve'"),
        (lambda typed: typed().groups("eve", add=("x",)), "no user 'eve'"),
        (lambda typed: typed().groups("ada", add=("Big Group",)), "Nothing was changed"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_changed(typed, users, run, why):
    typed("password", "password").add("ada")
    before = users.path.read_bytes()
    with pytest.raises(CommandFailed, match=why):
        run(typed)
    assert users.path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "from_stdin", "why"),
    [
        ("", True, "no password on standard input"),
        ("\n", True, "no password on standard input"),
        ("x" * 5000, True, "too long"),
        ("password\n", False, "--password-stdin"),
    ],
)
def test_a_password_has_to_come_from_somewhere(piped, text, from_stdin, why):
    with pytest.raises(CommandFailed, match=why):
        piped(text).add("ada", password_stdin=from_stdin)


def test_a_broken_file_is_explained(typed, users):
    users.path.write_text("[[user]]\nname = 'Ada'\nzzz = 1\n")
    users.path.chmod(0o600)
    with pytest.raises(CommandFailed) as caught:
        typed().list()
    assert "mend them first" in str(caught.value)
    assert "unknown key 'zzz'" in str(caught.value)
