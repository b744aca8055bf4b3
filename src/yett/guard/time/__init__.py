"""Hours in which people may come, by host and group.

Read `config` for what an operator writes, `rules` for what it means, then `service`.
"""

from yett.guard.time.config import Day, TimeSettings, WindowSettings
from yett.guard.time.rules import BadWindow, Reason, check_time
from yett.guard.time.service import TimeGuard

__all__ = [
    "BadWindow",
    "Day",
    "Reason",
    "TimeGuard",
    "TimeSettings",
    "WindowSettings",
    "check_time",
]
