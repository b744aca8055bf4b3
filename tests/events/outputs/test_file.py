import os
import resource
import signal

import pytest
from tests.events.outputs.lines import some

from yett.events.dialects import DIALECTS
from yett.events.outputs import FileCarrier, Unreachable, Words


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def carrier(path):
    made = FileCarrier(path, Words(DIALECTS["native"]))
    yield made
    made.close()


def test_lines_are_added_and_only_the_owner_may_read_them(carrier, path):
    carrier.carry(())
    carrier.carry(some(3))
    carrier.carry(some(2, begin=3))
    assert path.read_bytes().splitlines() == some(5)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_moved_away_is_begun_anew(carrier, path):
    carrier.carry(some(2))
    moved = path.rename(path.with_suffix(".1"))
    carrier.carry(some(2, begin=2))
    assert moved.read_bytes().splitlines() == some(2)
    assert path.read_bytes().splitlines() == some(2, begin=2)
    path.unlink()
    carrier.carry(some(1, begin=4))
    assert path.read_bytes().splitlines() == some(1, begin=4)


def test_a_file_that_is_emptied_in_place_goes_on_at_its_beginning(carrier, path):
    carrier.carry(some(2))
    os.truncate(path, 0)
    carrier.carry(some(2, begin=2))
    assert path.read_bytes().splitlines() == some(2, begin=2)


def test_a_line_that_a_crash_left_unfinished_does_not_spoil_the_next(carrier, path):
    path.write_bytes(b'{"time":"half')
    carrier.carry(some(1))
    assert path.read_bytes().splitlines() == [b'{"time":"half', *some(1)]


def test_a_folder_that_is_missing_or_closed_is_tried_again_later(tmp_path):
    path = tmp_path / "not yet" / "log"
    carrier = FileCarrier(path, Words(DIALECTS["native"]))
    with pytest.raises(Unreachable, match="FileNotFoundError"):
        carrier.carry(some(1))
    path.parent.mkdir()
    carrier.carry(some(1))
    carrier.close()
    assert path.read_bytes().splitlines() == some(1)


def test_a_pipe_that_nobody_reads_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    carrier = FileCarrier(tmp_path / "pipe", Words(DIALECTS["native"]))
    with pytest.raises(Unreachable, match="no regular file"):
        carrier.carry(some(1))


def test_a_full_disk_takes_nothing_of_a_batch(carrier, path):
    carrier.carry(some(3))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, hard))
    try:
        with pytest.raises(Unreachable):
            carrier.carry(some(3, begin=3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert path.read_bytes().splitlines() == some(3)
    carrier.carry(some(3, begin=3))
    assert path.read_bytes().splitlines() == some(6)
