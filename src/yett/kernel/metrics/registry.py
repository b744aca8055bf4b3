"""Who knows the numbers, and how their answers become families.

A source is asked at each scrape and yields samples. What must stay true:
  a source that fails takes nobody else's numbers with it;
  a metric has at most `MOST_SERIES` series, and what is left out is counted;
  no two samples of one metric carry the same labels.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from yett.events import describe
from yett.kernel.metrics import events
from yett.kernel.metrics.counting import Distribution
from yett.kernel.metrics.declare import Kind, Metric, gauge

MOST_SERIES = 2000
_LONGEST_VALUE = 128

FAILED = gauge("yett_metrics_failed_sources", "Sources of metrics that could not answer this scrape.")
LEFT_OUT = gauge("yett_metrics_left_out", "Series left out of this scrape because a metric had too many.")


class Sample(NamedTuple):
    """One value. `values` are those of the metric's labels, in their order."""

    metric: Metric
    value: float | Distribution
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with all its series."""

    metric: Metric
    samples: dict[tuple[str, ...], float | Distribution]


Source = Callable[[], Iterable[Sample]]


class Registry:
    """Everybody who knows numbers of one gateway."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self._broken: set[str] = set()

    def add(self, name: str, source: Source) -> None:
        """Ask this one, too."""
        self._sources[name] = source

    def gather(self) -> list[Family]:
        """Every family that has a series, by name. Never raises."""
        found: dict[Metric, dict[tuple[str, ...], float | Distribution]] = {}
        failed = left_out = 0
        for name, source in self._sources.items():
            try:
                samples = list(source())
            except Exception as problem:  # noqa: BLE001 - one room's fault must not blind whoever looks at all others
                failed += 1
                self._say_broken(name, problem)
                continue
            self._broken.discard(name)
            for metric, value, values in samples:
                series = found.setdefault(metric, {})
                key = tuple(_bounded(each) for each in values)
                if key in series:
                    series[key] = _sum(metric, series[key], value)
                elif len(series) < MOST_SERIES:
                    series[key] = value
                else:
                    left_out += 1
        found[FAILED] = {(): failed}
        found[LEFT_OUT] = {(): left_out}
        return [Family(metric, found[metric]) for metric in sorted(found, key=lambda each: each.name)]

    def _say_broken(self, name: str, problem: Exception) -> None:
        if name not in self._broken:
            self._broken.add(name)
            events.source_failed(source=name, error=describe(problem))


def _sum(metric: Metric, one: float | Distribution, other: float | Distribution) -> float | Distribution:
    """Two values for one series: counts add up; of anything else the later one holds."""
    if (
        metric.kind is Kind.COUNTER
        and not isinstance(one, Distribution)
        and not isinstance(other, Distribution)
    ):
        return one + other
    return other


def _bounded(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
