"""What operators can do about authenticator apps."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from yett.authn.totp.service import Totp
from yett.identity import fold_name
from yett.kernel import CommandFailed, Table, command
from yett.store import StoreUnavailable

_BY = "operator"

User = Annotated[str, Parameter(help="Name of the person.")]


class TotpCommands:
    """The commands under `totp`."""

    def __init__(self, totp: Totp) -> None:
        self._totp = totp

    @command("totp show")
    async def show(self, user: User) -> Table:
        """Tell whether a person has an authenticator, and how many recovery codes they have left."""
        name = _proper(user)
        try:
            status = await self._totp.status(name)
        except StoreUnavailable as problem:
            raise CommandFailed(f"the store could not be read: {problem}") from problem
        rows: tuple[tuple[object, ...], ...] = ()
        if status is not None:
            since = datetime.fromtimestamp(status.enrolled_at, UTC).isoformat(timespec="seconds")
            # A record that cannot be read has no time.
            rows = ((name, since if status.enrolled_at else None, status.recovery_left),)
        return Table(("user", "enrolled", "recovery_codes"), rows, empty=f"{name} has no authenticator.")

    @command("totp reset", writes=True)
    async def reset(self, user: User) -> str:
        """Remove the authenticator and the recovery codes of a person, who is told by mail and can enrol anew.

        Make sure who asks for it: until then the person signs in without this factor.
        """
        name = _proper(user)
        try:
            was_there = await self._totp.delete(name, by=_BY)
        except StoreUnavailable as problem:
            raise CommandFailed(f"the store did not do it, so nothing was changed: {problem}") from problem
        if not was_there:
            raise CommandFailed(f"{name} has no authenticator")
        return f"Removed the authenticator of {name}."


def _proper(typed: str) -> str:
    name = fold_name(typed)
    if name is None:
        raise CommandFailed("this cannot be the name of a person")
    return name
