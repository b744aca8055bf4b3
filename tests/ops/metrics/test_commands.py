import pytest

from yett.kernel.metrics import Distribution, Kind, Metric, Registry, Sample
from yett.ops.metrics import MetricsCommands

SEEN = Metric("yett_seen_total", Kind.COUNTER, "Seen.", ("app",))
OPEN = Metric("yett_open", Kind.GAUGE, "Open.")
TOOK = Metric("yett_took_seconds", Kind.HISTOGRAM, "Took.", ("app",))
ENDS = Metric("yett_end_timestamp_seconds", Kind.GAUGE, "Ends.", ("name",))


@pytest.fixture
def commands():
    registry = Registry()

    def spread(*values):
        made = Distribution((1.0,))
        for value in values:
            made.observe(value)
        return made

    registry.add(
        "test",
        lambda: [
            Sample(SEEN, 2, ("a b",)),
            Sample(SEEN, 3, ("",)),
            Sample(OPEN, 0.25),
            Sample(TOOK, spread(0.5, 1.5), ("x",)),
            Sample(TOOK, spread(4.0), ("y",)),
            Sample(ENDS, 200.0, ("late",)),
            Sample(ENDS, 100.0, ("soon",)),
        ],
    )
    return MetricsCommands(registry)


def test_each_metric_is_shown_with_its_sum(commands):
    rows = {name: (labels, value) for name, labels, value in commands.metrics().rows}
    assert rows["yett_seen_total"] == ("2 series", "5")
    assert rows["yett_open"] == ("", "0.25")
    assert rows["yett_took_seconds"] == ("2 series", "3 (mean 2.000000)")
    assert rows["yett_end_timestamp_seconds"] == ("2 series", "100")


def test_each_series_is_shown_when_asked_for(commands):
    assert commands.metrics("seen", every=True).rows == (
        ("yett_seen_total", "app=''", "3"),
        ("yett_seen_total", "app='a b'", "2"),
    )


@pytest.mark.parametrize("prefix", ["took", "yett_took"])
def test_a_beginning_of_the_name_is_enough(commands, prefix):
    assert [row[0] for row in commands.metrics(prefix).rows] == ["yett_took_seconds"]
    assert commands.metrics("nothing").rows == ()
