import errno
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events.samples import SECOND, START

from yett.events.segments import Appender, decoded, last_good_line, listed

LINE = b'{"time":"2027-01-15T08:00:00.000000Z"}'


def is_good(line):
    return decoded(line) is not None


@pytest.fixture
def appender(tmp_path):
    made = Appender(tmp_path, "records", segment_size=1000)
    yield made
    made.close()


def test_files_are_for_the_owner_only_and_sort_by_time(tmp_path, appender):
    appender.begin(START)
    appender.begin(START + SECOND)
    names = [path.name for path in listed(tmp_path, "records")]
    assert names == ["records-20270115T080000-000000.jsonl", "records-20270115T080001-000000.jsonl"]
    assert stat.S_IMODE((tmp_path / names[0]).stat().st_mode) == 0o600


def test_a_clock_that_goes_back_does_not_change_the_order_of_files(tmp_path, appender):
    for at in (START, START, START - 3600 * SECOND, START - 7200 * SECOND):
        appender.begin(at)
    names = [path.name for path in listed(tmp_path, "records")]
    assert len(names) == 4
    assert appender.name == names[-1]


@pytest.mark.parametrize(
    ("at", "extra", "answer"),
    [
        (START, 100, False),
        (START, 1000, True),  # full
        (START - SECOND, 100, False),  # threads overtake one another
        (START - 2 * SECOND, 100, True),  # the clock was set back
    ],
)
def test_a_new_file_is_needed_when_full_or_when_time_goes_back(appender, at, extra, answer):
    appender.begin(START)
    appender.append(b"x\n")
    assert appender.needs_new(at, START, extra) is answer


def test_a_line_longer_than_a_segment_still_has_a_place(appender):
    assert appender.needs_new(START, 0, 10)
    appender.begin(START)
    assert not appender.needs_new(START, START, 5000)


def test_a_write_that_fails_half_way_leaves_whole_lines(tmp_path, appender, monkeypatch):
    appender.begin(START)
    appender.append(LINE + b"\n")
    real, calls = os.write, []

    def full(descriptor, data):
        calls.append(1)
        if len(calls) == 1:
            return real(descriptor, bytes(data)[:7])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            appender.append(LINE + b"\n")
    path = listed(tmp_path, "records")[0]
    assert path.read_bytes() == LINE + b"\n"
    appender.append(LINE + b"\n")
    assert path.read_bytes() == (LINE + b"\n") * 2


def test_what_cannot_be_cut_off_at_once_is_cut_off_before_the_next_line(tmp_path, appender, monkeypatch):
    appender.begin(START)
    real = os.write

    def torn(descriptor, _data):
        real(descriptor, b"half")
        raise OSError(errno.EIO, "Input/output error")

    def stuck(_descriptor, _size):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", torn)
        patch.setattr(os, "ftruncate", stuck)
        with pytest.raises(OSError, match="Input"):
            appender.append(LINE + b"\n")
        with pytest.raises(OSError, match="Input"):
            appender.append(LINE + b"\n")
    appender.append(LINE + b"\n")
    assert listed(tmp_path, "records")[0].read_bytes() == LINE + b"\n"


def test_a_sync_that_fails_counts_as_a_failed_write(tmp_path, appender, monkeypatch):
    appender.begin(START)

    def broken(_descriptor):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(OSError, match="Input"):
            appender.append(LINE + b"\n", is_sure=True)
        appender.append(LINE + b"\n")
        with pytest.raises(OSError, match="Input"):
            appender.sync()
    appender.sync()
    assert listed(tmp_path, "records")[0].read_bytes() == LINE + b"\n"


def test_syncing_asks_the_disk_only_when_there_is_something_new(appender, monkeypatch):
    appender.begin(START)
    appender.append(b"x\n")
    asked = []
    monkeypatch.setattr(os, "fdatasync", asked.append)
    appender.sync()
    appender.sync()
    assert len(asked) == 1


@given(
    st.lists(st.sampled_from([LINE + b"\n", b"\0\0\0\n", b'{"half\n', b"\n"]), max_size=8),
    st.binary(max_size=9),
)
def test_the_last_good_line_is_found_from_behind(tmp_path_factory, lines, tail):
    path = tmp_path_factory.mktemp("s") / "f"
    whole = b"".join(lines)
    path.write_bytes(whole + tail.replace(b"\n", b""))
    good = whole.rfind(LINE)
    expected = (b"", 0) if good < 0 else (LINE, good + len(LINE) + 1)
    assert last_good_line(path, is_good) == expected


def test_a_good_line_is_found_behind_megabytes_of_damage(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(LINE + b"\n" + b"\0" * 3_000_000 + b"\n" + b"\1" * 100)
    assert last_good_line(path, is_good) == (LINE, len(LINE) + 1)


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(LINE + b"\n")
    (tmp_path / "records-20270115T080000-000000.jsonl").symlink_to(target)
    with pytest.raises(OSError, match="is a link"):
        Appender(tmp_path, "records", segment_size=1000).open(is_good)
