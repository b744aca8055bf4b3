"""The newest records of a running gateway, from its memory: also there when nothing is kept on disk."""

from typing import Annotated

from cyclopts import Parameter

from yett.events import Query, Ring
from yett.kernel import Table, command
from yett.ops.searching import COLUMNS, level_of, row_of


class RecentCommands:
    """The command that reads the ring."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    @command("logs recent")
    def recent(
        self,
        text: Annotated[str, Parameter(help="Words that stand in the message, the code or any field.")] = "",
        *,
        component: Annotated[
            str, Parameter(help="A component and those below it, or a pattern with *.")
        ] = "",
        level: Annotated[str, Parameter(help="At least this grave: trace, debug, info, warn or error.")] = "",
        user: Annotated[str, Parameter(help="Only about this person.")] = "",
        limit: Annotated[int, Parameter(help="At most so many, the newest.")] = 50,
    ) -> Table:
        """Show what the gateway said last, from memory."""
        query = Query(
            text=text, component=component, level=level_of(level), user=user, limit=max(1, min(limit, 1000))
        )
        rows = [row_of(entry) for entry in self._ring.search(query)]
        return Table(COLUMNS, tuple(reversed(rows)), empty="Nothing found.")
