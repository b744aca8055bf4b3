import pytest
from tests.events import samples

from yett.events import Ring, pipeline
from yett.kernel import CommandFailed
from yett.ops import RecentCommands


@pytest.fixture
def recent():
    ring = Ring(3, node="n")
    stop = pipeline.listen(lambda record: ring.write([record]))
    for number in range(5):
        samples.plain("x", number)
    stop()
    return RecentCommands(ring)


def test_the_newest_records_are_shown_from_memory_the_newest_last(recent):
    table = recent.recent()
    assert [row[-1].split()[-1] for row in table.rows] == ["count=2", "count=3", "count=4"]
    assert len(recent.recent(limit=1).rows) == 1
    assert not recent.recent(component="nothing.like.it").rows


def test_a_level_that_does_not_exist_is_refused(recent):
    with pytest.raises(CommandFailed, match="is not a level"):
        recent.recent(level="loud")
