"""Tables for people, and the same figures for machines."""

import statistics
from collections.abc import Mapping
from typing import Any

from bench.load import Run

Results = dict[str, dict[str, Any]]


def table(title: str, runs: Mapping[str, list[Run]], *, yardstick: str) -> None:
    """One line per system; ratios are to the yardstick."""
    print(f"\n{title} (medians of {len(runs[yardstick])})\n")
    print(
        f"{'system':<36}{'req/s':>9}{'ratio':>8}{'CPU µs':>9}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}"
    )
    for name, measured in runs.items():
        errors = sum(run.errors for run in measured)
        print(
            f"{name:<36}{_median(measured, 'rate'):>9.0f}{by_rate(measured, runs[yardstick]):>8.2f}"
            f"{_median(measured, 'cpu_us'):>9.1f}{by_cpu(measured, runs[yardstick]):>8.2f}"
            f"{_median(measured, 'p50_ms'):>9.2f}{_median(measured, 'p99_ms'):>9.2f}{errors:>8}"
        )


def compare(what: str, ours: list[Run], peer: list[Run], goal: float = 0.0) -> Results:
    """Our runs beside a peer's, as they are kept."""
    entry: dict[str, Any] = {
        "ours": round(_median(ours, "rate")),
        "peer": round(_median(peer, "rate")),
        "ratio": round(by_rate(ours, peer), 3),
        "unit": "requests/s",
        "cpu_us": {"ours": round(_median(ours, "cpu_us"), 1), "peer": round(_median(peer, "cpu_us"), 1)},
        "cpu_ratio": round(by_cpu(ours, peer), 3),
        "p99_ms": {"ours": round(_median(ours, "p99_ms"), 2), "peer": round(_median(peer, "p99_ms"), 2)},
        "errors": sum(run.errors for run in ours),
    }
    if goal:
        entry["goal"] = goal
    return {what: entry}


def by_rate(ours: list[Run], peer: list[Run]) -> float:
    """Our requests for one of the peer's. Round by round, because the machine's speed drifts."""
    return statistics.median(one.rate / other.rate for one, other in zip(ours, peer, strict=True))


def by_cpu(ours: list[Run], peer: list[Run]) -> float:
    """The same by processor time: requests of ours in the time that the peer needs for one."""
    return statistics.median(
        other.cpu_us / one.cpu_us if one.cpu_us else 0.0 for one, other in zip(ours, peer, strict=True)
    )


def goals(results: Results) -> None:
    """What was asked for, and what it is."""
    print(f"\n{'goal':<64}{'wanted':>9}{'is':>9}{'by CPU':>9}")
    for what, entry in results.items():
        if "goal" in entry:
            wanted = f"{entry.get('bound', '≥')} {entry['goal']:g}"
            got = entry["ratio"] if entry["unit"] == "requests/s" else entry["ours"]
            by = f"{entry['cpu_ratio']:.2f}" if "cpu_ratio" in entry else ""
            met = (
                ""
                if (got <= entry["goal"] if entry.get("bound") == "≤" else got >= entry["goal"])
                else "  missed"
            )
            print(f"{what:<64}{wanted:>9}{got:>9.2f}{by:>9}{met}")


def _median(runs: list[Run], what: str) -> float:
    return statistics.median(getattr(run, what) for run in runs)
