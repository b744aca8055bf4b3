"""Files: found, read within limits, merged."""

import pytest

from yett.config import ConfigInvalid, Stage
from yett.config.sources import MOST_FILES, File, Tree, digest_of, gather


def merged(*texts, tmp_path):
    tree = Tree()
    for position, text in enumerate(texts):
        tree.add(File(tmp_path / f"{position}.toml", text.encode()))
    return tree


def test_tables_join_and_arrays_of_tables_append(tmp_path):
    tree = merged("[a]\nb = 1\n[[a.c]]\nd = 1\n", "[a]\ne = 2\n[[a.c]]\nd = 2\n", tmp_path=tmp_path)
    assert tree.root == {"a": {"b": 1, "e": 2, "c": [{"d": 1}, {"d": 2}]}}
    assert tree.place_of(("a", "c", 1, "d")) == f"{tmp_path}/1.toml:4"
    assert tree.place_of(("a", "e")) == f"{tmp_path}/1.toml:2"
    assert tree.place_of(("a", "b")) == f"{tmp_path}/0.toml:2"
    assert tree.origin_of(("a", "c", 0)).name == "0.toml"
    assert tree.place_of(("nowhere",)) == ""
    assert tree.origin_of(("nowhere",)) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a = 1", "a = 1"),
        ("a = [1]", "a = [2]"),
        ("a = 1", "[a]"),
        ("[a]", "[[a]]"),
        ("a = []", "[[a]]"),
    ],
)
def test_anything_else_may_be_said_once(tmp_path, first, second):
    (mistake,) = merged(first, second, tmp_path=tmp_path).mistakes
    assert (mistake.key, mistake.hint) == ("a", "keep one of them")
    assert mistake.place == f"{tmp_path}/1.toml:1"


def test_the_digest_tells_contents_and_names_apart(tmp_path):
    def digest(*files):
        return digest_of([File(tmp_path / name, content) for name, content in files])

    digests = {
        digest(("a", b"x")),
        digest(("b", b"x")),
        digest(("a", b"x"), ("b", b"")),
        digest(("a", b""), ("b", b"x")),
        digest(("a", b"x\n")),
    }
    assert len(digests) == 5


def test_a_folder_among_the_files_is_a_mistake(tmp_path):
    (tmp_path / "x.toml").mkdir()
    with pytest.raises(ConfigInvalid, match="is no regular file") as caught:
        gather(tmp_path)
    assert caught.value.stage is Stage.PARSING


def test_a_link_to_nowhere_is_a_missing_file(tmp_path):
    (tmp_path / "x.toml").symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigInvalid, match="no such file") as caught:
        gather(tmp_path)
    assert caught.value.stage is Stage.MISSING


def test_too_many_files_are_refused(tmp_path):
    for number in range(MOST_FILES + 1):
        (tmp_path / f"{number}.toml").touch()
    with pytest.raises(ConfigInvalid, match="more than 1000 files"):
        gather(tmp_path)
