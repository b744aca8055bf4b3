import stat

import pytest

from yett.authn.kerberos.folder import Folder, FolderUnusable


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_for_us_alone_and_nothing_outlives_the_process(tmp_path):
    (tmp_path / "own" / "tickets").mkdir(parents=True)
    (tmp_path / "own" / "tickets" / ("a" * 32)).write_text("x")
    (tmp_path / "own" / "tickets" / "something else").write_text("x")
    folder = Folder(tmp_path / "own")
    folder.open(lambda path: f"# {path}\n")

    assert mode(folder.path) == 0o700
    assert mode(folder.configuration) == 0o600
    assert folder.configuration.read_text() == f"# {folder.path}\n"
    assert [path.name for path in (folder.path / "tickets").iterdir()] == ["something else"]
    kept = folder.write_cache(b"cache")
    assert mode(kept) == 0o600
    folder.close()
    assert not kept.exists()


def test_a_cache_is_gone_after_its_block_also_when_that_fails(tmp_path):
    folder = Folder(tmp_path / "own")
    folder.open(str)
    seen = []

    def fail():
        with folder.cache(b"data") as path:
            seen.append((path, path.read_bytes()))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    ((path, data),) = seen
    assert data == b"data"
    assert not path.exists()


def test_a_removed_cache_is_not_made_again(tmp_path):
    folder = Folder(tmp_path / "own")
    folder.open(str)
    path = folder.write_cache(b"one")
    folder.replace_cache(path, b"two")
    assert path.read_bytes() == b"two"
    path.unlink()
    folder.replace_cache(path, b"three")
    assert not path.exists()


def test_a_link_or_a_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(FolderUnusable):
            Folder(tmp_path / name).open(str)


def test_without_a_place_it_makes_one_and_takes_it_away():
    folder = Folder(None)
    folder.open(str)
    path = folder.path
    assert mode(path) == 0o700
    folder.close()
    assert not path.exists()


@pytest.mark.parametrize("wanted", [None, "own"])
def test_one_that_was_never_opened_deletes_nothing(tmp_path, monkeypatch, wanted):
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / ("a" * 32)).write_text("x")
    monkeypatch.chdir(tmp_path)
    Folder(None if wanted is None else tmp_path).close()

    assert (tmp_path / "tickets" / ("a" * 32)).exists()
    with pytest.raises(FolderUnusable):
        Folder(None).new_cache()
