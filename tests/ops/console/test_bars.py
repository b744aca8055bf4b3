from hypothesis import given
from hypothesis import strategies as st

from yett.ops.console.bars import HEIGHT, bucket_of, chart_of, merged, width_for

NOW = 1_800_000_000.0


def test_there_are_enough_bars_and_not_too_many():
    for length, width in (
        (900, 15),
        (3600, 60),
        (86_400, 3600),
        (7 * 86_400, 3 * 3600),
        (30 * 86_400, 43_200),
    ):
        assert width_for(NOW - length, NOW) == width


def test_a_chart_has_a_bar_for_every_stretch_of_time():
    counts = {bucket_of(NOW - 30, 60): 10, bucket_of(NOW - 3500, 60): 1}
    chart = chart_of(counts, NOW - 3600, NOW, 60, reached=None)
    assert chart.each == "minute"
    assert chart.most == 10
    assert len(chart.bars) in {60, 61}
    assert sum(bar.count for bar in chart.bars) == 11
    tall, short = (bar for bar in reversed(chart.bars) if bar.count)
    assert tall.height == HEIGHT
    assert 0 < short.height < tall.height
    assert all(bar.is_known for bar in chart.bars)
    assert chart.bars[0].since < chart.bars[0].until


def test_what_was_not_looked_at_is_not_shown_as_empty():
    chart = chart_of({bucket_of(NOW - 10, 60): 5}, NOW - 600, NOW, 60, reached=NOW - 120)
    assert [bar.is_known for bar in chart.bars] == [
        bucket_of(NOW - 600, 60) * 60 + 60 * number >= NOW - 120 for number in range(len(chart.bars))
    ]


def test_fine_counts_become_coarse_ones():
    assert merged({59: 1, 60: 2, 119: 4, 120: 8}, 60, 3600) == {0: 1, 1: 6, 2: 8}


@given(
    st.floats(946_684_800, 32_503_680_000),
    st.floats(1, 3e10),
    st.dictionaries(st.integers(), st.integers(1, 9)),
)
def test_no_range_is_too_long_or_too_short(since, length, counts):
    width = width_for(since, since + length)
    chart = chart_of(counts, since, since + length, width, reached=None)
    assert 1 <= len(chart.bars) <= 122
