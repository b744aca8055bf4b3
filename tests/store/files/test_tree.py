"""Names, and the anomalies of writing: whatever fails, the old file is whole and nothing is left over."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.store.files.tree import FileBlocked, Tree, split

OPEN = Path("/proc/self/fd")
CALLS = ("open", "mkdir", "fsync", "rename", "fdopen")


def names(directory):
    return [path.name for path in directory.iterdir()]


@given(st.text())
def test_any_text_is_split_into_plain_parts_or_refused(name):
    try:
        parts = split(name)
    except ValueError:
        return
    assert "/".join(parts) == name
    assert all(part and not part.startswith(".") and "/" not in part for part in parts)


@pytest.mark.parametrize("name", ["..", "a/..", "../a", "/a", "/"])
def test_what_leads_out_is_told_apart_from_what_is_no_name(name):
    with pytest.raises(FileBlocked):
        split(name)


def test_a_write_that_fails_anywhere_leaves_the_old_file_or_the_new_one(tmp_path, monkeypatch):
    """Every call into the system fails once."""
    genuine = {name: getattr(os, name) for name in CALLS}
    handles_before = len(names(OPEN))
    failures = 0
    for nth in range(1, 20):
        tree = Tree(tmp_path / str(nth))
        tree.write(("a", "b"), b"old")
        countdown = [nth]

        def failing(name, countdown=countdown):
            def call(*args, **options):
                countdown[0] -= 1
                if countdown[0] == 0:
                    raise OSError(28, "No space left on device")
                return genuine[name](*args, **options)

            return call

        with monkeypatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, failing(name))
            try:
                tree.write(("a", "b"), b"new")
            except Exception:  # noqa: BLE001 - which error it becomes is asserted elsewhere
                failures += 1
        assert tree.read(("a", "b")) in {b"old", b"new"}
        assert names(tmp_path / str(nth) / "a") == ["b"]
    assert failures > 5
    assert len(names(OPEN)) == handles_before
