"""`yett admin access test`: what would become of a request now, and by which rule.

`commands` asks the proxy's rehearsal, which decides by the code that decides for real and changes
nothing; `events` is the one record that it leaves.
"""

from yett.ops.access.commands import AccessCommands

__all__ = ["AccessCommands"]
