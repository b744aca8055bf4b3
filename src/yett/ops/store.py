"""The store's file, when it is damaged."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from yett.kernel import CommandFailed, Place, command
from yett.store import StoreUnavailable, salvage


@command("store salvage", place=Place.HERE, writes=True)
def save(
    damaged: Annotated[Path, Parameter(help="The damaged store.db; it is only read.")],
    target: Annotated[Path, Parameter(help="The new file to make.")],
) -> str:
    """Copy every readable record out of a damaged store into a new file. Stop the gateway first."""
    try:
        result = salvage(damaged, target)
    except (StoreUnavailable, OSError) as problem:
        raise CommandFailed(str(problem)) from problem
    lost = "" if result.is_complete else "; the table could not be read to its end, so others are lost"
    left_out = f"; {result.altered} were altered and left out" if result.altered else ""
    return (
        f"copied {result.records} records to {target}{left_out}{lost}. "
        f"Look at it, then put it in the place of {damaged}."
    )
