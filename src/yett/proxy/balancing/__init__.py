"""Load balancing: which backend of a pool a request goes to.

Read `model`, then `live` (one pool at work) and `service` (`Balancer`, the way in). What it is made
of: `strategies`, `circuit`, `outliers`, `health`, `discovery`, `limits`, each a few pure functions and
classes. What joins them: `roster` (pools in force), `checking` and `discovering` (tasks),
`spreading`, `following` and `outbox` (one state for all nodes), `administration` and `commands`
(changes), `config` and `compiling` (settings).
"""

from yett.proxy.balancing.affinity import affinity_key
from yett.proxy.balancing.circuit import Sample
from yett.proxy.balancing.commands import BalancingCommands
from yett.proxy.balancing.compiling import BadPool, compile_pool, compile_pools, make_backend
from yett.proxy.balancing.config import PoolSettings
from yett.proxy.balancing.model import (
    Backend,
    BackendProtocol,
    NoBackend,
    NotSelected,
    Pool,
    Refused,
    Selected,
)
from yett.proxy.balancing.outcomes import sample_of, sample_of_attempt
from yett.proxy.balancing.service import Balancer

__all__ = [
    "Backend",
    "BackendProtocol",
    "BadPool",
    "Balancer",
    "BalancingCommands",
    "NoBackend",
    "NotSelected",
    "Pool",
    "PoolSettings",
    "Refused",
    "Sample",
    "Selected",
    "affinity_key",
    "compile_pool",
    "compile_pools",
    "make_backend",
    "sample_of",
    "sample_of_attempt",
]
