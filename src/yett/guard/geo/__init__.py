"""Who may come, by country and by the network (autonomous system) their address belongs to.

Read `config` for what an operator writes, `rules` for what it means, then `service`. `database`
reads one file, `source` decides which file is in use.
"""

from yett.guard.geo.config import GeoSettings, OnFailure
from yett.guard.geo.database import LookupFailed
from yett.guard.geo.model import Kind, Origin
from yett.guard.geo.rules import BadRule, Reason, check_geo
from yett.guard.geo.service import GeoGuard

__all__ = [
    "BadRule",
    "GeoGuard",
    "GeoSettings",
    "Kind",
    "LookupFailed",
    "OnFailure",
    "Origin",
    "Reason",
    "check_geo",
]
