"""Declaring what can be measured. Declaring counts nothing: the values live with whoever counts."""

import enum
import re
from dataclasses import dataclass


class Kind(enum.Enum):
    """What a value does as time goes by."""

    COUNTER = "counter"
    """It only grows, and begins at 0 with the process."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: what dashboards and alert rules may rely on."""

    name: str
    """As it is exposed; that of a counter ends in `_total`."""
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


catalogue: dict[str, Metric] = {}
"""Every declared metric by its name; filled as modules are imported."""

_NAME = re.compile(r"(?:yett|process|python)_[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LABEL = re.compile(r"[a-z][a-z_]*")
_RESERVED = ("_total", "_bucket", "_count", "_sum", "_created", "_info")
"""Endings by which a reader tells the parts of a metric apart; only a counter may have the first."""


def counter(name: str, help: str, *labels: str) -> Metric:  # noqa: A002 - reads as what it is at the place of use
    """Declare something that is counted."""
    if not name.endswith("_total"):
        raise TypeError(f"counter {name!r} does not end in _total")
    return _declare(Metric(name, Kind.COUNTER, help, labels))


def gauge(name: str, help: str, *labels: str) -> Metric:  # noqa: A002 - see above
    """Declare something that goes up and down."""
    return _declare(Metric(name, Kind.GAUGE, help, labels))


def histogram(name: str, help: str, *labels: str) -> Metric:  # noqa: A002 - see above
    """Declare something whose values are spread over buckets."""
    return _declare(Metric(name, Kind.HISTOGRAM, help, labels))


def _declare(metric: Metric) -> Metric:
    base = metric.name.removesuffix("_total") if metric.kind is Kind.COUNTER else metric.name
    if not _NAME.fullmatch(base) or base.endswith(_RESERVED):
        raise TypeError(f"{metric.name!r} is not a metric's name")
    if not metric.help.endswith("."):
        raise TypeError(f"the help of {metric.name!r} is no sentence")
    wrong = [label for label in metric.labels if not _LABEL.fullmatch(label) or label in {"le", "quantile"}]
    if wrong or len(set(metric.labels)) < len(metric.labels):
        raise TypeError(f"the labels of {metric.name!r} cannot be used")
    known = catalogue.setdefault(metric.name, metric)
    if known != metric:
        raise TypeError(f"metric {metric.name!r} is declared twice")
    return metric
