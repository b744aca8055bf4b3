"""DNS discovery: the addresses of a name as the backends of a pool.

Read `model`, `rules`, then `resolving`; `following` keeps a pool up to date.
"""

from yett.proxy.balancing.discovery.model import DiscoveryRules, Resolved, Unresolved
from yett.proxy.balancing.discovery.resolving import LookedUp, Resolver, SystemResolver
from yett.proxy.balancing.discovery.rules import compare

__all__ = ["DiscoveryRules", "LookedUp", "Resolved", "Resolver", "SystemResolver", "Unresolved", "compare"]
