"""What operators can do about codes by mail."""

from typing import Annotated

from cyclopts import Parameter

from yett.authn.otp.service import EmailCodes
from yett.identity import fold_name
from yett.kernel import CommandFailed, command
from yett.store import StoreUnavailable

_BY = "operator"

User = Annotated[str, Parameter(help="Name of the person.")]


class OTPCommands:
    """The commands under `otp`."""

    def __init__(self, codes: EmailCodes) -> None:
        self._codes = codes

    @command("otp unlock", writes=True)
    async def unlock(self, user: User) -> str:
        """End the waits of a person who typed too many wrong codes, or asked for too many; their codes end too."""
        name = fold_name(user)
        if name is None:
            raise CommandFailed("this cannot be the name of a person")
        try:
            count = await self._codes.unlock(name, by=_BY)
        except StoreUnavailable as problem:
            raise CommandFailed(f"the store did not do it: {problem}") from problem
        return f"{name} can ask for a code again; {count} of theirs ended."
