import csv
import io
import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.events import samples
from tests.events.samples import SECOND, record

from yett.events import Journal, Limits, Sync
from yett.kernel import CommandFailed, Table
from yett.kernel.ids import IdMaker
from yett.ops import RecordCommands
from yett.ops.searching import QuerySettings, when_of

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
        assert when_of("2026-01-31T12:00", "--since") == datetime(2026, 1, 31, 17, tzinfo=UTC).timestamp()
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


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"component": ("sample.odd", "sample.audited")}, [AUDITED, ODD]),
        ({"code": ("sample.odd.odd", "sample.plain.*"), "since": "7d"}, [PLAIN, ODD]),
        ({"where": ("count>=2",)}, [PLAIN]),
        ({"where": ("count",), "without": ("name=day",)}, [PLAIN]),
        ({"where": ("reason=no_group", "user=bob")}, [AUDITED]),
        ({"query": "people", "where": ("user=bob",)}, []),
    ],
    ids=str,
)
def test_conditions_on_fields_and_saved_queries_select(commands, conditions, expected):
    assert messages(commands.search(**conditions)) == expected


def test_a_field_that_is_none_is_refused_with_the_nearest(commands):
    with pytest.raises(CommandFailed, match="did you mean count"):
        commands.search(where=("cuont=1",))


def test_a_query_of_the_settings_is_found_by_its_name(directory):
    own = QuerySettings(name="odd-ones", codes=("sample.odd.*",))
    commands = RecordCommands(directory, lambda: (own,))
    assert messages(commands.search(query="odd-ones")) == [ODD]
    assert ("odd-ones", "", "settings", "--code sample.odd.*") in commands.queries().rows


def test_records_are_counted(commands):
    assert commands.search(component=("sample",), count=True, limit=1) == "4"
    assert commands.search(component=("sample",), by="code").rows == (
        ("sample.plain.plain", 2),
        ("sample.audited.audited", 1),
        ("sample.odd.odd", 1),
    )
    assert commands.search(component=("sample",), by="code", limit=1).rows[1] == ("(others)", 2)


def test_csv_is_lines_of_the_same_columns(commands):
    text = b"".join(commands.search(component=("sample",), csv=True, oldest_first=True)).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["msg"] for row in rows] == [PLAIN, PLAIN, AUDITED, ODD]
    assert "\x1b" not in text
    chosen = b"".join(commands.search(user="bob", csv=True, columns="user, msg,reason"))
    assert chosen == b"auth.user_id,msg,reason\r\nbob,Audited thing happened,no_group\r\n"


def test_other_files_are_searched_together_with_the_log(commands, tmp_path, capsys):
    lines = [json.dumps(entry) for entry in commands.search(component=("sample",), json=True)]
    copy = tmp_path / "copy.jsonl"
    copy.write_text("\n".join([*lines[2:], *lines[:2], "damaged"]))
    assert messages(commands.search(component=("sample",), file=(copy,))) == [PLAIN, PLAIN, AUDITED, ODD]
    said = capsys.readouterr().err
    assert "copy.jsonl is not in the order of time, so it was read wholly" in said
    assert "damaged lines that were left out: 1" in said
    alone = RecordCommands(tmp_path / "no log")
    assert messages(alone.search(file=(copy,))) == [PLAIN, PLAIN, AUDITED, ODD]


def test_a_file_of_another_kind_is_told_from_a_native_one(commands, tmp_path, capsys):
    other = tmp_path / "access.log"
    other.write_text('127.0.0.1 - - "GET /"\n')
    assert messages(commands.search(component=("sample",), file=(other,), limit=1)) == [ODD]
    assert "has no native line; `yett logs convert`" in capsys.readouterr().err
    with pytest.raises(CommandFailed, match="there is no file"):
        commands.search(file=(tmp_path / "missing",))


@pytest.mark.parametrize("more", [{"count": True}, {"by": "code"}, {"file": (Path("x"),)}])
def test_what_never_ends_cannot_be_counted(commands, more):
    with pytest.raises(CommandFailed, match="--follow goes on for ever"):
        commands.search(follow=True, **more)


def test_a_path_is_rebuilt_for_one_person(commands):
    text = commands.trace(user="bob")
    assert text.startswith("bob: 0 sessions, 1 record\n\nOutside any session\n")
    assert AUDITED in text
    assert [entry["msg"] for entry in commands.trace(user="bob", json=True)] == [AUDITED]
    for missing in ({"user": "eve"}, {"user": "bob", "mapping": "Wiki"}, {"user": "bob", "until": "7d"}):
        with pytest.raises(CommandFailed, match=f"there is no record of {missing['user']}"):
            commands.trace(**missing)
    with pytest.raises(CommandFailed, match="--user needs a name"):
        commands.trace(user="")


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


def test_a_log_that_is_not_there_is_no_crash(tmp_path):
    commands = RecordCommands(tmp_path / "log")
    for ask in (commands.search, lambda: commands.trace(user="bob")):
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
