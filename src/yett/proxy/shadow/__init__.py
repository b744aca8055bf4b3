"""Copies of requests for another service, which nobody waits for.

Read `model`, then `rules` (what a copy is like) and `service` (`Mirror`, which sends them).
"""

from yett.proxy.shadow.config import ShadowSettings
from yett.proxy.shadow.model import Shadow
from yett.proxy.shadow.rules import copy_of, wants
from yett.proxy.shadow.service import Mirror

__all__ = ["Mirror", "Shadow", "ShadowSettings", "copy_of", "wants"]
