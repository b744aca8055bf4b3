import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.events import samples
from tests.events.samples import SECOND, record

from yett.events import Journal, Limits, Sync
from yett.kernel import CommandFailed, Table, new_id
from yett.kernel.ids import IdMaker
from yett.ops import RecordCommands
from yett.ops.record import _instant

NOW = time.time_ns()
MINUTE = 60 * SECOND
NUMBER = IdMaker(lambda: NOW - 40 * MINUTE).next()


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """Four records of the last month: two long ago, two of the last minutes."""
    folder = tmp_path_factory.mktemp("log")
    journal = Journal(folder, Limits(segment_size=1 << 20, sync=Sync.NONE))
    journal.open()
    journal.records.write([record(samples.plain, "month", 1, at=NOW - 30 * 24 * 60 * MINUTE)])
    journal.records.write([record(samples.plain, "day", 2, at=NOW - 24 * 60 * MINUTE, session="s-1")])
    journal.audit.append(
        record(
            samples.audited, "bob", samples.Reason.NO_GROUP, at=NOW - 40 * MINUTE, request=NUMBER, user="bob"
        )
    )
    journal.records.write([record(samples.odd, "two words\x1b[2J", at=NOW - 2 * MINUTE)])
    journal.close()
    return folder


@pytest.fixture(scope="module")
def commands(directory):
    return RecordCommands(directory)


def ours(found):
    """Without what the journal itself says when it is opened."""
    return [entry for entry in found if entry["component"].startswith("sample")]


def rows(answer):
    return [row for row in answer.rows if row[2].startswith("sample")]


def messages(answer):
    return [row[3] for row in rows(answer)]


PLAIN, AUDITED, ODD = "Plain thing happened", "Audited thing happened", "Odd values"


def test_everything_that_is_stored_is_found_with_the_newest_last(commands):
    found = commands.search()
    assert isinstance(found, Table)
    assert found.columns == ("time", "level", "component", "message", "user", "details")
    assert messages(found) == [PLAIN, PLAIN, AUDITED, ODD]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"since": "55m"}, [AUDITED, ODD]),
        ({"since": "30m"}, [ODD]),
        ({"since": "7d"}, [PLAIN, AUDITED, ODD]),
        ({"since": "2d", "until": "1h"}, [PLAIN]),
        ({"until": "1h"}, [PLAIN, PLAIN]),
        ({"level": "warn"}, [AUDITED]),
        ({"level": "WARN"}, [AUDITED]),
        ({"audit": True}, [AUDITED]),
        ({"component": "sample.odd"}, [ODD]),
        ({"component": "sample"}, [PLAIN, PLAIN, AUDITED, ODD]),
        ({"component": "*.odd"}, [ODD]),
        ({"text": "TWO WORDS"}, [ODD]),
        ({"user": "bob"}, [AUDITED]),
        ({"request": NUMBER}, [AUDITED]),
        ({"session": "s-1"}, [PLAIN]),
        ({"code": "sample.plain.plain"}, [PLAIN, PLAIN]),
        ({"limit": 1}, [ODD]),
        ({"limit": 2, "oldest_first": True}, [PLAIN, PLAIN]),
        ({"limit": 0}, [PLAIN, PLAIN, AUDITED, ODD]),
        ({"text": "nothing like it"}, []),
        ({"since": "7d", "level": "info", "component": "sample.plain"}, [PLAIN]),
    ],
    ids=str,
)
def test_each_condition_leaves_out_what_does_not_meet_it(commands, conditions, expected):
    assert messages(commands.search(**conditions)) == expected


def test_times_may_be_dates_with_or_without_a_zone(commands):
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    for text in (hour_ago.isoformat(), hour_ago.astimezone().replace(tzinfo=None).isoformat()):
        assert messages(commands.search(since=text)) == [AUDITED, ODD]


def test_a_time_can_be_given_as_it_is_shown(commands):
    shown = rows(commands.search())[-1][0]
    assert shown.endswith("Z")
    assert messages(commands.search(since=shown)) == [ODD]


def test_a_date_without_a_zone_is_local_time(monkeypatch):
    try:
        monkeypatch.setenv("TZ", "America/New_York")
        time.tzset()
        assert _instant("2026-01-31T12:00", "--since") == datetime(2026, 1, 31, 17, tzinfo=UTC).timestamp()
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "text", ["yesterday", "-5m", "7", "7x", "1e9d", "2026-13-01", "0000-01-01", "1d1", " ", "9" * 30 + "d"]
)
def test_what_is_no_time_is_refused(commands, text):
    with pytest.raises(CommandFailed, match="neither a time ago"):
        commands.search(since=text)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31"])
def test_dates_at_the_ends_of_the_calendar_are_dates_or_refused(commands, text):
    try:
        assert isinstance(commands.search(until=text), Table)
    except CommandFailed as problem:
        assert "neither a time ago" in str(problem)  # noqa: PT017 - both are well


def test_a_range_in_which_nothing_can_be_is_refused(commands):
    with pytest.raises(CommandFailed, match="is not before"):
        commands.search(since="1h", until="2h")


def test_a_level_that_is_none_is_refused(commands):
    with pytest.raises(CommandFailed, match="'loud' is not a level"):
        commands.search(level="loud")


def test_details_are_shown_behind_the_columns(commands):
    _, day, audited, odd = rows(commands.search())
    assert day[5] == "session.ref=s-1 name=day count=2"
    assert (audited[1], audited[4]) == ("WARN AUDIT", "bob")
    assert odd[5].startswith('detail="two words')


def test_json_gives_whole_records_one_by_one(commands):
    found = ours(commands.search(json=True, oldest_first=True))
    assert [entry["msg"] for entry in found] == [PLAIN, PLAIN, AUDITED, ODD]
    assert found[2]["server.request.id"] == NUMBER
    assert [json.loads(json.dumps(entry)) for entry in found] == found


@pytest.mark.parametrize("is_json", [False, True])
def test_following_goes_on_with_what_comes(tmp_path, is_json):
    journal = Journal(tmp_path, Limits(segment_size=1 << 20, sync=Sync.NONE))
    journal.open()
    journal.records.write([record(samples.plain, "before", 1)])
    coming = RecordCommands(tmp_path).search(component="sample.odd", follow=True, json=is_json)
    stop = threading.Event()

    def write():
        # The first look remembers where the files end, and nothing tells when that was.
        while not stop.wait(0.01):
            journal.records.write([record(samples.plain, "other", 1), record(samples.odd, "new")])

    writer = threading.Thread(target=write)
    writer.start()
    first = next(coming)
    stop.set()
    writer.join()
    coming.close()
    journal.close()
    assert (first["msg"] if is_json else first.split("  ")[3]) == ODD


def test_a_request_is_explained_from_its_number(commands):
    assert AUDITED in commands.explain(f" {NUMBER} ")


@pytest.mark.parametrize("number", [new_id(), "x", "", "../../etc/passwd", "\x00"])
def test_a_request_that_nobody_recorded_cannot_be_explained(commands, number):
    with pytest.raises(CommandFailed, match="there is no record of a request"):
        commands.explain(number)


def test_a_whole_audit_log_is_said_to_be_whole(commands):
    assert commands.check() == "the audit log is whole: 2 records in 1 files"


def test_a_record_that_was_changed_is_named(tmp_path):
    journal = Journal(tmp_path, Limits(segment_size=1 << 20, sync=Sync.NONE))
    journal.open()
    for name in ("alice", "bob", "carol"):
        journal.audit.append(record(samples.audited, name, samples.Reason.NO_GROUP))
    journal.close()
    (segment,) = tmp_path.glob("audit-*.jsonl")
    segment.write_text(segment.read_text().replace("bob", "eve"))
    with pytest.raises(CommandFailed) as caught:
        RecordCommands(tmp_path).check()
    assert str(caught.value).startswith("the audit log is NOT whole:\n")
    assert f"{segment.name}, line " in str(caught.value)


def test_a_log_that_is_not_there_is_no_crash(tmp_path):
    commands = RecordCommands(tmp_path / "log")
    for ask in (commands.search, commands.check, lambda: commands.explain(NUMBER)):
        with pytest.raises(CommandFailed, match="no gateway with this configuration has run yet"):
            ask()


def test_lines_that_are_damaged_are_left_out(tmp_path):
    journal = Journal(tmp_path, Limits(segment_size=1 << 20, sync=Sync.NONE))
    journal.open()
    journal.records.write([record(samples.plain, "one", 1)])
    journal.close()
    (segment,) = tmp_path.glob("records-*.jsonl")
    with segment.open("ab") as file:
        file.write(os.urandom(50).replace(b"\n", b"") + b'\n{"time": 7}\n[]\n')
    assert messages(RecordCommands(tmp_path).search()) == [PLAIN]
