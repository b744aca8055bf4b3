import pytest

from yett.kernel.metrics import Distribution, Kind, Metric, Registry, Sample
from yett.kernel.metrics import events as said
from yett.kernel.metrics.registry import MOST_SERIES

SEEN = Metric("yett_seen_total", Kind.COUNTER, "Seen.", ("app",))
OPEN = Metric("yett_open", Kind.GAUGE, "Open.")
TOOK = Metric("yett_took", Kind.HISTOGRAM, "Took.")


@pytest.fixture
def registry():
    return Registry()


def gathered(registry):
    return {family.metric.name: family.samples for family in registry.gather()}


def test_families_come_by_name_with_the_samples_of_every_source(registry):
    registry.add("one", lambda: [Sample(SEEN, 1, ("a",)), Sample(OPEN, 7)])
    registry.add("two", lambda: [Sample(SEEN, 2, ("b",))])
    found = gathered(registry)
    assert list(found) == sorted(found)
    assert found["yett_seen_total"] == {("a",): 1, ("b",): 2}
    assert found["yett_open"] == {(): 7}


def test_counts_of_one_series_add_up_and_of_a_gauge_the_later_one_holds(registry):
    registry.add(
        "one", lambda: [Sample(SEEN, 1, ("a",)), Sample(OPEN, 7), Sample(TOOK, Distribution((1.0,)))]
    )
    registry.add("two", lambda: [Sample(SEEN, 2, ("a",)), Sample(OPEN, 8)])
    found = gathered(registry)
    assert found["yett_seen_total"] == {("a",): 3}
    assert found["yett_open"] == {(): 8}


def test_a_source_that_fails_takes_nobody_with_it_and_is_said_once_until_it_works_again(registry, heard):
    trouble = [True]

    def source():
        yield Sample(OPEN, 1)
        if trouble:
            raise KeyError("x")

    registry.add("bad", source)
    registry.add("good", lambda: [Sample(SEEN, 1, ("a",))])
    for _ in range(3):
        found = gathered(registry)
        assert found["yett_metrics_failed_sources"] == {(): 1}
        assert "yett_open" not in found
        assert "yett_seen_total" in found
    assert heard() == [(said.source_failed, {"source": "bad", "error": "KeyError: 'x'"})]
    trouble.clear()
    assert gathered(registry)["yett_metrics_failed_sources"] == {(): 0}
    trouble.append(True)
    registry.gather()
    assert len(heard()) == 2


def test_a_metric_has_so_many_series_and_the_others_are_counted(registry):
    registry.add("many", lambda: [Sample(SEEN, 1, (str(number),)) for number in range(MOST_SERIES + 5)])
    found = gathered(registry)
    assert len(found["yett_seen_total"]) == MOST_SERIES
    assert found["yett_metrics_left_out"] == {(): 5}


def test_a_long_label_is_cut(registry):
    registry.add("long", lambda: [Sample(SEEN, 1, ("a" * 5000,))])
    assert [len(label) for (label,) in gathered(registry)["yett_seen_total"]] == [128]
