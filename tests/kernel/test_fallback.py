import json

import pytest
from tests.journeys.gateway import until

from yett.events import DEBUG, INFO, Native, event, pipeline
from yett.events.fields import Name
from yett.events.outputs import Filter, Output
from yett.kernel import fallback as module
from yett.kernel.fallback import Fallback


@event("test.fallback", INFO, "Something was said")
def said(name: Name) -> None:
    """Nothing."""


@event("test.fallback.step", DEBUG, "Something happened")
def stepped(name: Name) -> None:
    """Nothing."""


class Printed:
    """A carrier that keeps what would have been printed."""

    address = "memory"

    def __init__(self):
        self.lines = []

    def carry(self, lines):
        self.lines += lines

    def close(self):
        pass

    @property
    def names(self):
        return [json.loads(line)["name"] for line in self.lines]


@pytest.fixture
def printed():
    return Printed()


@pytest.fixture
def notices():
    found = []
    stop = pipeline.listen_to_console(lambda _, text: found.append(text))
    yield found
    stop()


@pytest.fixture
def standing(printed):
    made = []

    def make(**more):
        made.append(Fallback(Native("n1"), lambda: Output("stdout", printed), **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def write():
    """Has a fallback write what is said meanwhile."""

    def write(there, *names, say=said):
        caught = []
        stop = pipeline.listen(caught.append)
        with pipeline.at_level(DEBUG):
            for name in names:
                say(name)
        stop()
        there.write(caught)

    return write


def notice(reason):
    return f"[TELEMETRY] Failed to initialize OTLP exporter: {reason} (falling back to stdout)"


def test_a_collector_that_answers_leaves_standard_output_alone(standing, write, printed, notices):
    there = standing()
    tell = there.watch("otel", Filter())
    write(there, "a")
    tell("otel", None)
    write(there, "b")
    there.close()
    assert (printed.lines, notices, there.is_active) == ([], [], False)


def test_what_was_said_before_a_failure_is_printed_first_and_once(standing, write, printed, notices):
    there = standing()
    tell = there.watch("otel", Filter())
    write(there, "a", "b")
    tell("otel", "connection refused")
    tell("otel", "connection refused")
    write(there, "c")
    until(lambda: printed.names == ["a", "b", "c"])
    assert notices == [notice("connection refused")]
    assert there.is_active


def test_what_waited_for_an_output_waits_for_the_one_that_takes_its_place(standing, write, printed, notices):
    there = standing()
    old = there.watch("otel", Filter())
    write(there, "a")
    new = there.watch("otel", Filter())
    old("otel", "it was stopped")
    write(there, "b")
    assert (printed.lines, notices) == ([], [])
    new("otel", "connection refused")
    until(lambda: printed.names == ["a", "b"])
    assert notices == [notice("connection refused")]


def test_once_the_collector_answers_standard_output_is_left_alone_for_good(standing, write, printed, notices):
    there = standing()
    tell = there.watch("otel", Filter())
    tell("otel", "refused")
    write(there, "a")
    tell("otel", None)
    write(there, "b")
    tell("otel", "away again")
    write(there, "c")
    there.close()
    assert printed.names == ["a"]
    assert len(notices) == 1


def test_silence_is_a_failure_after_a_while(standing, write, printed, notices):
    there = standing(patience=0.0)
    there.watch("otel", Filter())
    write(there, "a")
    there.tick()
    there.tick()
    until(lambda: printed.names == ["a"])
    assert notices == [notice("no answer within 0 seconds")]


def test_what_is_still_held_back_at_the_end_is_printed(standing, write, printed, notices):
    there = standing()
    there.watch("otel", Filter())
    write(there, "a")
    there.close()
    assert printed.names == ["a"]
    assert notices == [notice("no answer before the end")]


def test_only_what_the_output_would_get_is_printed(standing, write, printed):
    there = standing()
    tell = there.watch("otel", Filter(level=INFO))
    write(there, "a", say=stepped)
    tell("otel", "refused")
    write(there, "b")
    write(there, "c", say=stepped)
    there.close()
    assert printed.names == ["b"]


def test_two_outputs_that_fail_print_a_record_once(standing, write, printed, notices):
    there = standing()
    tells = [there.watch(name, Filter()) for name in ("one", "two")]
    write(there, "a")
    tells[0]("one", "x")
    tells[1]("two", "y")
    write(there, "b")
    tells[0]("one", None)
    write(there, "c")
    tells[1]("two", None)
    write(there, "d")
    there.close()
    assert printed.names == ["a", "b", "c"]
    assert notices == [notice("x"), notice("y")]


def test_an_output_that_was_taken_away_is_forgotten(standing, write, printed):
    there = standing()
    tell = there.watch("otel", Filter())
    tell("otel", "refused")
    there.keep_only(set())
    write(there, "a")
    tell("otel", "refused")
    there.close()
    assert printed.lines == []


def test_an_output_that_was_replaced_has_no_say_any_more(standing, write, printed):
    there = standing()
    old = there.watch("otel", Filter())
    new = there.watch("otel", Filter())
    new("otel", None)
    old("otel", "stopped")
    write(there, "a")
    there.close()
    assert printed.lines == []


def test_where_standard_output_is_written_anyway_there_is_the_notice_only(standing, write, printed, notices):
    there = standing()
    there.is_needed = False
    tell = there.watch("otel", Filter())
    write(there, "a")
    tell("otel", "refused")
    write(there, "b")
    there.close()
    assert printed.lines == []
    assert len(notices) == 1


def test_what_is_held_back_is_bounded(standing, write, printed, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 3)
    there = standing()
    tell = there.watch("otel", Filter())
    write(there, *"abc")
    write(there, *"de")
    tell("otel", "refused")
    there.close()
    assert printed.names == ["c", "d", "e"]
