import re
import socket
import stat

import argon2
import pytest
from tests.ports import free_port

from yett.config import load
from yett.identity import LocalUsers
from yett.kernel import CommandFailed
from yett.ops.demo import DemoFolder, folder, prepare
from yett.proxy import ProxySettings
from yett.store import ClusterSettings

HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""As little work as the algorithm allows."""


@pytest.fixture
def said():
    return []


@pytest.fixture
def make(said):
    def making(root):
        return prepare(root, HASHER.hash, say=said.append)

    return making


def test_the_folder_holds_a_configuration_that_can_be_used(make, tmp_path, said):
    made = make(tmp_path / "local")
    snapshot = load(made.configuration, {}).snapshot
    assert snapshot[ClusterSettings].directory == made.data
    (mapping,) = snapshot[ProxySettings].mapping
    assert mapping.host == "app.yett.localhost"
    assert said == [f"making the demo in {tmp_path / 'local'}"]


def test_two_people_are_made_with_passwords_of_their_own(make, tmp_path):
    made = make(tmp_path)
    passwords = made.passwords()
    assert set(passwords) == {"alice", "bob"}
    assert passwords["alice"] != passwords["bob"]
    for password in passwords.values():
        assert re.fullmatch(r"([a-z2-9]{4}-){2}[a-z2-9]{4}", password)
    users = LocalUsers(made.data / "users.toml")
    users.load()
    assert users.person("alice").groups == ("staff",)
    assert users.person("bob").groups == ()
    assert HASHER.verify(users.get("alice").password_hash, passwords["alice"])


def test_nobody_else_can_read_what_is_made(make, tmp_path):
    made = make(tmp_path / "local")
    for path in (made.people, made.configuration):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for path in (made.root, made.data):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_passwords_never_pass_through_a_file_that_was_left_open_to_others(make, tmp_path):
    draft = tmp_path / "people.draft"
    draft.write_text("left behind")
    draft.chmod(0o666)
    assert stat.S_IMODE(make(tmp_path).people.stat().st_mode) == 0o600


def test_a_second_start_keeps_everything(make, tmp_path, said):
    made = make(tmp_path)
    made.configuration.write_text(made.configuration.read_text() + "# mine\n")
    before = contents(made.root)
    said.clear()
    assert make(tmp_path) == made
    assert contents(made.root) == before
    assert said == []


def contents(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_start_that_was_interrupted_is_made_good(make, tmp_path):
    made = make(tmp_path)
    made.configuration.unlink()
    make(tmp_path)
    users = LocalUsers(made.data / "users.toml")
    users.load()
    assert HASHER.verify(users.get("alice").password_hash, made.passwords()["alice"])


@pytest.mark.parametrize("name", ['quo"te', "back\\slash", "${HOME}", "$$x", "#", "a'b"])
def test_a_path_may_hold_what_means_something_elsewhere(make, tmp_path, name):
    made = make(tmp_path / name)
    snapshot = load(made.configuration, {}).snapshot
    assert snapshot[ClusterSettings].directory == tmp_path / name / "data"
    assert snapshot[ProxySettings].mapping[0].service == f"unix:{tmp_path / name / 'demo.sock'}"


@pytest.mark.parametrize("name", ["with space", "ümlaut", "line\nbreak", "\x1b[2J", "\x7f"])
def test_a_path_that_no_address_can_hold_is_refused_and_nothing_made(make, tmp_path, name):
    with pytest.raises(CommandFailed, match="name another with --folder"):
        make(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_path_too_long_for_a_socket_is_refused_and_nothing_made(make, tmp_path):
    with pytest.raises(CommandFailed, match="too long for a socket"):
        make(tmp_path / ("x" * 100))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(make, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match="cannot make"):
        make(tmp_path / "file" / "local")


def test_a_broken_users_file_is_left_alone(make, tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    users = tmp_path / "data" / "users.toml"
    users.write_text("= broken\n")
    users.chmod(0o600)
    with pytest.raises(CommandFailed, match="users file that cannot be used"):
        make(tmp_path)
    assert users.read_text() == "= broken\n"


def test_another_port_is_taken_when_the_usual_one_is_not_free(monkeypatch):
    with socket.socket() as other:
        taken = free_port()
        other.bind(("127.0.0.1", taken))
        other.listen(1)
        monkeypatch.setattr(folder, "_FAVOURITE_PORT", taken)
        assert folder._free_port() != taken
    assert folder._free_port() == taken


def test_only_lines_about_people_are_read_as_such(tmp_path):
    (tmp_path / "people.txt").write_text(
        "The demo's people.\n\nalice   password x-y   may enter\nbob password\n"
    )
    assert DemoFolder(tmp_path).passwords() == {"alice": "x-y"}
