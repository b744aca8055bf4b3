"""Families in the two text formats that Prometheus reads: its own (0.0.4) and OpenMetrics 1.0.

The text is made here and not by the library that the tests read it with: that one took
twenty times as long (60 µs a line against 3), and for all of that time requests wait for the interpreter
again and again.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import accumulate

from yett.kernel.metrics import Distribution, Family, Kind

PLAIN = b"text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = b"application/openmetrics-text; version=1.0.0; charset=utf-8"

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_PLAIN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
"""The older format takes a quotation mark in a help text as it is."""


def wants_openmetrics(accept: bytes) -> bool:
    """Whether a reader asks for OpenMetrics and takes version 1.0.0; anybody else gets the older format.

    Whoever lists both in order of preference, as Prometheus does, understands both.
    """
    for each in accept.lower().split(b","):
        kind, *parameters = (part.strip() for part in each.split(b";"))
        if kind == b"application/openmetrics-text":
            given = dict(parameter.partition(b"=")[::2] for parameter in parameters)
            if given.get(b"version", b"1.0.0") == b"1.0.0" and given.get(b"q", b"1").strip(b"0.") != b"":
                return True
    return False


def expose(families: Iterable[Family], *, openmetrics: bool) -> bytes:
    """The text of all families."""
    lines: list[str] = []
    for family in families:
        metric = family.metric
        # OpenMetrics calls a counter by what it counts, and only its samples carry the ending.
        is_cut = openmetrics and metric.kind is Kind.COUNTER
        name = metric.name.removesuffix("_total") if is_cut else metric.name
        described = metric.help.translate(_ESCAPES if openmetrics else _PLAIN_HELP)
        lines.append(f"# HELP {name} {described}\n# TYPE {name} {metric.kind.value}\n")
        lines.extend(_samples(family))
    if openmetrics:
        lines.append("# EOF\n")
    return "".join(lines).encode("utf-8", "replace")


def _samples(family: Family) -> Iterator[str]:
    metric = family.metric
    name, labels = metric.name, metric.labels
    for values, value in family.samples.items():
        pairs = ",".join(
            f'{label}="{one.translate(_ESCAPES)}"' for label, one in zip(labels, values, strict=True)
        )
        shown = f"{{{pairs}}}" if pairs else ""
        if isinstance(value, Distribution):
            more = f"{pairs}," if pairs else ""
            for bound, count in zip((*value.bounds, math.inf), accumulate(value.counts), strict=True):
                yield f'{name}_bucket{{{more}le="{_number(bound)}"}} {count}\n'
            yield f"{name}_count{shown} {value.total}\n{name}_sum{shown} {_number(value.sum)}\n"
        else:
            yield f"{name}{shown} {_number(value)}\n"


def _number(value: float) -> str:
    if value == math.inf:
        return "+Inf"
    if value != value:  # noqa: PLR0124 - the one value that is not itself
        return "NaN"
    return "-Inf" if value == -math.inf else repr(value)
