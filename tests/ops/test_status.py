import os
import re

import pytest

from yett.events import TRACE, Level, pipeline
from yett.kernel import CommandFailed, Readiness, telemetry
from yett.kernel.levels import LogLevel
from yett.ops import StatusCommands
from yett.ops.status import _span


@pytest.fixture
def states():
    return {"store": True, "listener": True}


@pytest.fixture
def commands(states):
    readiness = Readiness()
    for name in states:
        readiness.add(name, lambda name=name: states[name])
    return StatusCommands(readiness, lambda: {"version": "1", "sessions": 3})


@pytest.fixture
def levels():
    """The levels in force are put back."""
    level, overrides = pipeline.level, pipeline.overrides
    yield
    pipeline.set_level(level, overrides)


def test_the_status_says_how_the_gateway_is(commands):
    status = commands.status()
    assert status["state"] == "ready"
    assert status["process"] == os.getpid()
    assert re.fullmatch(r"\d+s", status["uptime"])
    assert (status["version"], status["sessions"]) == ("1", 3)
    assert {"records written", "records dropped", "audit log"} <= set(status)


def test_the_status_names_what_is_missing(commands, states):
    states["listener"] = False
    assert commands.status()["state"] == "not ready: listener"


def test_each_check_is_shown(commands, states):
    states["store"] = False
    assert commands.readiness().rows == (("store", False), ("listener", True))


@pytest.mark.usefixtures("levels")
def test_the_level_of_everything_is_set_and_said(commands, heard):
    table = commands.log_level("WARN")
    assert table.rows[0] == ("everything", "WARN")
    assert pipeline.level is Level.WARN
    pipeline.set_level(TRACE)
    commands.log_level("info")
    assert heard("telemetry")[-1] == (
        telemetry.levels_set,
        {"log_level": LogLevel.INFO, "overrides": ()},
    )


@pytest.mark.usefixtures("levels")
def test_the_level_of_one_component_is_set_beside_the_others(commands, heard):
    commands.log_level("debug", component="kernel")
    table = commands.log_level("trace", component="kernel.start")
    assert dict(table.rows) | {"everything": ""} == {
        "everything": "",
        "kernel": "DEBUG",
        "kernel.start": "TRACE",
    }
    assert heard("telemetry")[-1][1]["overrides"] == ("kernel=DEBUG", "kernel.start=TRACE")


def test_without_a_level_nothing_is_changed(commands, heard):
    before = pipeline.level, dict(pipeline.overrides)
    assert commands.log_level().rows[0] == ("everything", before[0].name)
    assert (pipeline.level, pipeline.overrides) == before
    assert heard("telemetry") == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"level": "loud"}, "'loud' is not a level: trace, debug, info, warn or error"),
        ({"level": "info", "component": "kernle"}, "no event has the component 'kernle'"),
        ({"component": "kern"}, "no event has the component 'kern'"),
    ],
)
def test_what_is_no_level_or_component_changes_nothing(commands, words, why):
    before = pipeline.level, dict(pipeline.overrides)
    with pytest.raises(CommandFailed, match=re.escape(why)):
        commands.log_level(**words)
    assert (pipeline.level, pipeline.overrides) == before


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m 0s"), (3601, "1h 1s"), (90_061, "1d 1h 1m 1s"), (864_000, "10d 0s")],
)
def test_a_span_is_read_easily(seconds, text):
    assert _span(seconds) == text
