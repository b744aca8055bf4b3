"""What operators can do with people's tokens."""

from datetime import UTC, datetime

from yett.kernel import CommandFailed, Table, command
from yett.oidc.personal import rules
from yett.oidc.personal.model import PersonalToken
from yett.oidc.personal.service import Personal
from yett.store import StoreUnavailable

_COLUMNS = ("user", "token", "name", "scopes", "created", "last used", "ends")
OPERATOR = "operator"


class PersonalTokenCommands:
    """The commands under `oidc personal`."""

    def __init__(self, personal: Personal) -> None:
        self._personal = personal

    @command("oidc personal list")
    async def show(self, user: str = "") -> Table:
        """List the personal access tokens of a person, or of everybody."""
        shelf = self._personal.shelf
        rows = [
            _row(each, token)
            for each in sorted(shelf.users)
            if user in {"", each}
            for token in shelf.tokens(each)
        ]
        return Table(_COLUMNS, tuple(rows), empty="There are no personal access tokens.")

    @command("oidc personal revoke", writes=True)
    async def revoke(self, user: str, token: str = "", *, everything: bool = False) -> str:
        """End a token of a person at once; with `--everything`, all of them. They are told by mail."""
        try:
            if everything and not token:
                return f"{await self._personal.revoke_all(user, by=OPERATOR)} revoked."
            if not everything and rules.id_of(token):
                if await self._personal.revoke(user, token, by=OPERATOR):
                    return "Revoked."
                raise CommandFailed(f"{user} has no token {token}; `yett oidc personal list` shows them")
        except StoreUnavailable as problem:
            raise CommandFailed(f"nothing was revoked: {problem}") from problem
        raise CommandFailed("name one token by its id, or say --everything")


def _row(user: str, token: PersonalToken) -> tuple[str, ...]:
    return (
        user,
        token.id,
        token.name,
        " ".join(token.scopes),
        _at(token.created_at),
        _at(token.last_used_at) if token.last_used_at else "never",
        _at(token.expires_at),
    )


def _at(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M")
