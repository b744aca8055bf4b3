"""What operators can do about what people left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from yett.identity.belongings.service import Belongings
from yett.identity.model import fold_name
from yett.kernel import CommandFailed, Table, command
from yett.store import StoreUnavailable

_BY = "operator"

User = Annotated[str, Parameter(help="The name it is kept under.")]


class BelongingsCommands:
    """The commands under `belongings`."""

    def __init__(self, belongings: Belongings) -> None:
        self._belongings = belongings

    @command("belongings list")
    async def show(self) -> Table:
        """List what is kept about people who are gone, or whose name another person has now."""
        with _clear_failures():
            found = await self._belongings.left()
        after = self._belongings.settings.forget_after.total_seconds()
        rows = tuple(
            (
                each.user,
                each.module,
                each.belongs_to,
                _instant(each.gone_at),
                _instant(None if each.gone_at is None else each.gone_at + after),
            )
            for each in found
        )
        columns = ("user", "module", "belongs to", "gone since", "wiped after")
        return Table(columns, rows, empty="Everything that is kept belongs to people who are there.")

    @command("belongings return", writes=True)
    async def give(
        self,
        user: User = "",
        *,
        everybody: Annotated[
            bool, Parameter(negative="", help="Do it for every name, after a directory was moved as a whole.")
        ] = False,
    ) -> str:
        """Give what was kept under a name to the person who has it now, because both are the same.

        Make sure of that: passkeys and authenticators of the one before let them in as the other.
        """
        if everybody == bool(user):
            raise CommandFailed("Name one person, or give --everybody.")
        if everybody:
            with _clear_failures():
                names = dict.fromkeys(each.user for each in await self._belongings.left())
                given = [name for name in names if await self._belongings.give(name, by=_BY)]
            return f"Given back to {len(given)} people."
        name = _proper(user)
        with _clear_failures():
            modules = await self._belongings.give(name, by=_BY)
        if not modules:
            raise CommandFailed(f"Nothing is withheld from {name}; see: belongings list")
        return f"{name} has back: {', '.join(modules)}."

    @command("belongings wipe", writes=True)
    async def wipe(self, user: User) -> str:
        """Wipe what was kept under a name about people who are gone. What its person has now stays."""
        name = _proper(user)
        with _clear_failures():
            modules = await self._belongings.wipe(name)
        if not modules:
            raise CommandFailed(f"Nothing was left behind under {name}; see: belongings list")
        return f"Wiped what was left behind under {name}: {', '.join(modules)}."


def _proper(user: str) -> str:
    name = fold_name(user)
    if name is None:
        raise CommandFailed(f"{user[:64]!r} is not the name of a person.")
    return name


def _instant(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


@contextmanager
def _clear_failures() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as problem:
        raise CommandFailed(f"The store did not do it: {problem}.") from problem
