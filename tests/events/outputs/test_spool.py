import os
import random  # noqa: TID251 - seeded, so that a failure can be repeated
import resource
import signal
import subprocess
import sys

import pytest
from tests.events.outputs.lines import audit, line, some

from yett.events.outputs import Spool, SpoolInUse


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "siem", 1 << 20)
    made.open()
    yield made
    made.close()


def again(spool, limit=1 << 20):
    """The same folder after the process ended."""
    spool.close()
    fresh = Spool(spool._directory, limit)
    fresh.open()
    return fresh


def drained(spool, most=7, size=1 << 20):
    found = []
    while lines := spool.read(most, size):
        found += lines
        spool.forget(len(lines))
    return found


def test_lines_come_back_in_their_order_and_leave_nothing_behind(spool):
    spool.append(some(10))
    spool.append(some(5, begin=10))
    assert spool.waiting == 15
    assert drained(spool) == some(15)
    assert (spool.waiting, spool.size) == (0, 0)
    assert not list(spool._directory.glob("*.lines"))


def test_lines_are_read_again_until_they_are_forgotten(spool):
    spool.append(some(5))
    assert spool.read(3, 1 << 20) == some(3)
    assert spool.read(3, 1 << 20) == some(3)
    spool.forget(1)
    spool.forget(1)
    spool.forget(0)
    assert spool.read(9, 1 << 20) == some(3, begin=2)


def test_another_run_goes_on_behind_the_last_line_sent(spool):
    spool.append(some(6))
    spool.read(4, 1 << 20)
    spool.forget(4)
    fresh = again(spool)
    assert fresh.waiting == 2
    fresh.append(some(2, begin=6))
    assert drained(fresh) == some(4, begin=4)


def test_what_was_sent_and_what_comes_later_never_mix(spool):
    """A cursor of files that are gone says nothing of new ones."""
    for begin in range(0, 40, 10):
        spool.append(some(10, begin=begin))
        spool.read(10, 1 << 20)
        spool.forget(10)
        spool = again(spool)
        spool.append(some(1, begin=999))
        spool = again(spool)
        assert drained(spool) == some(1, begin=999)
    spool.close()


def test_lines_can_be_put_before_the_others(spool):
    spool.append(some(3, begin=10))
    spool.prepend(some(10))
    assert spool.waiting == 13
    fresh = again(spool)
    assert drained(fresh) == some(13)
    fresh.prepend(some(2))
    assert drained(fresh) == some(2)


def test_nothing_is_put_before_lines_that_are_being_sent(spool):
    spool.append(some(3))
    spool.read(1, 1 << 20)
    with pytest.raises(ValueError, match="sent already"):
        spool.prepend(some(1))
    spool.forget(1)
    with pytest.raises(ValueError, match="sent already"):
        spool.prepend(some(1))


def test_the_oldest_lines_go_first_and_are_counted(tmp_path):
    spool = Spool(tmp_path / "s", 64 << 10)
    spool.open()
    lost = 0
    audits = 0
    for begin in range(0, 3000, 10):
        gone = spool.append([audit(begin), *some(9, begin=begin + 1)])
        lost += gone.lines
        audits += gone.audit
        assert spool.size <= 64 << 10
    left = drained(spool)
    assert lost > 1000
    assert lost + len(left) == 3000
    assert audits + sum(b'"audit":true' in each for each in left) == 300
    assert left[-1] == line(2999)
    spool.close()


def test_more_than_the_limit_at_once_leaves_the_newest(tmp_path):
    for name, add in (("a", "append"), ("p", "prepend")):
        spool = Spool(tmp_path / name, 64 << 10)
        spool.open()
        spool.append(some(1, begin=5000))
        lost = getattr(spool, add)(some(3000))
        assert spool.size <= 64 << 10
        left = drained(again(spool, 64 << 10))
        assert lost.lines + len(left) == 3001
        assert len(left) > 200
        assert left == (
            some(3000)[-len(left) :] if add == "append" else [*some(3000)[1 - len(left) :], line(5000)]
        )
        huge = Spool(tmp_path / f"{name}2", 4 << 10)
        huge.open()
        assert huge.append([b'{"time":"' + b"x" * 10_000]).lines == 1
        assert huge.append(some(1)).lines == 0
        assert drained(huge) == some(1)
        huge.close()


def test_what_is_being_sent_is_not_dropped(tmp_path):
    spool = Spool(tmp_path / "s", 64 << 10)
    spool.open()
    spool.append(some(20))
    handed = spool.read(20, 1 << 20)
    for begin in range(20, 2000, 20):
        spool.append(some(20, begin=begin))
    spool.forget(len(handed))
    assert line(19) not in drained(spool)
    assert spool.waiting == 0
    spool.close()


def test_a_torn_end_is_cut_off(spool):
    spool.append(some(3))
    (file,) = spool._directory.glob("*.lines")
    with file.open("ab") as open_file:
        open_file.write(line(3)[:20])
    fresh = again(spool)
    fresh.append(some(1, begin=3))
    assert drained(fresh) == some(4)


def test_damaged_lines_are_left_out_and_counted(spool):
    spool.append([*some(1), b"\0" * 50, *some(1, begin=1), b"}", b"x"])
    spool.append([b"y"])
    assert drained(spool, most=2) == some(2)
    assert (spool.spoilt().lines, spool.waiting) == (4, 0)
    spool.append(some(1, begin=2))
    assert drained(spool) == some(1, begin=2)


@pytest.mark.parametrize(
    "cursor",
    [
        b"",
        b"x",
        b"\xff" * 40,
        b"500000000000 0000000000000007\n",
        b"0" * 64,
        b"999999999999 0000000000000000\n",
    ],
)
def test_a_damaged_cursor_sends_lines_twice_rather_than_never(spool, cursor):
    spool.append(some(4))
    spool.read(2, 1 << 20)
    spool.forget(2)
    (spool._directory / "cursor").write_bytes(cursor)
    if cursor.startswith(b"9"):
        return  # this one says that all is sent, and nothing shows that it lies
    assert drained(again(spool)) == some(4)


def test_it_belongs_to_one_process(spool):
    with pytest.raises(SpoolInUse):
        Spool(spool._directory, 1 << 20).open()


def test_nobody_else_may_read_what_waits(spool):
    spool.append(some(1))
    assert spool._directory.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in spool._directory.iterdir()} == {0o600}


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "cursor").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Spool(tmp_path / "s", 1 << 20).open()
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_takes_nothing_or_all_of_it(spool):
    spool.append(some(5))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (spool.size + 100, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            spool.append(some(5, begin=5))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert spool.waiting == 5
    spool.append(some(5, begin=5))
    assert drained(again(spool)) == some(10)


def test_a_disk_that_fills_half_way_takes_nothing_in_front(spool, monkeypatch):
    spool.append(some(5, begin=5000))
    real, calls = os.write, []

    def write(descriptor, data):
        calls.append(1)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    with monkeypatch.context() as full:
        full.setattr(os, "write", write)
        with pytest.raises(OSError, match="No space"):
            spool.prepend(some(4000))
    assert spool.waiting == 5
    spool.prepend(some(10))
    assert drained(again(spool)) == [*some(10), *some(5, begin=5000)]


def test_whatever_happens_in_whatever_order_no_line_is_lost_or_sent_twice(tmp_path):
    chance = random.Random(11)
    for turn in range(20):
        spool = Spool(tmp_path / str(turn), 1 << 30)
        spool.open()
        given = taken = 0
        for _ in range(120):
            match chance.randrange(4):
                case 0 | 1:
                    count = chance.randrange(1, 60)
                    spool.append(some(count, begin=given))
                    given += count
                case 2:
                    lines = spool.read(chance.randrange(1, 50), chance.choice((1, 500, 1 << 20)))
                    done = chance.randrange(len(lines) + 1)
                    assert lines[:done] == some(done, begin=taken)
                    spool.forget(done)
                    taken += done
                case 3:
                    spool = again(spool, 1 << 30)
            assert spool.waiting == given - taken
        assert drained(spool) == some(given - taken, begin=taken)
        spool.close()


_WRITER = """
import sys
from pathlib import Path
from yett.events.outputs import Spool
spool = Spool(Path(sys.argv[1]), 1 << 30)
spool.open()
number = 0
while True:
    spool.append([b'{"time":"%d' % (number + each) for each in range(50)])
    number += 50
    lines = spool.read(20, 1 << 20)
    spool.forget(len(lines))
    print(number, len(lines), flush=True)
"""


def test_kill_at_any_moment_leaves_every_line_that_was_taken_in(tmp_path):
    for turn in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path / str(turn))], stdout=subprocess.PIPE, text=True
        )
        for _ in range(30 + turn * 17):
            last = process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        number = int(([last, *rest])[-1].split()[0])
        sent = 20 * (number // 50)
        spool = Spool(tmp_path / str(turn), 1 << 30)
        spool.open()
        found = [int(each.removeprefix(b'{"time":"')) for each in drained(spool, most=1000)]
        spool.close()
        # At most the last batch, whose end nobody saw, is sent twice or has been sent already.
        assert found == list(range(found[0], found[-1] + 1))
        assert sent <= found[0] <= sent + 20
        assert found[-1] >= number - 1


def test_lines_that_are_no_records_are_counted_once_however_often_they_are_read(spool):
    spool.append(some(6))
    (path,) = spool._directory.glob("*.lines")
    lines = path.read_bytes().splitlines()
    path.write_bytes(
        b"".join(b"%b\n" % (each if place in {2, 5} else b"\0" * 30) for place, each in enumerate(lines))
    )
    fresh = again(spool)
    assert fresh.waiting == 6
    for _ in range(4):
        assert fresh.read(9, 1 << 20) == [lines[2], lines[5]]
        assert fresh.waiting == 4
    assert fresh.spoilt().lines == 2
    fresh.forget(1)
    assert (fresh.waiting, fresh.spoilt().lines) == (1, 2)
    fresh.forget(1)
    assert (fresh.waiting, fresh.spoilt().lines) == (0, 0)
    assert fresh.append(some(1)).lines == 0
    assert drained(fresh) == some(1)


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: os.truncate(path, 0)])
def test_what_somebody_took_away_is_counted_and_what_is_behind_it_is_sent(tmp_path, harm):
    spool = Spool(tmp_path / "s", 64 << 10)
    spool.open()
    spool.append([*some(40), audit()])
    (first,) = spool._directory.glob("*.lines")
    for begin in range(100, 200, 10):
        spool.append(some(10, begin=begin))
    kept = [
        line
        for path in sorted(spool._directory.glob("*.lines"))[1:]
        for line in path.read_bytes().splitlines()
    ]
    before = spool.waiting
    harm(first)
    assert drained(spool) == kept
    lost = spool.spoilt()
    assert (lost.lines, lost.audit) == (before - len(kept), 1)
    assert (spool.waiting, spool.size) == (0, 0)
    spool.close()
