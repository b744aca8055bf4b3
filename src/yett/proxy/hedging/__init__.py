"""Sending a copy of a request that takes too long, and taking whichever answer comes first.

Read `model`, then `rules` (whether a copy may be sent) and `pace` (what takes too long). Who asks
is `proxy.plan`.
"""

from yett.proxy.hedging.config import HedgeSettings
from yett.proxy.hedging.model import HedgeRules, Skip, compile_hedge
from yett.proxy.hedging.pace import Pace
from yett.proxy.hedging.rules import skip_at_once

__all__ = ["HedgeRules", "HedgeSettings", "Pace", "Skip", "compile_hedge", "skip_at_once"]
