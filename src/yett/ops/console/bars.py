"""How many entries there were when: a small chart, as numbers that a page can draw.

The page draws it as SVG with plain attributes, since our content policy allows no inline style.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_DAY = 86_400
_WIDTHS = (
    *(1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600),
    *(_DAY, 7 * _DAY, 28 * _DAY, 91 * _DAY, 364 * _DAY),
)
_MOST = 60
HEIGHT = 100
"""Of the tallest bar, in units of the drawing."""
GAP = 2
STEP = 10
"""Width of a bar with the gap beside it."""
_NAMES = {1: "second", 60: "minute", 3600: "hour", _DAY: "day"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    x: int
    height: float
    count: int
    since: str
    until: str
    """As the form takes them, to look only at this."""
    label: str
    is_known: bool
    """Whether all of it was looked through."""


@dataclass(frozen=True, slots=True)
class Chart:
    """All of them."""

    bars: tuple[Bar, ...]
    width: int
    most: int
    each: str
    """What one bar stands for: "5 minutes"."""
    begin: str
    end: str


def width_for(since: float, until: float) -> int:
    """Seconds of one bar, so that there are enough and not too many."""
    length = max(until - since, 1.0)
    return next((each for each in _WIDTHS if length / each <= _MOST), _WIDTHS[-1])


def bucket_of(moment: float, width: int) -> int:
    """The bar that an instant belongs to."""
    return math.floor(moment / width)


def merged(counts: Mapping[int, int], fine: int, coarse: int) -> dict[int, int]:
    """Counts for wider bars."""
    found: dict[int, int] = {}
    for bucket, count in counts.items():
        wide = bucket * fine // coarse
        found[wide] = found.get(wide, 0) + count
    return found


def chart_of(
    counts: Mapping[int, int], since: float, until: float, width: int, *, reached: float | None
) -> Chart:
    """The chart of a range; what lies before `reached` was not looked at."""
    first, last = bucket_of(since, width), bucket_of(max(until - 1e-6, since), width)
    first = max(first, last - 2 * _MOST)
    most = max(counts.values(), default=0)
    bars = tuple(
        Bar(
            x=(bucket - first) * STEP,
            # What is there at all can be seen.
            height=round(max(HEIGHT * counts.get(bucket, 0) / most, 3), 1) if counts.get(bucket) else 0,
            count=counts.get(bucket, 0),
            since=_stamp(bucket * width),
            until=_stamp((bucket + 1) * width),
            label=_label(bucket * width, width),
            is_known=reached is None or bucket * width >= reached,
        )
        for bucket in range(first, last + 1)
    )
    return Chart(
        bars, len(bars) * STEP - GAP, most, _each(width), _label(first * width, width), _label(until, width)
    )


def _each(width: int) -> str:
    unit = max(each for each in _NAMES if width % each == 0 and each <= width)
    number = width // unit
    return _NAMES[unit] if number == 1 else f"{number} {_NAMES[unit]}s"


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _stamp(seconds: float) -> str:
    return _at(seconds).strftime("%Y-%m-%dT%H:%M:%S")


def _label(seconds: float, width: int) -> str:
    if width >= _DAY:
        return _at(seconds).strftime("%-d %b %Y")
    return _at(seconds).strftime("%-d %b %H:%M:%S" if width < 60 else "%-d %b %H:%M")
