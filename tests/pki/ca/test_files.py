import os
import threading

import pytest

from yett.pki.ca import files
from yett.pki.ca.model import AuthorityUnavailable


def test_a_file_appears_whole_and_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        files.write(tmp_path / "key", b"secret")
    finally:
        os.umask(before)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert files.read(tmp_path / "key", is_secret=True) == b"secret"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path):
    (tmp_path / "key").mkdir()
    with pytest.raises(AuthorityUnavailable, match="cannot be written"):
        files.write(tmp_path / "key", b"secret")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_what_is_not_there_is_none(tmp_path):
    assert files.read(tmp_path / "key", is_secret=True) is None


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(AuthorityUnavailable):
        files.read(tmp_path, is_secret=False)


def test_a_file_in_place_of_the_directory_is_named(tmp_path):
    (tmp_path / "pki").write_text("")
    with pytest.raises(AuthorityUnavailable, match="cannot be made"):
        files.make_directory(tmp_path / "pki")


def test_only_one_at_a_time_is_in_the_directory(tmp_path):
    inside, most = [], []

    def enter():
        with files.alone_in(tmp_path):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
