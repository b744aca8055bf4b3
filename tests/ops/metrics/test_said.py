import pytest

from yett.events import pipeline
from yett.identity.access import Reason
from yett.identity.access import events as access
from yett.kernel import events as kernel
from yett.ops.metrics import EventCounts, detailed_events


@pytest.fixture
def counts():
    made = EventCounts(detailed_events())
    pipeline.start((made,), None)
    yield made
    pipeline.stop()


def found(counts):
    return {(sample.metric.name, *sample.values): sample.value for sample in counts.samples()}


def test_events_are_counted_by_level_and_code(counts):
    for _ in range(3):
        kernel.part_started(part="x", seconds=0.1)
    assert pipeline.flush()
    assert counts.count(kernel.part_started.declaration) == 3
    assert counts.count(kernel.part_stopped.declaration) == 0
    assert found(counts)["yett_events_total", "info", "kernel.start.part_started"] == 3


def test_denials_are_counted_by_application_and_reason_and_not_by_person(counts):
    for app in ("Wiki", "Wiki", "Lab"):
        access.denied(
            app=app, host="wiki.example", path="/secret", rule="r", reason=Reason.NO_GROUP,
            groups_needed=("a",), groups_held=("b",),
        )  # fmt: skip
    assert pipeline.flush()
    numbers = found(counts)
    assert numbers["yett_access_denied_total", "Wiki", "no_group"] == 2
    assert numbers["yett_access_denied_total", "Lab", "no_group"] == 1
    assert not any("/secret" in str(key) for key in numbers)


def test_what_was_dropped_and_what_waits_is_told(counts):
    numbers = found(counts)
    assert numbers["yett_events_dropped_total", "no"] == numbers["yett_events_dropped_total", "yes"] == 0
    assert numbers["yett_audit_log_failing",] == 0
    assert ("yett_events_waiting",) in numbers
