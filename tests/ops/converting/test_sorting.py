import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.ops.converting.sorting import Sorter


def time(second):
    return f"2026-11-22T15:{second // 60:02d}:{second % 60:02d}.000000Z"


@given(st.lists(st.integers(0, 50), max_size=60), st.sampled_from([1, 500, 1 << 20]))
def test_lines_come_out_in_order_and_those_of_one_instant_as_they_came(seconds, at_once):
    sorter = Sorter(at_once=at_once)
    try:
        for number, second in enumerate(seconds):
            sorter.add(time(second), b"%d" % number)
        expected = sorted(range(len(seconds)), key=lambda number: seconds[number])
        assert list(sorter) == [b"%d" % number for number in expected]
    finally:
        sorter.close()


def test_more_lines_than_files_may_be_open_are_sorted(tmp_path):
    sorter = Sorter(tmp_path, at_once=1)
    for number in range(300):
        sorter.add(time(299 - number), b"%d" % (299 - number))
    assert len(sorter._files) < 70
    assert list(sorter) == [b"%d" % number for number in range(300)]
    sorter.close()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Sorter(tmp_path / "missing", at_once=1).add(time(0), b"x")
