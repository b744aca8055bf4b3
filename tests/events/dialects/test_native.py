import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import samples
from tests.events.samples import Reason, record

from yett.events import Native, event
from yett.events.dialects import NativeDialect, Unreadable, Unwritable
from yett.events.dialects.native import instant
from yett.events.fields import NotAfter


def test_keys_stand_in_their_order_and_only_when_known():
    line = Native("n1").line(
        record(
            samples.plain,
            "x",
            3,
            at=1_800_000_000_000_001_999,
            request="r",
            user="u",
            session="s",
            client="c",
            trace="t",
        )
    )
    assert line == (
        b'{"time":"2027-01-15T08:00:00.000001Z","level":"INFO","component":"sample.plain",'
        b'"msg":"Plain thing happened","code":"sample.plain.plain","node":"n1","server.request.id":"r",'
        b'"trace.id":"t","session.ref":"s","auth.user_id":"u","server.request.client_ip":"c","name":"x","count":3}'
    )


def test_a_record_without_fields_and_scope_is_whole():
    assert json.loads(Native().line(record(samples.quiet))) == {
        "time": "2027-01-15T08:00:00.000000Z",
        "level": "DEBUG",
        "component": "sample.quiet",
        "msg": "Quiet thing happened",
        "code": "sample.quiet.quiet",
    }


def test_an_events_own_field_takes_the_place_of_the_scopes():
    entry = json.loads(Native().line(record(samples.audited, "ada", Reason.NO_GROUP, user="eve")))
    assert entry["auth.user_id"] == "ada"
    assert entry["reason"] == "no_group"
    assert entry["audit"] is True


def test_lists_and_instants_are_written_as_json_knows_them():
    @event("sample.native", samples.INFO, "Listed")
    def listed(when: NotAfter, groups: samples.Groups, level: int) -> None:
        """Nothing to do."""

    moment = datetime.datetime(2027, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    entry = json.loads(Native().line(record(listed, moment, ("a", "b"), 7)))
    assert entry["certauth.x509.not_after"] == "2027-01-02T03:04:05Z"
    assert entry["groups"] == ["a", "b"]
    assert entry["level"] == "INFO"
    assert entry["event.level"] == 7


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_any_text_makes_one_whole_line(detail, user):
    line = Native().line(record(samples.odd, detail, user=user))
    assert b"\n" not in line
    entry = json.loads(line)
    assert entry["detail"] == detail.encode("utf-8", "backslashreplace").decode()


def test_bytes_that_are_no_utf8_do_not_keep_a_record_from_being_written():
    path = b"/\xff".decode("utf-8", "surrogateescape")
    entry = json.loads(Native().line(record(samples.odd, path)))
    assert entry["detail"] == "/\\udcff"


def test_a_value_without_a_json_form_is_reported_and_the_others_are_written(capsys):
    native = Native()
    good, bad = record(samples.odd, "fine"), record(samples.odd, object())
    with pytest.raises(Unwritable):
        native.line(bad)
    assert native.lines([good, bad, good]).count(b"\n") == 2
    assert capsys.readouterr().err.startswith("Failed to marshal log entry: sample.odd.odd: ")
    assert native.lines([bad]) == b""


def test_the_second_is_not_kept_too_long():
    native = Native()
    for second in (0, 1, 1, 0, 59, 60):
        at = samples.START + second * samples.SECOND + 42_000
        assert json.loads(native.line(record(samples.quiet, at=at)))["time"] == instant(at)


def test_a_stored_line_is_read_and_written_as_it_was():
    line = Native("n1").line(record(samples.audited, "ada", Reason.NO_GROUP, request="r"))
    dialect = NativeDialect()
    assert dialect.write(dialect.read(line)) == line


def test_what_stands_first_is_put_first_again():
    entry = {
        "x": 1,
        "code": "c",
        "msg": "m",
        "component": "a",
        "level": "INFO",
        "time": "2027-01-15T08:00:00.000000Z",
    }
    assert NativeDialect().write(entry).startswith(b'{"time":"2027-01-15T08:00:00.000000Z","level":"INFO",')


@pytest.mark.parametrize(
    "line",
    [
        b'{"level":"INFO","msg":"m"}',
        b'{"time":"2027-01-15T08:00:00.000000Z","msg":"m"}',
        b'{"time":"yesterday","level":"INFO","msg":"m"}',
        b'{"time":"2027-01-15T08:00:00.000000Z","level":"INFO","msg":"m","audit":false}',
        b'{"time":"2027-01-15T08:00:00.000000Z","level":"INFO","msg":{}}',
    ],
)
def test_what_is_no_record_is_unreadable(line):
    with pytest.raises(Unreadable):
        NativeDialect().read(line)
