"""How a record is written down: one dialect per file.

`native` is the one that is stored and searched; `text` is for people at a terminal.
"""

from yett.events.dialects.native import Native, Unwritable
from yett.events.dialects.text import Text, is_terminal, should_colour

__all__ = ["Native", "Text", "Unwritable", "is_terminal", "should_colour"]
