import dataclasses
import json
import os
import re
from datetime import timedelta

import pytest
from tests.events.audit.logs import KEY, TRUST
from tests.ports import free_port

from yett.events import (
    DirectoryInUse,
    Level,
    Query,
    Scope,
    Search,
    enter_scope,
    leave_scope,
    pipeline,
    verify,
)
from yett.kernel import events
from yett.kernel.audit import AuditSettings, OnFailure
from yett.kernel.levels import LogLevel
from yett.kernel.outputs import OutputSettings
from yett.kernel.telemetry import Format, Telemetry, TelemetrySettings, levels_of

QUIET = TelemetrySettings(format=Format.NONE)


@pytest.fixture
async def running(tmp_path):
    made = Telemetry(QUIET, tmp_path / "log", "n1")
    await made.start()
    yield made
    await made.stop()


def codes(directory, **conditions):
    return [entry["code"] for entry in Search(directory, Query(is_newest_first=False, **conditions))]


async def test_what_is_said_is_stored_and_in_the_ring(running, tmp_path):
    events.part_started(part="x", seconds=0.1)
    events.ready(checks=())
    assert pipeline.flush()
    assert codes(tmp_path / "log", component="kernel") == ["kernel.start.part_started", "kernel.ready.ready"]
    found = {entry["code"]: entry for entry in running.ring.search(Query())}
    assert found["kernel.start.part_started"]["node"] == "n1"
    assert codes(tmp_path / "log", is_audit=True)[0] == "telemetry.audit.audit_segment_begins"


async def test_everything_is_written_before_stop_returns(tmp_path):
    made = Telemetry(QUIET, tmp_path, "n1")
    await made.start()
    for index in range(500):
        events.part_started(part="x", seconds=index)
    await made.stop()
    assert len(codes(tmp_path, component="kernel.start")) == 500
    again = Telemetry(QUIET, tmp_path, "n1")
    await again.start()
    await again.stop()
    assert len(codes(tmp_path, component="kernel.start")) == 500


async def test_standard_output_gets_json_when_nobody_sits_there(tmp_path, capfd):
    made = Telemetry(dataclasses.replace(QUIET, format=Format.AUTO), None, "n1")
    await made.start()
    events.part_started(part="x", seconds=1)
    await made.stop()
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["msg"] for line in lines] == ["Log levels set", "Part started"]
    assert list(tmp_path.iterdir()) == []


async def test_outputs_get_the_very_first_words(tmp_path):
    to = OutputSettings(name="file", to=f"file:{tmp_path / 'out.jsonl'}")
    made = Telemetry(dataclasses.replace(QUIET, output=(to,)), tmp_path / "log", "n1")
    await made.start()
    await made.stop()
    first = [json.loads(line)["code"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert "telemetry.level.levels_set" in first
    stored = [code for code in codes(tmp_path / "log") if not code.startswith("telemetry.audit.")]
    assert stored[0] == first[0]


async def test_text_is_written_when_asked_for(capfd):
    made = Telemetry(dataclasses.replace(QUIET, format=Format.TEXT, store=False), None, "n1")
    await made.start()
    await made.stop()
    assert "INFO  telemetry.level Log levels set log_level=info overrides=[]" in capfd.readouterr().out


async def test_levels_follow_the_settings_while_running(running, tmp_path):
    events.task_ended(task="early")
    await running.apply(dataclasses.replace(QUIET, log_level=LogLevel.WARN, overrides=("kernel.task=debug",)))
    events.task_ended(task="late")
    events.part_started(part="x", seconds=1)
    events.ready(checks=())
    assert pipeline.flush()
    assert codes(tmp_path / "log", component="kernel") == ["kernel.task.task_ended", "kernel.ready.ready"]


async def test_settings_that_are_not_understood_change_nothing(running):
    before = pipeline.level
    with pytest.raises(ValueError, match="'proxy'"):
        await running.apply(
            dataclasses.replace(QUIET, log_level=LogLevel.ERROR, overrides=("proxy", "a=debug"))
        )
    assert pipeline.level is before
    assert running.refuses_unrecorded


async def test_limits_and_what_to_do_on_failure_follow_the_settings(running):
    await running.apply(
        dataclasses.replace(QUIET, segment_size=1 << 21, retention=timedelta(days=1)),
        AuditSettings(on_failure=OnFailure.CONTINUE),
    )
    assert running._limits.segment_size == 1 << 21
    assert running._limits.retention.age == 86_400
    assert not running.refuses_unrecorded


@pytest.mark.parametrize(
    ("texts", "levels"),
    [
        ((), {}),
        (("proxy=DEBUG", "dns.resolve = trace"), {"proxy": Level.DEBUG, "dns.resolve": Level.TRACE}),
        (("x509.revokeBySerial=warn",), {"x509.revokeBySerial": Level.WARN}),
    ],
)
def test_overrides_are_read(texts, levels):
    assert levels_of(TelemetrySettings(overrides=texts)) == (Level.INFO, levels)


@pytest.mark.parametrize("text", ["", "proxy", "=debug", "proxy=loud", "Proxy=debug", "a..b=info"])
def test_overrides_that_say_nothing_are_refused(text):
    with pytest.raises(ValueError, match="expected"):
        levels_of(TelemetrySettings(overrides=(text,)))


@pytest.mark.usefixtures("running")
async def test_a_full_disk_marks_the_exchange_and_is_over_when_there_is_room(tmp_path, monkeypatch, capsys):
    def full(_descriptor, _data):
        raise OSError(28, "No space left on device")

    scope = Scope(request_id="r")
    token = enter_scope(scope)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        events.ready(checks=())
    leave_scope(token)
    assert scope.unrecorded
    assert pipeline.audit_failed
    events.ready(checks=())
    assert not pipeline.audit_failed
    assert "telemetry.audit.audit_gap" in codes(tmp_path / "log", is_audit=True)
    assert "No space left" in capsys.readouterr().err


@pytest.mark.usefixtures("running")
async def test_a_directory_in_use_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(DirectoryInUse):
        await Telemetry(QUIET, tmp_path / "log", "n2").start()


async def test_what_a_crash_left_is_reported_at_the_next_start(tmp_path, heard):
    (tmp_path / "records-20260101T000000-000000.jsonl").write_bytes(b'{"time":"2026')
    made = Telemetry(QUIET, tmp_path, "n1")
    await made.start()
    await made.stop()
    assert "telemetry.store.tail_moved" in codes(tmp_path, is_audit=True)
    assert heard("telemetry.store")


async def test_what_was_dropped_is_said_while_running_and_at_the_end(tmp_path, heard, capsys):
    made = Telemetry(dataclasses.replace(QUIET, queue_limit=100, audit_reserve=10), tmp_path, "n1")
    await made.start()
    for _ in range(5000):
        events.part_started(part="x", seconds=1)
    assert pipeline.flush()
    await made.stop()
    dropped = sum(fields["dropped"] for _, fields in heard("telemetry.queue"))
    assert dropped == pipeline.dropped > 0
    said = capsys.readouterr().err
    assert (
        f"[TELEMETRY] Shutdown complete: {pipeline.processed} logs processed, {dropped} logs dropped due to overflow\n"
        in said
    )


async def test_dropped_audit_records_are_told_apart_at_the_end(capsys):
    made = Telemetry(dataclasses.replace(QUIET, queue_limit=100, audit_reserve=10), None, "n1")
    await made.start()
    for _ in range(5000):
        events.ready(checks=())
    await made.stop()
    assert f"logs dropped due to overflow ({pipeline.dropped_audit} of them audit)" in capsys.readouterr().err


async def test_a_quiet_end_says_nothing(tmp_path, capsys):
    made = Telemetry(QUIET, tmp_path, "n1")
    await made.start()
    await made.stop()
    assert capsys.readouterr().err == ""


def away(**more):
    """Settings with a collector that nobody runs."""
    output = OutputSettings(name="otel", to=f"otlp+http://127.0.0.1:{free_port()}", **more)
    return dataclasses.replace(QUIET, output=(output,))


async def test_a_collector_that_cannot_be_reached_is_stood_in_for_by_standard_output(tmp_path, capfd):
    made = Telemetry(away(), tmp_path, "n1")
    await made.start()
    events.part_started(part="x", seconds=1)
    await made.stop()
    said = capfd.readouterr()
    assert "[TELEMETRY] Failed to initialize OTLP exporter: " in said.err
    assert "(falling back to stdout)" in said.err
    codes = [json.loads(line)["code"] for line in said.out.splitlines()]
    assert events.part_started.declaration.code in codes


async def test_what_a_collector_did_not_take_is_told_at_the_end_and_waits(tmp_path, capfd):
    made = Telemetry(away(), tmp_path, "n1")
    await made.start()
    events.part_started(part="x", seconds=1)
    await made.stop()
    said = capfd.readouterr().err
    found = re.search(
        r"\[TELEMETRY\] OTLP provider shutdown error: (\d+) records wait in the spool of otel, 0 are lost: ",
        said,
    )
    assert int(found[1]) > 0
    assert "Shutdown complete" not in said


async def test_what_an_output_had_no_room_for_is_counted_at_the_end(tmp_path, capfd):
    made = Telemetry(away(spool_size=0), tmp_path, "n1")
    await made.start()
    events.part_started(part="x", seconds=1)
    await made.stop()
    said = capfd.readouterr().err
    lost = int(re.search(r"0 records wait in the spool of otel, (\d+) are lost", said)[1])
    assert lost > 0
    assert re.search(rf"Shutdown complete: \d+ logs processed, {lost} logs dropped due to overflow\n", said)


async def test_the_audit_log_is_signed_from_when_there_is_a_key_and_as_the_settings_say(tmp_path):
    made = Telemetry(QUIET, tmp_path, "n1", audit=AuditSettings(checkpoint_records=3))
    await made.start()
    events.ready(checks=())
    await made.sign_with(KEY)
    await made.apply(QUIET, AuditSettings(checkpoint_records=5, checkpoint_interval=timedelta(hours=1)))
    assert (made._limits.checkpoint_records, made._limits.checkpoint_every) == (5, 3600)
    events.ready(checks=())
    await made.stop()
    report = verify(tmp_path, TRUST)
    assert report.findings == []
    assert report.signed == report.end
    assert report.nodes == ["n1"]
    assert "telemetry.audit.audit_checkpoint" in [entry["code"] for entry in made.ring.search(Query())]
