import pytest

from yett.kernel import CommandFailed
from yett.ops.converting.files import KeptAside, created, must_be_free, target


def test_a_file_is_made_when_there_is_something_to_keep(tmp_path):
    with KeptAside(tmp_path / "x", is_exact=False) as aside:
        assert list(tmp_path.iterdir()) == []
        aside.keep(b"one")
        aside.keep(b"two")
    assert aside.path.read_bytes() == b"onetwo"
    assert aside.path.stat().st_mode & 0o777 == 0o600


def test_the_next_free_number_is_taken_unless_a_name_was_asked_for(tmp_path):
    (tmp_path / "x").write_bytes(b"old")
    with KeptAside(tmp_path / "x", is_exact=False) as aside:
        aside.keep(b"new")
    assert aside.path == tmp_path / "x.2"
    with KeptAside(tmp_path / "x", is_exact=True) as aside, pytest.raises(CommandFailed, match="already"):
        aside.keep(b"new")
    assert (tmp_path / "x").read_bytes() == b"old"


def test_a_link_leads_nowhere(tmp_path):
    (tmp_path / "x").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        created(tmp_path / "x")
    with pytest.raises(CommandFailed, match="already"):
        must_be_free(tmp_path / "x", "--out")
    assert not (tmp_path / "victim").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with (
        KeptAside(tmp_path / "no" / "x", is_exact=False) as aside,
        pytest.raises(CommandFailed, match="--rejected"),
    ):
        aside.keep(b"x")


def test_a_target_has_no_name_before_all_is_in_it(tmp_path):
    with target(str(tmp_path / "new")) as file:
        file.write(b"x")
        assert [path.name for path in tmp_path.iterdir()] == ["new.part"]
    assert (tmp_path / "new").read_bytes() == b"x"


def test_a_target_that_was_made_meanwhile_is_not_written_over(tmp_path):
    with pytest.raises(CommandFailed, match="already"), target(str(tmp_path / "new")) as file:  # noqa: PT012 - the end raises
        file.write(b"x")
        (tmp_path / "new").write_bytes(b"theirs")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert (tmp_path / "new").read_bytes() == b"theirs"
