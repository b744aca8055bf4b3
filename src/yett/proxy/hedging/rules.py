"""Decide whether a request may be doubled."""

from yett.proxy.hedging.model import HedgeRules, Skip


def skip_at_once(
    rules: HedgeRules, method: bytes, *, is_upgrade: bool, has_pool: bool, delay: float
) -> Skip | None:
    """Why no copy of a request will be sent, as far as its head tells; None when one may be."""
    if is_upgrade:
        return Skip.UPGRADE
    if method not in rules.methods:
        return Skip.METHOD
    if not has_pool:
        return Skip.SINGLE_BACKEND
    if not delay:
        return Skip.PACE_UNKNOWN
    return None
