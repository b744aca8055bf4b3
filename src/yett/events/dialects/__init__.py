"""How a record is written down, and read again: one dialect per file.

Begin with `entry`: what all of them share. `native` is the one that is stored and searched; `text` is for
people at a terminal; the others are what other systems write and collectors want. A dialect is found by
its name in `DIALECTS`.
"""

from collections.abc import Mapping

from yett.events.dialects import detect
from yett.events.dialects.adf import Adf
from yett.events.dialects.apache import Apache
from yett.events.dialects.ecs import Ecs
from yett.events.dialects.entry import LONGEST, Dialect, Entry, Unreadable, Unwritable
from yett.events.dialects.gafaelfawr import Gafaelfawr
from yett.events.dialects.native import Native, NativeDialect, instant
from yett.events.dialects.ocsf import Ocsf
from yett.events.dialects.reading import instant_of
from yett.events.dialects.ssoca import Ssoca
from yett.events.dialects.syslog import Syslog
from yett.events.dialects.text import Text, is_terminal, should_colour

_ALL: tuple[Dialect, ...] = (
    NativeDialect(),
    Gafaelfawr(),
    Apache(),
    Ssoca(),
    Adf(),
    Syslog(),
    Ecs(),
    Ocsf(),
)
DIALECTS: Mapping[str, Dialect] = {each.name: each for each in _ALL}

__all__ = [
    "DIALECTS",
    "LONGEST",
    "Dialect",
    "Entry",
    "Native",
    "NativeDialect",
    "Text",
    "Unreadable",
    "Unwritable",
    "detect",
    "instant",
    "instant_of",
    "is_terminal",
    "should_colour",
]
