import json
import os
from pathlib import Path

import pytest
from tests.events import samples
from tests.events.samples import SECOND, START, record

from yett.events import Journal, Limits, Native, Query, Search, Sync, parse_condition, scanning


def line(index, *, name="x"):
    return Native("n").line(record(samples.plain, name, index, at=START + index * SECOND))


def write(path, lines, *, end=b"\n"):
    path.write_bytes(b"\n".join(lines) + end)
    return path


def counts(files, directory=None, **conditions):
    search = Search(directory, Query(is_newest_first=False, **conditions), also=files)
    return [entry["count"] for entry in search if "count" in entry], search


def test_a_file_in_order_is_read_like_a_segment(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "BLOCK", 300)
    path = write(tmp_path / "a.jsonl", [line(index) for index in range(50)])
    found, search = counts([path], since=START / SECOND + 20, until=START / SECOND + 22)
    assert found == [20, 21]
    assert search.bytes_read < path.stat().st_size / 2
    assert search.outside[0].is_ordered
    assert [entry["count"] for entry in Search(None, Query(limit=2), also=[path])] == [49, 48]


def test_a_file_in_no_order_is_put_in_order(tmp_path):
    path = write(tmp_path / "a.jsonl", [line(index) for index in (5, 1, 9, 3)])
    found, search = counts([path])
    assert found == [1, 3, 5, 9]
    assert not search.outside[0].is_ordered
    assert counts([path], limit=2)[0] == [1, 3]
    assert [entry["count"] for entry in Search(None, Query(limit=3), also=[path])] == [9, 5, 3]
    assert [entry["count"] for entry in Search(None, Query(), also=[path])] == [9, 5, 3, 1]


def test_lines_that_overtook_each_other_by_a_moment_are_in_order(tmp_path):
    path = write(tmp_path / "a.jsonl", [line(index) for index in (1, 3, 2, 4)])
    assert counts([path])[1].outside[0].is_ordered


def test_the_last_line_counts_without_its_line_break(tmp_path):
    path = write(tmp_path / "a.jsonl", [line(1), line(2)], end=b"")
    assert counts([path])[0] == [1, 2]
    assert [entry["count"] for entry in Search(None, Query(), also=[path])] == [2, 1]
    late = write(tmp_path / "b.jsonl", [line(9), line(2)], end=b"")
    assert counts([late])[0] == [2, 9]


@pytest.mark.parametrize(
    "how", [{"separators": (", ", ": ")}, {"separators": (",", " : ")}, {"indent": None}]
)
def test_lines_that_others_wrote_are_found_by_every_condition(tmp_path, how):
    entry = json.loads(line(1, name="Ä/b<"))
    path = write(tmp_path / "a.jsonl", [json.dumps(entry, **how).encode(), line(2, name="Ä/b<")])
    for conditions in ({"text": "Ä/b"}, {"code": "sample.plain.plain"}, {"component": "sample"}):
        assert counts([path], **conditions)[0] == [1, 2]
    assert counts([path], where=(parse_condition("name=Ä/b<"),))[0] == [1, 2]
    assert counts([path], where=(parse_condition("count<=1"),))[0] == [1]


def test_times_in_other_forms_are_put_in_order(tmp_path):
    entry = json.loads(line(0))
    times = [
        "2027-01-15T08:00:00Z",
        "2027-01-15T09:00:00.5+01:00",
        "2027-01-15T08:00:01",
        "2027-01-15 08:00:02.123456789Z",
    ]
    lines = [json.dumps(entry | {"time": time, "count": index}).encode() for index, time in enumerate(times)]
    found, search = counts([write(tmp_path / "a.jsonl", lines)], since=START / SECOND + 0.5)
    assert found == [1, 2, 3]
    assert search.outside[0].is_ordered


def test_damaged_lines_are_counted_and_left_out(tmp_path):
    lines = [line(1), b"", b"\xff\x00{", b"[]", b'{"time":5}', b'{"time":"yesterday"}', b"[" * 5000, line(2)]
    found, search = counts([write(tmp_path / "a.jsonl", lines)])
    assert found == [1, 2]
    assert search.damaged == 5
    assert search.outside[0].readable == 2


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff" * 5000, b'{"time":"2027', os.urandom(5000)])
def test_a_file_without_a_native_line_holds_nothing(tmp_path, content):
    path = tmp_path / "a"
    path.write_bytes(content)
    for query in (Query(), Query(since=1.0, is_newest_first=False), Query(text="a", limit=1)):
        assert list(Search(None, query, also=[path])) == []


def test_a_file_is_merged_with_the_log_and_what_both_hold_is_told_once(tmp_path):
    journal = Journal(tmp_path / "log", Limits(sync=Sync.NONE))
    journal.open()
    for index in (1, 3, 5):
        journal.records.write([record(samples.plain, "x", index, at=START + index * SECOND)])
    journal.close()
    lines = [Native().line(record(samples.plain, "x", each, at=START + each * SECOND)) for each in (2, 3, 4)]
    path = write(tmp_path / "a.jsonl", lines)
    assert counts([path], tmp_path / "log")[0] == [1, 2, 3, 4, 5]


def test_a_directory_is_another_log(tmp_path):
    for name, index in (("one", 1), ("two", 2)):
        journal = Journal(tmp_path / name, Limits(sync=Sync.NONE))
        journal.open()
        journal.records.write([record(samples.plain, "x", index, at=START + index * SECOND)])
        journal.close()
    assert counts([tmp_path / "two"], tmp_path / "one")[0] == [1, 2]


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(Search(tmp_path, Query(), also=[tmp_path / "missing"]))


def test_looking_through_a_file_can_be_stopped(tmp_path):
    path = write(tmp_path / "a.jsonl", [line(1)])
    search = Search(None, Query(), also=[path], should_stop=lambda: True)
    assert list(search) == []
    assert search.is_cut


def test_what_stands_twice_in_one_file_is_told_twice(tmp_path):
    one = write(tmp_path / "a.jsonl", [line(1), line(1), line(2)])
    other = write(tmp_path / "b.jsonl", [line(1), line(2), line(2), line(2)])
    assert counts([one, other])[0] == [1, 1, 2, 2, 2]
    assert counts([other, one], limit=3)[0] == [1, 1, 2]


@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_what_is_no_plain_file_is_refused(tmp_path, kind):
    path = Path("/dev/zero")
    if kind == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)
    with pytest.raises(OSError, match="not a plain file"):
        list(Search(None, Query(), also=[path]))


def test_a_line_that_only_looks_readable_is_counted_as_damaged(tmp_path):
    path = tmp_path / "other.jsonl"
    path.write_bytes(b'{"time":"2026-01-01T00:00:00.000000Z","level":"INFO","a":"\\ud800"}\n')
    search = Search(None, Query(), also=[path])
    assert list(search) == []
    assert search.damaged == 1
