import contextlib
import os
import sys
import threading

import pytest
from tests.events import samples
from tests.events.samples import Reason

from yett.events import (
    DEBUG,
    INFO,
    TRACE,
    WARN,
    Level,
    Pipeline,
    Scope,
    console,
    current_scope,
    enter_scope,
    leave_scope,
    pipeline,
)
from yett.events.declare import ConsoleDeclaration


class Kept:
    """A sink that keeps what it gets, and waits while it is held up."""

    def __init__(self):
        self.records = []
        self.is_closed = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_writing = threading.Event()

    def write(self, records):
        self.is_writing.set()
        assert self.may_go_on.wait(10)
        self.records += records

    def close(self):
        self.is_closed = True


class Audit:
    def __init__(self, problem=None):
        self.records = []
        self.problem = problem

    def append(self, record):
        if self.problem is not None:
            raise self.problem
        self.records.append(record)

    def close(self):
        pass


@pytest.fixture
def line():
    """A pipeline of its own with one sink and one audit sink."""
    made = Pipeline()
    made.sink, made.trail = Kept(), Audit()
    yield made
    made.sink.may_go_on.set()
    made.stop()


def emit(line, said, *values):
    line.emit(said.declaration, values)


def test_records_reach_the_sinks_in_order(line):
    line.start((line.sink,), None)
    for index in range(5000):
        emit(line, samples.plain, "x", index)
    assert line.flush()
    assert [record.values[1] for record in line.sink.records] == list(range(5000))
    assert (line.processed, line.dropped) == (5000, 0)


def test_the_last_places_are_for_audit_records_and_what_is_dropped_is_counted(line):
    line.start((line.sink,), line.trail, limit=100, reserve=20)
    line.sink.may_go_on.clear()
    emit(line, samples.plain, "first", 0)
    assert line.sink.is_writing.wait(10)  # from here on nothing is taken from the queue
    for index in range(90):
        emit(line, samples.plain, "x", index)
    assert (line.dropped, line.dropped_audit) == (10, 0)
    for _ in range(25):
        emit(line, samples.audited, "ada", Reason.NO_GROUP)
    assert (line.dropped, line.dropped_audit) == (15, 5)
    assert len(line.trail.records) == 25  # the audit log is not behind the queue
    line.sink.may_go_on.set()
    assert line.flush()
    assert len(line.sink.records) == 101


def test_threads_that_flood_it_are_counted_to_the_last_record(line):
    line.start((line.sink,), None, limit=500, reserve=50)

    def flood():
        for index in range(2000):
            emit(line, samples.plain, "x", index)

    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    line.stop()
    assert len(line.sink.records) + line.dropped == 8000
    assert line.processed == len(line.sink.records)


def test_stopping_writes_what_is_queued_and_closes(line):
    line.start((line.sink,), line.trail)
    for index in range(300):
        emit(line, samples.plain, "x", index)
    line.stop()
    assert len(line.sink.records) == 300
    assert line.sink.is_closed
    emit(line, samples.plain, "late", 0)
    line.stop()
    assert len(line.sink.records) == 300


def test_an_audit_record_is_down_before_the_call_returns(line):
    line.start((), line.trail)
    emit(line, samples.audited, "ada", Reason.NO_GROUP)
    assert len(line.trail.records) == 1


@pytest.mark.parametrize(
    "problem", [OSError(28, "No space left on device"), ValueError("odd"), TypeError("odder")]
)
def test_an_audit_record_that_cannot_be_written_marks_its_exchange(line, problem, capsys):
    line.start((), line.trail)
    line.trail.problem = problem
    scope = Scope(request_id="r")
    token = enter_scope(scope)
    emit(line, samples.audited, "ada", Reason.NO_GROUP)
    emit(line, samples.audited, "ada", Reason.NO_GROUP)
    leave_scope(token)
    assert scope.unrecorded
    assert line.audit_failed
    assert capsys.readouterr().err.count("Audit record could not be written") == 1
    line.trail.problem = None
    emit(line, samples.audited, "ada", Reason.NO_GROUP)
    assert not line.audit_failed


def test_outside_of_any_exchange_nobody_is_marked(line, capsys):
    line.start((), Audit(OSError(5, "Input/output error")))
    emit(line, samples.audited, "ada", Reason.NO_GROUP)
    assert not current_scope().unrecorded
    assert line.audit_failed
    assert "could not be written" in capsys.readouterr().err


def test_one_sink_that_fails_does_not_keep_the_others_from_theirs(line, capsys):
    class Broken(Kept):
        def write(self, records):  # noqa: ARG002 - a sink is handed them
            raise OSError(5, "Input/output error")

    line.start((Broken(), line.sink), None)
    emit(line, samples.plain, "x", 1)
    assert line.flush()
    emit(line, samples.plain, "x", 2)
    assert line.flush()
    assert [record.values[1] for record in line.sink.records] == [1, 2]
    assert line.failed_sinks == 2
    assert capsys.readouterr().err.count("Broken failed") == 1


def test_the_scope_is_copied_into_the_record(line):
    line.start((line.sink,), None)
    token = enter_scope(Scope("r", "t", "s", "u", "c"))
    emit(line, samples.quiet)
    leave_scope(token)
    assert line.flush()
    record = line.sink.records[0]
    assert record[2:7] == ("r", "t", "s", "u", "c")


def test_the_tick_comes_after_a_batch_and_also_when_nothing_is_said(line):
    ticked = threading.Semaphore(0)
    line.start((line.sink,), None, tick=ticked.release)
    assert ticked.acquire(timeout=5)
    emit(line, samples.quiet)
    assert ticked.acquire(timeout=5)


def test_a_listener_that_fails_does_not_reach_who_emitted(line, capsys):
    def fail(_record):
        raise RuntimeError("no")

    stop = line.listen(fail)
    emit(line, samples.quiet)
    stop()
    emit(line, samples.quiet)
    assert capsys.readouterr().err.count("listener failed: no") == 1


def test_later_sinks_get_what_is_said_from_then_on(line):
    line.start((), None)
    emit(line, samples.quiet)
    assert line.flush()
    line.add_sink(line.sink)
    emit(line, samples.quiet)
    assert line.flush()
    assert len(line.sink.records) == 1


@pytest.mark.parametrize(
    ("component", "level"),
    [("proxy", WARN), ("proxy.tls", DEBUG), ("proxy.tls.deep", DEBUG), ("proxyish", INFO), ("dns", TRACE)],
)
def test_the_longest_prefix_says_the_level(component, level):
    line = Pipeline()
    line.overrides = {"proxy": WARN, "proxy.tls": DEBUG, "dns": TRACE}
    assert line.level_of(component) is level


def test_a_level_enables_and_disables_but_never_an_audit_event():
    heard = []
    stop = pipeline.listen(heard.append)
    with pipeline.at_level(Level.ERROR):
        samples.plain("x", 1)
        samples.quiet()
        samples.audited("ada")
    with pipeline.at_level(DEBUG):
        samples.quiet()
    stop()
    assert [record.declaration.code for record in heard] == ["sample.audited.audited", "sample.quiet.quiet"]


def test_printed_lines_are_heard_and_go_where_they_should(capsys):
    line = console("[TEST] said %s", stream="stderr", advice="Nothing to do.")
    heard = []
    stop = pipeline.listen_to_console(lambda declaration, text: heard.append((declaration.template, text)))
    line("a\nb")
    stop()
    assert heard == [("[TEST] said %s", "[TEST] said a b")]
    assert capsys.readouterr().err == "[TEST] said a b\n"


def test_a_console_line_never_waits_for_a_reader_once_records_flow(monkeypatch):
    """It is printed by the event loop: whoever stops reading standard output would stop the gateway."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    pipeline = Pipeline()
    pipeline.start((), None)
    pipeline.stop()
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        line = ConsoleDeclaration("said", "stdout", "advice", "here")
        pipeline.print_line(line, "nobody reads this")
        while len(os.read(reader, 1 << 20)) == 1 << 20:
            pass
        pipeline.print_line(line, "somebody reads this \udcff")
        pipeline.print_line(line, "y" * 20_000)
        assert os.read(reader, 1 << 16) == b"somebody reads this \\udcff\n" + b"y" * 20_000 + b"\n"
    os.close(reader)
