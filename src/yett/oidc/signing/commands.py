"""What operators can do with signing keys."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from yett.kernel import CommandFailed, Table, command
from yett.keys.threshold import NotMade
from yett.oidc.signing.model import InFile
from yett.oidc.signing.ring import Unreadable
from yett.oidc.signing.service import Signing
from yett.store import StoreUnavailable

_COLUMNS = ("kid", "algorithm", "state", "made", "use_from", "needed_until")


class KeyCommands:
    """The commands under `oidc keys`."""

    def __init__(self, signing: Signing) -> None:
        self._signing = signing

    @command("oidc keys list")
    async def show(self) -> Table:
        """List the keys that tokens are signed and checked with."""
        rows = tuple(
            (
                key.kid,
                key.algorithm.value,
                "signs" if self._signing.signs(key) else "checks" if key.retired_at else "published",
                _instant(key.made_at),
                _instant(key.use_from),
                _instant(key.needed_until),
            )
            for key in self._signing.keys
        )
        return Table(_COLUMNS, rows, empty="There are no keys; the log says why.")

    @command("oidc keys rotate", writes=True)
    async def rotate(
        self,
        *,
        at_once: Annotated[
            bool,
            Parameter(
                help="Sign with them now, though nobody has seen them; begins anew where kept keys are damaged."
            ),
        ] = False,
    ) -> str:
        """Make new keys, which sign a quarter of an hour later; older tokens stay good."""
        try:
            count = await self._signing.rotate(is_at_once=at_once)
        except (StoreUnavailable, Unreadable) as problem:
            raise CommandFailed(f"no keys were made: {problem}") from problem
        except NotMade as problem:
            raise CommandFailed(
                f"the key that is shared with co-signers was not made: {problem}"
            ) from problem
        return f"{count} keys made; they sign {'now' if at_once else 'in 15 minutes'}."

    @command("oidc keys withdraw", writes=True)
    async def withdraw(self, kid: str) -> str:
        """Take a key back that somebody else may have: nothing counts any more because it signed it."""
        try:
            key = await self._signing.withdraw(kid)
        except (StoreUnavailable, Unreadable, InFile) as problem:
            raise CommandFailed(f"the key was not withdrawn: {problem}") from problem
        if key is None:
            raise CommandFailed(f"there is no key {kid}; see: oidc keys list")
        return f"{kid} is withdrawn. Applications may keep it for another five minutes."


def _instant(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
