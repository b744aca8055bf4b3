"""The metrics, for somebody at a terminal."""

from typing import Annotated

from cyclopts import Parameter

from yett.kernel import Table, command
from yett.kernel.metrics import Distribution, Family, Registry


class MetricsCommands:
    """The command that shows what monitoring would read now."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @command("metrics")
    def metrics(
        self,
        prefix: Annotated[str, Parameter(help='Only names that begin so, with or without "yett_".')] = "",
        *,
        every: Annotated[
            bool, Parameter(name="--all", help="Each series, and not only each metric's sum.", negative=())
        ] = False,
    ) -> Table:
        """Show the numbers of this gateway. Requests are only counted while `metrics.listen` is set."""
        families = [
            family
            for family in self._registry.gather()
            if family.metric.name.startswith((prefix, f"yett_{prefix}"))
        ]
        rows = [row for family in families for row in (_each(family) if every else (_summed(family),))]
        return Table(("metric", "labels", "value"), tuple(rows), empty="There is no such metric.")


def _each(family: Family) -> list[tuple[str, str, str]]:
    metric = family.metric
    return [
        (
            metric.name,
            " ".join(f"{label}={_word(one)}" for label, one in zip(metric.labels, values, strict=True)),
            _shown(value),
        )
        for values, value in sorted(family.samples.items())
    ]


def _summed(family: Family) -> tuple[str, str, str]:
    values = list(family.samples.values())
    labels = f"{len(values)} series" if family.metric.labels else ""
    name = family.metric.name
    spread = [value for value in values if isinstance(value, Distribution)]
    if spread:
        whole = Distribution(spread[0].bounds)
        for each in spread:
            whole.counts = [one + other for one, other in zip(whole.counts, each.counts, strict=True)]
            whole.sum += each.sum
        return name, labels, _shown(whole)
    numbers = [value for value in values if not isinstance(value, Distribution)]
    # Of several moments the next one matters.
    return name, labels, _shown(min(numbers) if name.endswith("_timestamp_seconds") else sum(numbers))


def _shown(value: float | Distribution) -> str:
    if isinstance(value, Distribution):
        count = value.total
        return f"{count} (mean {value.sum / count:.6f})" if count else "0"
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _word(value: str) -> str:
    return value if value and value.isprintable() and " " not in value else repr(value)
