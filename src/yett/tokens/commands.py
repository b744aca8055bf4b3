"""What operators can do with scoped tokens."""

from datetime import UTC, datetime

from yett.kernel import CommandFailed, Place, Table, command
from yett.store import StoreUnavailable
from yett.tokens.model import Actor, Token, sorted_scopes
from yett.tokens.service import ScopedTokens
from yett.tokens.text import is_key, new_key

_COLUMNS = ("key", "type", "user", "name", "scopes", "created", "last_used", "expires", "parent")
_OPERATOR = Actor("<operator>")
"""Who did it, as the history has it: whoever may use the admin socket."""


@command("tokens generate", place=Place.HERE)
def generate() -> str:
    """Print a new token that nobody has, for `tokens.bootstrap_token`."""
    return str(Token(new_key(), new_key()))


class ScopedTokenCommands:
    """The commands under `tokens`."""

    def __init__(self, tokens: ScopedTokens) -> None:
        self._tokens = tokens

    @command("tokens list")
    async def show(self, *, user: str | None = None) -> Table:
        """List the scoped tokens that are good, oldest first; with a user, only theirs."""
        rows = tuple(
            (
                data.key,
                data.type.value,
                data.username,
                data.token_name or data.service or None,
                list(sorted_scopes(data.scopes)),
                _instant(data.created),
                _instant(self._tokens.last_used(data.key)),
                _instant(data.expires),
                data.parent or None,
            )
            for data in self._tokens.good(user)
        )
        return Table(_COLUMNS, rows, empty="No scoped tokens.")

    @command("tokens delete", writes=True)
    async def delete(self, key: str) -> Table:
        """End a scoped token, and those that were made with it."""
        try:
            is_ended = is_key(key) and await self._tokens.end(key, _OPERATOR)
        except StoreUnavailable as problem:
            raise CommandFailed("the store did not take it; nothing was changed, try again") from problem
        if not is_ended:
            raise CommandFailed("there is no token of this key; see: tokens list")
        return Table(("key", "deleted"), ((key, True),))


def _instant(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
