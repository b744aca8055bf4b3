"""What is done with a pool's outliers when an interval is over."""

from yett.proxy.balancing import events
from yett.proxy.balancing.live import LivePool
from yett.proxy.balancing.outliers import (
    EjectReason,
    OutlierRules,
    Standing,
    compare_success,
    max_ejectable,
    measure_failures,
)
from yett.proxy.balancing.spreading import Spreading


def look(live: LivePool, spreading: Spreading, now: float) -> None:
    """Compare the backends if the interval is over, eject those that stand out, and begin the next one."""
    rules = live.pool.outliers
    if rules is None or now < live.interval_ends:
        return
    if live.interval_ends:
        _compare(live, rules, now)
        _measure(live, rules, now)
        for member in live.members.values():
            requests, failures = member.standing.requests, member.standing.failures
            if member.standing.begin_interval():
                spreading.interval_over(live, member, requests, failures)
    live.interval_ends = now + rules.interval


def _compare(live: LivePool, rules: OutlierRules, now: float) -> None:
    found = compare_success(_standings(live), rules)
    if found is None:
        return
    events.success_rates_analysed(
        pool_id=live.pool.id,
        eligible_backends=found.eligible,
        avg_success_rate=found.average,
        stdev=found.stdev,
        threshold=found.threshold,
        stdev_factor=rules.stdev_factor,
    )
    for name in found.outliers:
        live.eject(live.members[name], EjectReason.SUCCESS_RATE, now)


def _measure(live: LivePool, rules: OutlierRules, now: float) -> None:
    found = measure_failures(_standings(live), rules)
    if found is None:
        return
    events.failure_percentages_analysed(
        pool_id=live.pool.id,
        eligible_backends=found.eligible,
        threshold=rules.failure_percentage,
        ejected_count=sum(1 for member in live.members.values() if member.standing.ejected_until),
        max_ejectable=max_ejectable(len(live.members), rules),
    )
    for name in found.outliers:
        live.eject(live.members[name], EjectReason.FAILURE_PERCENTAGE, now)


def _standings(live: LivePool) -> dict[str, Standing]:
    return {
        name: member.standing for name, member in live.members.items() if not member.standing.ejected_until
    }
