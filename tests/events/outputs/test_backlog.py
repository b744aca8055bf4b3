import random  # noqa: TID251 - seeded, so that a failure can be repeated
import threading

import pytest
from tests.events.outputs.lines import audit, some

from yett.events.outputs import Counters, Pace, Spool
from yett.events.outputs.backlog import Backlog

SMALL = Pace(queue=20, batch=7)


class Moody(Spool):
    """A spool on a disk that is full now and then."""

    chance = random.Random(5)
    is_full = False

    def append(self, lines):
        if self.is_full and self.chance.random() < 0.7:
            raise OSError(28, "No space left on device")
        return super().append(lines)

    def prepend(self, lines):
        if self.is_full and self.chance.random() < 0.7:
            raise OSError(28, "No space left on device")
        return super().prepend(lines)


@pytest.fixture
def build(tmp_path):
    made = []

    def make(pace=SMALL, limit=1 << 20, kind=Spool):
        backlog = Backlog(Counters(), pace, kind(tmp_path / str(len(made)), limit) if limit else None)
        made.append(backlog)
        return backlog

    yield make
    for each in made:
        each.close()


def drained(backlog):
    found = []
    while lines := backlog.take():
        found += lines
        backlog.settle(lines)
    return found


def test_memory_comes_first_and_the_disk_takes_the_rest(build):
    backlog = build()
    assert backlog.open() == 0
    backlog.keep(some(50))
    assert (len(backlog), backlog.spooled, backlog.is_behind) == (50, 30, True)
    backlog.keep(some(10, begin=50))
    assert drained(backlog) == some(60)


def test_while_the_destination_is_away_the_disk_has_everything(build):
    backlog = build()
    backlog.open()
    backlog.keep(some(5))
    backlog.take()
    backlog.keep(some(5, begin=5))
    backlog.put_aside()
    backlog.keep(some(5, begin=10))
    assert backlog.spooled == len(backlog) == 15
    assert drained(backlog) == some(15)


def test_what_comes_before_the_disk_was_looked_at_stands_behind_what_it_has(build, tmp_path):
    spool = Spool(tmp_path / "0", 1 << 20)
    spool.open()
    spool.append(some(5))
    spool.close()
    backlog = build()
    backlog.keep(some(5, begin=5))
    assert backlog.open() == 5
    assert drained(backlog) == some(10)


def test_lines_leave_when_they_are_settled_and_not_before(build):
    backlog = build()
    backlog.open()
    backlog.keep(some(10))
    first = backlog.take()
    assert backlog.take() == first == some(7)
    backlog.settle(first[:3])
    assert backlog.take() == some(4, begin=3)
    backlog.settle((), refused=4)
    assert drained(backlog) == some(3, begin=7)


def test_closing_keeps_on_disk_or_counts(build):
    kept, lost = build(), build(limit=0)
    for each in (kept, lost):
        each.open()
        each.keep([*some(9), audit()])
        each.take()
        assert each.close()
        assert not each.close()
        each.keep(some(1))
        assert each.take() == []
    assert kept.unsent == (10, 0)
    assert lost.unsent == (0, 10)
    assert (lost._counters.dropped, lost._counters.dropped_audit) == (11, 1)


def test_however_the_disk_and_the_destination_behave_order_holds_and_nothing_is_uncounted(build):
    chance = random.Random(3)
    for _ in range(15):
        backlog = build(limit=40 << 10, kind=Moody)
        backlog.open()
        given, taken = 0, []
        for _ in range(400):
            match chance.randrange(8):
                case 0 | 1 | 2:
                    count = chance.randrange(1, 30)
                    backlog.keep(some(count, begin=given))
                    given += count
                case 3 | 4:
                    lines = backlog.take()
                    done = chance.randrange(len(lines) + 1)
                    taken += lines[:done]
                    backlog.settle(lines[:done])
                case 5:
                    backlog.take()
                    backlog.put_aside()
                case 6:
                    backlog.is_away = False
                case 7:
                    backlog.spool.is_full = not backlog.spool.is_full
            assert len(taken) + len(backlog) + backlog._counters.dropped == given
        taken += drained(backlog)
        assert taken == sorted(set(taken))
        assert len(taken) + backlog._counters.dropped == given
        assert backlog._counters.sent == len(taken)


class Large(Spool):
    """A spool that takes long to look through."""

    def open(self):
        self.is_entered.set()
        assert self.may_go_on.wait(20)
        return super().open()


def test_nobody_waits_while_a_large_spool_is_looked_through(build, tmp_path):
    spool = Spool(tmp_path / "0", 1 << 20)
    spool.open()
    spool.append(some(5))
    spool.close()
    backlog = build(kind=Large)
    backlog.spool.is_entered, backlog.spool.may_go_on = threading.Event(), threading.Event()
    opening = threading.Thread(target=backlog.open, daemon=True)
    opening.start()
    assert backlog.spool.is_entered.wait(20)
    keeping = threading.Thread(target=backlog.keep, args=(some(5, begin=5),), daemon=True)
    keeping.start()
    keeping.join(20)
    assert not keeping.is_alive()
    assert (len(backlog), backlog.lacks_spool) == (5, True)
    backlog.spool.may_go_on.set()
    opening.join(20)
    assert drained(backlog) == some(10)


def test_a_spool_that_could_not_be_opened_can_be_later(build, tmp_path):
    (tmp_path / "0").write_text("no folder")
    backlog = build()
    assert backlog.open() == 0
    assert backlog.lacks_spool
    assert "exists" in backlog.spool_trouble
    backlog.keep(some(9))
    held = backlog.take()
    backlog.put_aside()
    assert (backlog.spooled, backlog.take()) == (0, held)
    (tmp_path / "0").unlink()
    other = Spool(tmp_path / "0", 1 << 20)
    other.open()
    other.append(some(3, begin=90))
    other.close()
    assert backlog.open() == 3
    assert not backlog.lacks_spool
    assert drained(backlog) == [*some(3, begin=90), *some(9)]


def test_what_the_disk_lost_is_counted_and_ends_nothing(build, tmp_path):
    backlog = build()
    backlog.open()
    backlog.put_aside()
    backlog.keep([*some(5), audit()])
    for path in (tmp_path / "0").glob("*.lines"):
        path.unlink()
    assert backlog.take() == []
    assert "taken away" in backlog.spool_trouble
    assert (len(backlog), backlog._counters.dropped, backlog._counters.dropped_audit) == (0, 6, 1)
    backlog.keep(some(2))
    assert drained(backlog) == some(2)
