"""File storage keeps whole files inside its root, and says what became of each request."""

import asyncio
import os

import pytest

from yett.store import FileBlocked, FileFailed, FileStorage
from yett.store.files import events
from yett.store.files.events import Operation


@pytest.fixture
def root(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def files(root):
    return FileStorage(root)


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def said(heard):
    return [event for event, _ in heard("storage")]


async def test_what_was_saved_is_loaded(files, heard):
    value = {"ä": [1, 2.5, None, True, "\u2028"], "large": 10**30}

    await files.save("reports/2027/june.json", value)

    assert await files.load("reports/2027/june.json") == value
    assert heard("storage") == [
        (events.saved, {"file": "reports/2027/june.json", "size": 70}),
        (events.loaded, {"file": "reports/2027/june.json", "size": 70}),
    ]


async def test_saving_again_replaces(files):
    await files.save("a", 1)
    await files.save("a", 2)

    assert await files.load("a") == 2
    assert await files.list() == ["a"]


async def test_files_and_directories_are_for_their_owner_only(files, root):
    before = os.umask(0)
    try:
        await files.save("a/b/c", 1)
    finally:
        os.umask(before)

    assert (root / "a/b/c").stat().st_mode & 0o777 == 0o600
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in (root, root / "a", root / "a/b"))


async def test_many_writers_of_one_file_leave_one_whole_file(files, root):
    await asyncio.gather(*(files.save("a", [number] * 1000) for number in range(30)))

    value = await files.load("a")
    assert len(set(value)) == 1
    assert names(root) == ["a"]


async def test_a_file_that_is_not_there_is_an_answer(files, heard):
    await files.save("there/b", 1)
    heard.forget()

    assert await files.load("a") is None
    assert await files.load("no/such/a") is None
    assert await files.delete("a") is False
    assert await files.delete("no/a") is False
    assert await files.list("no/such") == []
    assert await files.exists("a") is False
    assert said(heard) == [
        events.not_found,
        events.not_found,
        events.not_found_for_deletion,
        events.not_found_for_deletion,
        events.directory_not_found,
        events.existence_checked,
    ]


async def test_before_the_first_file_there_is_nothing(files, root):
    assert await files.load("a") is None
    assert await files.list() == []
    assert await files.exists("a") is False
    assert not root.exists()


async def test_a_deleted_file_is_gone(files, heard):
    await files.save("a", 1)
    heard.forget()

    assert await files.exists("a") is True
    assert await files.delete("a") is True
    assert await files.exists("a") is False
    assert heard("storage") == [
        (events.existence_checked, {"file": "a", "exists": True}),
        (events.deleted, {"file": "a"}),
        (events.existence_checked, {"file": "a", "exists": False}),
    ]


async def test_a_list_is_in_order_and_marks_directories(files, root, heard):
    for name in ("b", "a/x", "c/y"):
        await files.save(name, 1)
    (root / ".new-0123").write_text("half made")
    (root / "link").symlink_to("b")
    heard.forget()

    assert await files.list() == ["a/", "b", "c/"]
    assert await files.list("a") == await files.list("a/") == ["x"]
    assert heard("storage")[0] == (events.listed, {"directory": "", "count": 3})


async def test_a_moved_file_has_its_new_name_only(files, heard):
    await files.save("a", 1)
    await files.save("old", 2)
    heard.forget()

    await files.move("a", "deep/down/b")
    await files.move("deep/down/b", "old")

    assert await files.load("old") == 1
    assert await files.exists("a") is False
    assert said(heard)[:2] == [events.moved, events.moved]


# Names that lead out.

OUT = ["../a", "a/../../b", "/etc/passwd", "..", "a/..", "/", "inner/link/a", "file-link", "inner/../inner/a"]


@pytest.fixture
async def linked(files, root, tmp_path):
    """A root with links that lead out, and something outside to lose."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_text('"secret"')
    (root / "inner").mkdir(parents=True)
    (root / "inner" / "link").symlink_to(outside)
    (root / "file-link").symlink_to(outside / "a")
    yield files
    assert (outside / "a").read_text() == '"secret"'
    assert names(outside) == ["a"]
    assert (root / "file-link").is_symlink()


@pytest.mark.parametrize("name", OUT)
async def test_a_name_that_leads_out_is_blocked_by_every_operation(linked, heard, name):
    await linked.save("mine", 1)
    heard.forget()
    for operation, attempt in (
        (Operation.SAVE, lambda: linked.save(name, 1)),
        (Operation.LOAD, lambda: linked.load(name)),
        (Operation.DELETE, lambda: linked.delete(name)),
        (Operation.LIST, lambda: linked.list(name)),
        (Operation.EXISTS, lambda: linked.exists(name)),
    ):
        with pytest.raises(FileBlocked):
            await attempt()
        assert heard("storage") == [(events.traversal_blocked, {"operation": operation, "file": name})]
        heard.forget()
    with pytest.raises(FileBlocked):
        await linked.move(name, "mine")
    assert heard("storage") == [(events.source_blocked, {"source": name, "target": "mine"})]
    heard.forget()
    with pytest.raises(FileBlocked):
        await linked.move("mine", name)
    assert heard("storage") == [(events.target_blocked, {"source": "mine", "target": name})]
    assert await linked.load("mine") == 1


async def test_a_link_that_stays_inside_is_blocked_as_well(files, root):
    await files.save("a/b", 1)
    (root / "same").symlink_to("a")
    with pytest.raises(FileBlocked):
        await files.load("same/b")


async def test_the_root_itself_may_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "files").symlink_to(tmp_path / "disk")
    await FileStorage(tmp_path / "files").save("a", 1)

    assert (tmp_path / "disk" / "a").read_text() == "1"


@pytest.mark.parametrize(
    "name", ["", "a//b", "a/", ".", "./a", ".hidden", "a/.new-1", "a\nb", "a\0b", "x" * 201, "\udc80"]
)
async def test_what_is_no_name_is_refused(files, name):
    for attempt in (
        lambda: files.save(name, 1),
        lambda: files.load(name),
        lambda: files.delete(name),
        lambda: files.exists(name),
        lambda: files.move(name, "b"),
        lambda: files.move("b", name),
    ):
        with pytest.raises(ValueError) as refusal:
            await attempt()
        assert not isinstance(refusal.value, FileBlocked)


# What the file system does not do.


async def test_a_file_where_a_directory_should_be_stops_saving_and_moving(files, heard):
    await files.save("a", 1)
    heard.forget()

    with pytest.raises(FileFailed, match="directory"):
        await files.save("a/b", 2)
    await files.save("c", 3)
    with pytest.raises(FileFailed, match="directory"):
        await files.move("c", "a/b")

    assert said(heard) == [events.directory_uncreated, events.saved, events.target_directory_uncreated]
    assert await files.load("a") == 1
    assert await files.load("c") == 3


async def test_a_file_where_the_root_should_be_stops_everything(root, heard):
    root.write_text("in the way")
    files = FileStorage(root)
    for attempt, event in (
        (lambda: files.save("a", 1), events.directory_uncreated),
        (lambda: files.load("a"), events.unread),
        (lambda: files.delete("a"), events.undeleted),
        (files.list, events.directory_unread),
        (lambda: files.move("a", "b"), events.unmoved),
    ):
        with pytest.raises(FileFailed):
            await attempt()
        assert said(heard)[-1] is event
    assert root.read_text() == "in the way"


async def test_a_directory_where_a_file_should_be_stops_what_is_for_files(files, root, heard):
    await files.save("a/b", 1)
    await files.save("c", 1)
    for attempt, event in (
        (lambda: files.save("a", 1), events.unsaved),
        (lambda: files.load("a"), events.unread),
        (lambda: files.delete("a"), events.undeleted),
        (lambda: files.move("c", "a"), events.unmoved),
    ):
        with pytest.raises(FileFailed):
            await attempt()
        assert said(heard)[-1] is event
    assert await files.exists("a") is False
    assert names(root) == ["a", "c"]
    assert await files.load("a/b") == 1


async def test_a_file_is_no_directory_to_list(files, heard):
    await files.save("a", 1)
    with pytest.raises(FileFailed):
        await files.list("a")
    assert said(heard)[-1] is events.directory_unread


async def test_what_is_not_there_cannot_be_moved_and_leaves_nothing_behind(files, root, heard):
    await files.save("a", 1)
    with pytest.raises(FileFailed, match="could not be moved"):
        await files.move("b", "new/c")

    assert said(heard)[-1] is events.unmoved
    assert names(root) == ["a"]


def circular():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", float("nan"), {"a": float("inf")}, {(1, 2): 3}, "\ud800", circular()],
    ids=str,
)
async def test_a_value_without_a_form_in_json_changes_nothing(files, root, heard, value):
    await files.save("a", 1)
    with pytest.raises(ValueError, match="no form in JSON"):
        await files.save("a", value)

    assert said(heard) == [events.saved, events.unmarshallable]
    assert await files.load("a") == 1
    assert names(root) == ["a"]


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b'{"a": NaN}', b"\xff", b"[1] 2", b"[" * 100_000, b"1" * 5000],
    ids=lambda text: repr(text[:9]),
)
async def test_a_file_that_does_not_hold_json_is_told_and_left_alone(files, root, heard, text):
    await files.save("a", 1)
    (root / "a").write_bytes(text)
    with pytest.raises(FileFailed, match="does not hold JSON"):
        await files.load("a")

    assert said(heard)[-1] is events.malformed
    assert (root / "a").read_bytes() == text


async def test_a_file_beyond_the_limit_is_not_read(files, root, monkeypatch):
    monkeypatch.setattr("yett.store.files.tree.MAX_FILE", 10)
    await files.save("a", "12345678")
    (root / "b").write_text('"123456789"')

    assert await files.load("a") == "12345678"
    with pytest.raises(FileFailed, match="too large"):
        await files.load("b")


async def test_a_value_beyond_the_limit_is_not_saved(files, monkeypatch):
    monkeypatch.setattr("yett.store.files.storage.MAX_FILE", 10)
    with pytest.raises(ValueError, match="at most 10 bytes"):
        await files.save("a", "123456789")


async def test_a_pipe_does_not_hold_up_the_reader(files, root):
    await files.save("a", 1)
    os.mkfifo(root / "pipe")
    async with asyncio.timeout(5):
        with pytest.raises(FileFailed, match="not a regular file"):
            await files.load("pipe")
        assert await files.exists("pipe") is False
