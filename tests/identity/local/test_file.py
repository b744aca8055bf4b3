import fcntl
import os

import pytest

from yett.identity.local import file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "users.toml"


def test_what_was_replaced_is_read_and_only_the_owner_may(path):
    file.replace(path, "ä = 1\n")
    reading = file.read(path)
    assert (reading.text, reading.mistake, reading.stamp) == ("ä = 1\n", "", file.stamp_of(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*path.parent.iterdir()] == [path]


def test_no_file_is_no_mistake(path):
    assert file.read(path) == file.Reading(None, None)
    assert file.stamp_of(path) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_may_use_is_refused(path, mode):
    file.replace(path, "")
    path.chmod(mode)
    assert "chmod 600" in file.read(path).mistake


def test_a_change_of_mode_changes_the_stamp(path):
    file.replace(path, "")
    before = file.stamp_of(path)
    path.chmod(0o644)
    assert file.stamp_of(path) != before


def test_a_pipe_or_a_folder_in_the_place_of_the_file_holds_nobody_up(path):
    os.mkfifo(path, 0o600)
    assert file.read(path).mistake == "is not a file"
    path.unlink()
    path.mkdir(0o700)
    assert file.read(path).mistake == "is not a file"


def test_bytes_that_are_no_text_are_a_mistake(path):
    path.write_bytes(b"a = \xff")
    path.chmod(0o600)
    assert "is not UTF-8" in file.read(path).mistake


def test_a_huge_file_is_refused_unread(path):
    file.replace(path, "")
    os.truncate(path, file.MOST_BYTES + 1)
    assert "larger than" in file.read(path).mistake


def test_a_replacement_that_fails_leaves_the_old_text_and_nothing_else(path, monkeypatch):
    file.replace(path, "old")

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        file.replace(path, "new")
    assert file.read(path).text == "old"
    assert [*path.parent.iterdir()] == [path]


def test_a_link_to_the_file_stays_a_link(path, tmp_path):
    real = tmp_path / "elsewhere.toml"
    file.replace(real, "old")
    path.symlink_to(real)
    file.replace(path, "new")
    assert path.is_symlink()
    assert real.read_text() == "new"


def test_the_lock_is_held_by_one_at_a_time_and_given_back(path):
    with file.locked(path):
        other = os.open(path.with_name("users.toml.lock"), os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)


def test_a_file_replaced_while_it_is_read_is_read_again(path, monkeypatch):
    file.replace(path, "old")
    real, news = os.read, ["new"]

    def read(descriptor, size):
        if news:
            file.replace(path, news.pop())
        return real(descriptor, size)

    monkeypatch.setattr(os, "read", read)
    assert file.read(path).text == "new"


def test_a_file_that_never_stands_still_is_a_passing_mistake(path, monkeypatch):
    file.replace(path, "old")
    real = os.read

    def read(descriptor, size):
        path.chmod(0o600)
        file.replace(path, "new")
        return real(descriptor, size)

    monkeypatch.setattr(os, "read", read)
    assert file.read(path).is_passing
