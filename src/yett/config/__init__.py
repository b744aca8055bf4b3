"""Settings: declared beside their modules, loaded, checked and reloaded here.

Read `declare`, `snapshot`, then `load`, which goes through `sources` (files), `environment`
(variables and templates), `tables` and `convert` (types and bounds). `reload` puts changes in
force while the gateway runs; `show` and `reference` print.
"""

from yett.config.declare import REQUIRED, Moved, Section, Setting, Size, catalogue, item, section, setting
from yett.config.environment import variable_name
from yett.config.forms import parse_duration, parse_size
from yett.config.load import Check, Loaded, load
from yett.config.mistakes import MASK, ConfigInvalid, Mistake, Stage
from yett.config.notices import Notice
from yett.config.owners import Apply, ApplyBlocking
from yett.config.reference import example, markdown
from yett.config.reload import Outcome, Reloader, Result
from yett.config.show import Change, Row, diff, flatten
from yett.config.snapshot import Snapshot

__all__ = [
    "MASK",
    "REQUIRED",
    "Apply",
    "ApplyBlocking",
    "Change",
    "Check",
    "ConfigInvalid",
    "Loaded",
    "Mistake",
    "Moved",
    "Notice",
    "Outcome",
    "Reloader",
    "Result",
    "Row",
    "Section",
    "Setting",
    "Size",
    "Snapshot",
    "Stage",
    "catalogue",
    "diff",
    "example",
    "flatten",
    "item",
    "load",
    "markdown",
    "parse_duration",
    "parse_size",
    "section",
    "setting",
    "variable_name",
]
