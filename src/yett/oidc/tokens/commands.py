"""What operators can do with the tokens of applications."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from yett.identity import fold_name
from yett.kernel import CommandFailed, Table, command
from yett.oidc.tokens.service import Tokens
from yett.store import StoreUnavailable

_COLUMNS = ("grant", "user", "client", "scope", "created", "used", "ends", "offline", "session")

User = Annotated[str, Parameter(help="Name of the person.")]


class TokenCommands:
    """The commands under `oidc tokens`."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    @command("oidc tokens list")
    async def show(self, *, user: str | None = None) -> Table:
        """List what applications have, oldest first; with a user, only in their name."""
        rows = tuple(
            (
                family.grant_ref,
                family.user or None,
                family.client_id,
                family.scope,
                _instant(family.created_at),
                _instant(family.used_at),
                _instant(family.ends_at),
                family.is_offline,
                family.sign_on_ref or None,
            )
            for family in self._tokens.families(None if user is None else _name(user))
        )
        return Table(_COLUMNS, rows, empty="No application has anything.")

    @command("oidc tokens revoke", writes=True)
    async def revoke(self, user: User) -> str:
        """End everything that applications have in a person's name; their sessions go on."""
        name = _name(user)
        try:
            count = await self._tokens.revoke_user(name)
        except StoreUnavailable as problem:
            raise CommandFailed(f"the store did not do it: {problem}") from problem
        return f"{count} grants of {name} ended."

    @command("oidc tokens revoke-grant", writes=True)
    async def revoke_grant(self, grant: str) -> str:
        """End everything of one grant; see: oidc tokens list."""
        try:
            count = await self._tokens.revoke_family(grant)
        except StoreUnavailable as problem:
            raise CommandFailed(f"the store did not do it: {problem}") from problem
        if not count:
            raise CommandFailed(f"there is no grant {grant}; see: oidc tokens list")
        return f"{grant} ended."


def _name(user: str) -> str:
    name = fold_name(user)
    if name is None:
        raise CommandFailed("this cannot be the name of a person")
    return name


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
