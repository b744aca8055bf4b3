"""Which backends stand out, and what follows from it. Values in, verdict out."""

from collections.abc import Mapping
from math import fsum, sqrt

from yett.proxy.balancing.outliers.model import FailurePercentages, OutlierRules, Standing, SuccessRates


def is_run_too_long(standing: Standing, rules: OutlierRules) -> bool:
    """Whether a backend failed too often in a row."""
    return bool(rules.consecutive) and standing.in_a_row >= rules.consecutive


def compare_success(standings: Mapping[str, Standing], rules: OutlierRules) -> SuccessRates | None:
    """Those whose success rate is too far below the others'; None where there is too little to compare."""
    if not rules.stdev_factor:
        return None
    rates = {
        name: 1.0 - standing.failures / standing.requests
        for name, standing in standings.items()
        if standing.requests >= max(rules.minimum_requests, 1)
    }
    if len(rates) < max(rules.minimum_backends, 2):
        return None
    average = fsum(rates.values()) / len(rates)
    stdev = sqrt(fsum((rate - average) ** 2 for rate in rates.values()) / len(rates))
    threshold = average - rules.stdev_factor * stdev
    outliers = sorted((rate, name) for name, rate in rates.items() if rate < threshold)
    return SuccessRates(len(rates), average, stdev, threshold, tuple(name for _, name in outliers))


def measure_failures(standings: Mapping[str, Standing], rules: OutlierRules) -> FailurePercentages | None:
    """Those that fail too large a share of their requests; None where there is too little to say."""
    if not rules.failure_percentage:
        return None
    shares = {
        name: 100.0 * standing.failures / standing.requests
        for name, standing in standings.items()
        if standing.requests >= max(rules.minimum_requests, 1)
    }
    if not shares:
        return None
    worst = sorted(((-share, name) for name, share in shares.items() if share >= rules.failure_percentage))
    return FailurePercentages(len(shares), tuple(name for _, name in worst))


def max_ejectable(backends: int, rules: OutlierRules) -> int:
    """How many may be out at once: the share that is set, at least one, and never all."""
    share = int(backends * rules.max_ejected_percent / 100.0)
    return max(0, min(max(share, 1), backends - 1))


def ejection_length(ejections: int, rules: OutlierRules) -> float:
    """Seconds that the `ejections`-th ejection in a row lasts."""
    return min(rules.base_ejection * ejections, max(rules.max_ejection, rules.base_ejection))
