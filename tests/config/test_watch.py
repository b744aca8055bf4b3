"""What is watched, and what a look at the files tells."""

import os

import pytest

from yett.config.watch import FolderWatch, Seen, folders_of, signature


def test_a_signature_changes_with_every_way_to_replace_a_file(tmp_path):
    source = tmp_path / "yett.toml"
    seen = [signature(source)]
    source.write_text("a")
    seen.append(signature(source))
    os.utime(source, ns=(1, 10**18))
    seen.append(signature(source))
    (tmp_path / "new").write_text("a")
    (tmp_path / "new").replace(source)
    seen.append(signature(source))
    source.unlink()
    assert signature(source) == seen[0] == ()
    assert len(set(seen)) == 4


def test_the_folders_of_a_file_follow_its_links(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "yett.toml").write_text("")
    (tmp_path / "current").symlink_to(tmp_path / "v1")
    source = tmp_path / "etc" / "yett.toml"
    source.symlink_to(tmp_path / "current" / "yett.toml")
    assert set(folders_of(source)) == {
        str(tmp_path / "etc"),
        str(tmp_path / "current"),
        str(tmp_path),
    }


def test_links_in_a_circle_are_followed_only_so_far(tmp_path):
    (tmp_path / "a.toml").symlink_to(tmp_path / "b.toml")
    (tmp_path / "b.toml").symlink_to(tmp_path / "a.toml")
    assert set(folders_of(tmp_path / "a.toml")) == {str(tmp_path)}


async def test_a_watch_sees_a_write_and_ends_when_closed(tmp_path):
    source = tmp_path / "yett.toml"
    watch = FolderWatch(source)
    watch.open()
    assert await watch.wait(0.05) is Seen.QUIET
    source.write_text("a")
    assert await watch.wait(5) is Seen.CHANGED
    watch.close()


async def test_a_folder_that_was_replaced_is_watched_anew(tmp_path):
    folder = tmp_path / "conf"
    folder.mkdir()
    watch = FolderWatch(folder / "yett.toml")
    watch.open()
    folder.rmdir()
    watch.renew()
    assert await watch.wait(0.05) is Seen.QUIET
    folder.mkdir()
    watch.renew()
    (folder / "yett.toml").write_text("a")
    assert await watch.wait(5) is Seen.CHANGED
    watch.close()


def test_nothing_to_watch_is_an_error(tmp_path):
    watch = FolderWatch(tmp_path / "no" / "yett.toml")
    with pytest.raises(FileNotFoundError):
        watch.open()
    watch.close()
