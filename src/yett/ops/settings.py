"""The settings of the running gateway: what they are, what a file would change, and taking it over."""

from typing import Annotated, Any

from cyclopts import Parameter

from yett.config import Change, ConfigInvalid, Reloader, Result, diff
from yett.kernel import CommandFailed, Table, command

_COLUMNS = ("key", "before", "after", "takes effect")


class ConfigCommands:
    """The commands under `config`. Secrets are masked in all of them."""

    def __init__(self, reloader: Reloader) -> None:
        self._reloader = reloader

    @command("config show")
    def show(
        self,
        prefix: Annotated[str, Parameter(help="Only keys that begin with this, for example proxy.")] = "",
        *,
        changed: Annotated[bool, Parameter(help="Only what differs from the defaults.", negative=())] = False,
    ) -> Table:
        """Show the settings in force and where each comes from."""
        rows = tuple(
            (row.key, row.value, row.origin)
            for row in self._reloader.rows()
            if row.key.startswith(prefix) and not (changed and row.is_default)
        )
        return Table(("key", "value", "from"), rows, empty=f"No key begins with {prefix!r}.")

    @command("config diff")
    async def compare(self) -> Table:
        """Show what the files would change, and what of it needs a restart."""
        try:
            read = await self._reloader.read()
        except ConfigInvalid as problem:
            raise CommandFailed(f"the files cannot be used as they are:\n{problem}") from problem
        return Table(
            _COLUMNS,
            tuple(_row(change) for change in diff(self._reloader.snapshot, read.snapshot)),
            empty="The files and the settings in force agree.",
        )

    @command("config reload", writes=True)
    async def reload(self) -> Table:
        """Read the files now and put in force what can be without a restart."""
        outcome = await self._reloader.reload_now()
        if outcome.result in {Result.REFUSED, Result.MISSING}:
            mistakes = "\n".join(f"  {mistake}" for mistake in outcome.mistakes)
            raise CommandFailed(f"the previous settings stay in force:\n{mistakes or '  nothing to read'}")
        if outcome.failed_owners:
            raise CommandFailed(f"taken over, but not by: {', '.join(outcome.failed_owners)}; see the log")
        rows = [_row(change) for change in (*outcome.changes, *outcome.held)]
        return Table(_COLUMNS, tuple(rows), empty="Nothing has changed.")


def _row(change: Change) -> tuple[Any, ...]:
    return (
        change.key,
        change.before or "unset",
        change.after or "unset",
        "at once" if change.is_reloadable else "after a restart",
    )
