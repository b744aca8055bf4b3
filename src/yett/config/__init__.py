"""Settings: declared beside their modules, loaded, checked and reloaded here.

Read `declare`, then `snapshot`.
"""

from yett.config.declare import REQUIRED, Moved, Section, Setting, Size, catalogue, item, section, setting
from yett.config.snapshot import Snapshot

__all__ = [
    "REQUIRED",
    "Moved",
    "Section",
    "Setting",
    "Size",
    "Snapshot",
    "catalogue",
    "item",
    "section",
    "setting",
]
