"""Letting a few requests try the next version of an application.

Read `model`, then `rules`, which decides. Who asks is `proxy.plan`.
"""

from yett.proxy.canary.config import CanarySettings, Sticky
from yett.proxy.canary.model import CanaryRules, Version, compile_canary
from yett.proxy.canary.rules import Visitor, version_for

__all__ = [
    "CanaryRules",
    "CanarySettings",
    "Sticky",
    "Version",
    "Visitor",
    "compile_canary",
    "version_for",
]
