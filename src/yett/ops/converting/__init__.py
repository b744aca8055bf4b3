"""`yett logs convert`: an old stream of lines, in whatever dialect, becomes one that can be searched.

Read `work` (what happens to a line), then `lines` and `unpacking` (where lines come from), `wrapping` (what container
runtimes put around them), `sorting`, `files` (what is made) and `outcome` (what is told at the
end). `commands` is what is typed.
"""

from yett.ops.converting.commands import convert
from yett.ops.converting.outcome import Outcome
from yett.ops.converting.work import Converter

__all__ = ["Converter", "Outcome", "convert"]
