"""The log in a browser: `/console` on the sign-in host, for the few whom `[console] groups` names.

Read `model` and `rules` (who may read), then `form` (what somebody asks for, from an address to a query and
back), `searching` (the threads that look), `showing` (an entry as it is drawn) with `visible` and `masking`, and
`bars`; then `entry` (the door) and the pages: `search_page`, `export`, `story_page`. `console` joins them.

What must stay true: nobody reads who is not named, or who has proven too little or too long ago; every reading
is an audit record that is written before the answer leaves; what stands in the log is text that strangers chose,
and is never more than text; no search takes the gateway's time from those whom it serves.
"""

from yett.ops.console.config import ConsoleSettings, check_console
from yett.ops.console.console import Console

__all__ = ["Console", "ConsoleSettings", "check_console"]
