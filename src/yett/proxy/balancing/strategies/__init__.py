"""How a backend is chosen: one small class for each way.

Read `model` and `candidate`, then any of the others.
"""

from collections.abc import Mapping

from yett.proxy.balancing.strategies.adaptive import Adaptive
from yett.proxy.balancing.strategies.candidate import Candidate
from yett.proxy.balancing.strategies.chance import Chance
from yett.proxy.balancing.strategies.hashed import Hashed
from yett.proxy.balancing.strategies.least_conn import LeastConnections
from yett.proxy.balancing.strategies.maglev import Maglev
from yett.proxy.balancing.strategies.model import Draw, Strategy, StrategyName
from yett.proxy.balancing.strategies.round_robin import RoundRobin
from yett.proxy.balancing.strategies.sticky import Sticky
from yett.proxy.balancing.strategies.uniform import Uniform
from yett.proxy.balancing.strategies.weighted import Weighted

__all__ = ["KEYED", "Candidate", "Chance", "Draw", "Sticky", "Strategy", "StrategyName", "make_strategy"]

KEYED = frozenset({StrategyName.HASH, StrategyName.MAGLEV})
"""Those that send the same key to the same backend by themselves."""


def make_strategy(name: StrategyName, weights: Mapping[str, int], draw: Draw) -> Strategy:
    """The strategy of that name for backends of these weights. Maglev takes its time: use a thread."""
    match name:
        case StrategyName.ADAPTIVE:
            return Adaptive(draw)
        case StrategyName.ROUND_ROBIN:
            return RoundRobin()
        case StrategyName.WEIGHTED:
            return Weighted()
        case StrategyName.LEAST_CONN:
            return LeastConnections(draw)
        case StrategyName.HASH:
            return Hashed(draw)
        case StrategyName.MAGLEV:
            return Maglev(weights, draw)
        case StrategyName.RANDOM:
            return Uniform(draw)
