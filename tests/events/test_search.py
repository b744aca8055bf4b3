import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import samples
from tests.events.samples import SECOND, START, Reason, record

from yett.events import Journal, Level, Limits, Query, Search, Sync, follow, scanning


def fill(directory, count, *, begin=0, segment_size=4000):
    """Records one second apart, every fifth of them an audit record."""
    journal = Journal(directory, Limits(segment_size=segment_size, sync=Sync.NONE))
    journal.open()
    for index in range(begin, begin + count):
        at = START + index * SECOND
        if index % 5 == 0:
            journal.audit.append(
                record(samples.audited, f"u{index}", Reason.NO_GROUP, at=at, request=f"r{index}")
            )
        else:
            said = record(samples.plain, f"u{index}", index, at=at, request=f"r{index}")
            if index % 7 == 0:
                said = record(samples.quiet, at=at, request=f"r{index}")
            journal.records.write([said])
    journal.close()


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    directory = tmp_path_factory.mktemp("log")
    fill(directory, 300)
    assert len(list(directory.glob("records-*"))) > 5
    return directory


def requests(directory, **conditions):
    return [
        entry.get("server.request.id")
        for entry in Search(directory, Query(**conditions))
        if "server.request.id" in entry
    ]


def test_everything_is_found_in_order_both_ways(log):
    expected = [f"r{index}" for index in range(300)]
    assert requests(log, is_newest_first=False) == expected
    assert requests(log) == expected[::-1]


def test_blocks_smaller_than_a_line_change_nothing(log, monkeypatch):
    monkeypatch.setattr(scanning, "BLOCK", 97)
    expected = [f"r{index}" for index in range(300)]
    assert requests(log, is_newest_first=False) == expected
    assert requests(log) == expected[::-1]
    assert requests(log, text="quiet") == [
        each for each in expected[::-1] if int(each[1:]) % 7 == 0 and int(each[1:]) % 5
    ]


@pytest.mark.parametrize("is_newest_first", [True, False])
@given(a=st.integers(-10, 310), b=st.integers(-10, 310))
def test_a_range_of_time_holds_exactly_what_was_said_in_it(log, is_newest_first, a, b):
    zero = START // SECOND
    found = requests(log, since=zero + a, until=zero + b, is_newest_first=is_newest_first)
    assert sorted(int(each[1:]) for each in found) == list(range(max(a, 0), min(b, 300)))


def test_a_range_of_time_is_found_without_reading_the_rest(log):
    looked = Search(log, Query(since=START / SECOND + 100, until=START / SECOND + 101))
    assert [entry["server.request.id"] for entry in looked] == ["r100"]
    assert looked.bytes_read < 4000


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        ({"request": "r7"}, 1),
        ({"user": "u10"}, 1),
        ({"is_audit": True}, 60),
        ({"level": Level.WARN}, 60),
        ({"level": Level.TRACE}, 300),
        ({"level": Level.INFO}, 266),
        ({"text": "PLAIN THING"}, 206),
        ({"text": "u29"}, 10),
        ({"component": "sample.quiet"}, 34),
        ({"component": "sample.*", "text": "u299"}, 1),
        ({"code": "sample.quiet.quiet", "since": START / SECOND + 290}, 1),
        ({"text": "nobody said this"}, 0),
        ({"limit": 7}, 7),
        ({"component": "sample", "level": Level.DEBUG, "limit": 3, "is_newest_first": False}, 3),
    ],
)
def test_conditions_select(log, conditions, count):
    assert len(requests(log, **conditions)) == count


def test_damaged_lines_are_counted_and_the_others_found(tmp_path):
    fill(tmp_path, 20, segment_size=100_000)
    path = next(tmp_path.glob("records-*"))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = b"\0\0\xff\n"
    lines[5] = lines[5][:40] + b"\n"
    lines[7] = b"[1]\n"
    path.write_bytes(b"".join(lines) + b'{"time":"2027')
    looked = Search(tmp_path, Query())
    assert len([entry for entry in looked if "server.request.id" in entry]) == 17
    assert looked.damaged == 3


def test_a_file_of_garbage_alone_is_survived(tmp_path):
    (tmp_path / "records-20270101T000000-000000.jsonl").write_bytes(b"\xff" * 5000)
    (tmp_path / "records-20270102T000000-000000.jsonl").write_bytes(b"\n\n\n")
    (tmp_path / "records-20270103T000000-000000.jsonl").write_bytes(b"")
    for query in (
        Query(),
        Query(since=START / SECOND),
        Query(until=START / SECOND, is_newest_first=False),
        Query(text="a"),
    ):
        assert list(Search(tmp_path, query)) == []


@pytest.mark.parametrize(
    "conditions", [{}, {"text": "nobody said this"}, {"is_newest_first": False}], ids=str
)
def test_a_search_can_be_stopped_also_while_nothing_matches(log, monkeypatch, conditions):
    monkeypatch.setattr(scanning, "BLOCK", 1000)
    asked = itertools.count()
    search = Search(log, Query(**conditions), should_stop=lambda: next(asked) >= 5)
    found = list(search)
    assert search.is_cut
    assert 0 < search.bytes_read < 5000
    assert len(found) < 30


def test_a_search_within_one_block_of_many_lines_can_be_stopped(tmp_path):
    fill(tmp_path, 2000, segment_size=1 << 20)
    asked = itertools.count()
    search = Search(tmp_path, Query(is_newest_first=False), should_stop=lambda: next(asked) >= 4)
    assert len(list(search)) < 1200
    assert search.is_cut


def test_a_search_that_nobody_reads_on_lets_go_of_its_files(log):
    before = len(list(Path("/proc/self/fd").iterdir()))
    search = iter(Search(log, Query()))
    next(search)
    search.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_several_threads_search_at_the_same_time(log):
    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(lambda user: requests(log, user=user), [f"u{index}" for index in range(0, 200, 5)])
        )
    assert found == [[f"r{index}"] for index in range(0, 200, 5)]


def test_nothing_stored_is_nothing_found(tmp_path):
    assert list(Search(tmp_path / "missing", Query())) == []


def test_lines_of_two_threads_that_overtook_each_other_are_found(tmp_path):
    journal = Journal(tmp_path, Limits())
    journal.open()
    for offset in (0, 3, 2.4, 5, 4.2, 9):
        journal.records.write(
            [record(samples.plain, "x", 1, at=START + int(offset * SECOND), request=str(offset))]
        )
    journal.close()
    zero = START / SECOND
    assert requests(tmp_path, since=zero + 2.3, until=zero + 4.5, is_newest_first=False) == [
        "3",
        "2.4",
        "4.2",
    ]


def test_following_tells_what_is_said_from_now_on_across_files(tmp_path):
    fill(tmp_path, 10)
    stop = threading.Event()
    followed = follow(tmp_path, Query(component="sample", level=Level.INFO), stop)
    # The first step opens the files, so more is said only once somebody looks.
    watcher = threading.Timer(0.05, fill, (tmp_path, 200), {"begin": 10})
    watcher.start()
    wanted = [f"r{index}" for index in range(10, 210) if index % 5 == 0 or index % 7]
    found = [next(followed)["server.request.id"] for _ in wanted]
    watcher.join()
    stop.set()
    assert sorted(found, key=lambda each: int(each[1:])) == wanted
    assert next(followed, None) is None


def test_a_line_is_followed_only_when_it_is_whole(tmp_path):
    path = tmp_path / "records-20270101T000000-000000.jsonl"
    path.write_bytes(b"")
    stop = threading.Event()
    followed = follow(tmp_path, Query(), stop)
    line = b'{"time":"2027-01-15T08:00:00.000000Z","n":1}'

    def write_in_parts():
        with path.open("ab", buffering=0) as file:
            file.write(line[:20])
            file.write(line[20:] + b"\n" + line[:5])

    writer = threading.Timer(0.05, write_in_parts)
    writer.start()
    assert next(followed)["n"] == 1
    writer.join()
    stop.set()
    assert list(followed) == []
