import dataclasses
import socket
import struct
from datetime import timedelta

import pytest
from tests.events import samples
from tests.events.outputs.lines import some
from tests.events.outputs.test_syslog import Collector
from tests.journeys.gateway import until

from yett.events import Native, pipeline
from yett.events.outputs import Outputs, notices
from yett.kernel.outputs import OutputSettings, OutputsInForce


def output(to, name="siem", **more):
    return OutputSettings(name=name, to=to, **more)


class Heard:
    def __init__(self):
        self.states = []

    def __call__(self, settings):
        return lambda name, problem: self.states.append((settings.to, name, problem))


@pytest.fixture
def force(tmp_path):
    sink = Outputs(Native(), stop_within=3.0)
    made = OutputsInForce(sink, tmp_path / "spool")
    yield made, sink
    sink.close()


def file_output(tmp_path, name, **more):
    return output(f"file:{tmp_path / name}.jsonl", name=name, **more)


def lines_of(tmp_path, name):
    path = tmp_path / f"{name}.jsonl"
    return path.read_bytes().splitlines() if path.exists() else []


def test_outputs_that_did_not_change_stay_and_changed_ones_take_over(force, tmp_path):
    made, sink = force
    one, two = file_output(tmp_path, "one"), file_output(tmp_path, "two")
    made.prepare([one, two])
    made.start()
    kept, replaced = made.all
    for each in made.all:
        each.offer(some(3))
    until(lambda: len(lines_of(tmp_path, "two")) == 3)
    changed = dataclasses.replace(two, timeout=timedelta(seconds=3))
    made.apply([one, changed])
    assert made.all[0] is kept
    assert made.all[1] is not replaced
    for each in made.all:
        each.offer(some(3, begin=3))
    sink.close()
    assert lines_of(tmp_path, "one") == lines_of(tmp_path, "two") == some(6)


def test_what_an_output_could_not_send_goes_to_the_one_that_replaces_it(force, tmp_path):
    made, _ = force
    away = output("syslog+tcp://127.0.0.1:1")
    made.prepare([away])
    made.start()
    made.all[0].offer(some(5))
    until(lambda: made.all[0].trouble)
    made.apply([output(f"file:{tmp_path / 'siem'}.jsonl")])
    made.all[0].offer(some(5, begin=5))
    until(lambda: len(lines_of(tmp_path, "siem")) == 10)
    assert lines_of(tmp_path, "siem") == some(10)


def test_a_spool_that_nobody_sends_any_more_is_said(force, heard):
    made, _ = force
    made.prepare([output("syslog+tcp://127.0.0.1:1", name="old")])
    made.start()
    made.all[0].offer(some(5))
    until(lambda: made.all[0].spooled == 5)
    made.apply([])
    assert made.all == ()
    assert (notices.spool_orphaned, {"outputs": ("old",)}) in heard("telemetry.output")


def test_without_a_folder_or_a_size_there_is_no_spool(tmp_path):
    for directory, size in ((None, 1 << 20), (tmp_path / "spool", 0)):
        sink = Outputs(Native(), stop_within=1.0)
        made = OutputsInForce(sink, directory)
        made.prepare([output("syslog+tcp://127.0.0.1:1", spool_size=size)])
        made.start()
        made.all[0].offer(some(5))
        until(lambda each=made.all[0]: each.trouble)
        assert made.all[0].spooled == 0
        assert made.all[0].waiting == 5
        sink.close()
    assert not (tmp_path / "spool").exists()


def test_numbers_of_all_outputs_are_told(force, tmp_path):
    made, _ = force
    made.prepare([file_output(tmp_path, "one")])
    made.start()
    made.all[0].offer(some(4))
    until(lambda: made.all[0].counters.sent == 4)
    values = {(each.metric.name, each.values): each.value for each in made.samples()}
    assert values["yett_log_output_records_total", ("one", "sent")] == 4
    assert values["yett_log_output_bytes_total", ("one",)] == sum(map(len, some(4)))
    assert values["yett_log_output_waiting", ("one",)] == 0
    assert values["yett_log_output_up", ("one",)] == 1


def test_who_wants_to_know_is_told_how_an_output_fares(tmp_path):
    heard = Heard()
    sink = Outputs(Native(), stop_within=1.0)
    made = OutputsInForce(sink, tmp_path, on_state=heard)
    made.prepare([output("syslog+tcp://127.0.0.1:1", name="a"), file_output(tmp_path, "b")])
    made.start()
    until(lambda: {name for _, name, _ in heard.states} == {"a", "b"})
    assert ("syslog+tcp://127.0.0.1:1", "a") in {state[:2] for state in heard.states if state[2]}
    assert (file_output(tmp_path, "b").to, "b", None) in heard.states
    sink.close()


def test_an_output_does_not_feed_on_its_own_trouble(tmp_path):
    """A collector that breaks each connection has something said each time, which goes to it as well."""

    def breaks(connection, received):
        received += connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    collector = Collector(breaks)
    sink = Outputs(Native(), stop_within=1.0)
    made = OutputsInForce(sink, tmp_path)
    said = []
    stop = pipeline.listen(said.append)
    pipeline.start((sink,), None)
    try:
        made.prepare(
            [output(f"syslog+tcp://127.0.0.1:{collector.port}", retry_pause=timedelta(milliseconds=500))]
        )
        made.start()

        def has_broken_often():
            samples.plain(name="x")
            return collector.ended > 5

        until(has_broken_often)
    finally:
        pipeline.stop()
        stop()
        collector.close()
    assert len([each for each in said if each.declaration.component == "telemetry.output"]) <= 4


def test_what_is_said_before_the_start_is_sent_after_it(force, tmp_path):
    made, _ = force
    made.prepare([file_output(tmp_path, "one")])
    made.all[0].offer(some(3))
    assert lines_of(tmp_path, "one") == []
    made.start()
    until(lambda: lines_of(tmp_path, "one") == some(3))


def test_a_folder_of_spools_that_cannot_be_looked_at_keeps_nothing_from_starting(tmp_path):
    (tmp_path / "spool").write_text("no folder")
    sink = Outputs(Native(), stop_within=1.0)
    made = OutputsInForce(sink, tmp_path / "spool")
    made.prepare([file_output(tmp_path, "one")])
    made.start()
    made.all[0].offer(some(3))
    until(lambda: lines_of(tmp_path, "one") == some(3))
    sink.close()


def test_as_many_records_wait_in_memory_as_the_settings_say():
    sink = Outputs(Native(), stop_within=0.0)
    made = OutputsInForce(sink, None)
    made.prepare([output("syslog+tcp://127.0.0.1:1", queue_limit=70_000)])
    made.all[0].offer(some(1) * 70_000)
    assert (made.all[0].waiting, made.all[0].counters.dropped) == (70_000, 0)
    sink.close()
