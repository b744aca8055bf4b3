"""How many requests one client may make: buckets that drain, and bans for those who overflow.

Read `rules` (the arithmetic), `table` (what is remembered, within bounds), `bans` (what operators
ban, kept in the store), then `service`.
"""

from yett.guard.rate.bans import Ban, Bans, BansUnknown
from yett.guard.rate.commands import RateCommands
from yett.guard.rate.config import EntityLimit, RateSettings
from yett.guard.rate.model import Caller, Reason
from yett.guard.rate.service import RateGuard

__all__ = [
    "Ban",
    "Bans",
    "BansUnknown",
    "Caller",
    "EntityLimit",
    "RateCommands",
    "RateGuard",
    "RateSettings",
    "Reason",
]
