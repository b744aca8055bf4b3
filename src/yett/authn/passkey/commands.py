"""What operators can do with people's passkeys."""

from datetime import UTC, datetime

from yett.authn.passkey.model import Passkey, Revoked
from yett.authn.passkey.service import Passkeys
from yett.identity import fold_name
from yett.kernel import CommandFailed, Table, command
from yett.store import StoreUnavailable

_COLUMNS = ("passkey", "device", "state", "created", "last used", "runs out", "copies", "vouched for", "why")
OPERATOR = "operator"


class PasskeyCommands:
    """The commands under `passkey`."""

    def __init__(self, passkeys: Passkeys) -> None:
        self._passkeys = passkeys

    @command("passkey list")
    async def show(self, user: str, *, revoked: bool = False) -> Table:
        """List the passkeys of a person; with `--revoked` also those that were revoked."""
        name = _proper(user)
        try:
            active = await self._passkeys.list(name)
            keyring = await self._passkeys.history(name) if revoked else None
        except StoreUnavailable as problem:
            raise CommandFailed(f"The passkeys cannot be read: {problem}.") from problem
        rows = [_row(passkey, "active", "") for passkey in active]
        rows += [_revoked_row(each) for each in (keyring.revoked if keyring else ())]
        return Table(_COLUMNS, tuple(rows), empty=f"{name} has no passkeys.")

    @command("passkey revoke", writes=True)
    async def end(self, user: str, passkey: str, *, reason: str = "revoked by an operator") -> Table:
        """Revoke a passkey, named as `passkey list` shows it. Sessions go on; see: sessions revoke-all."""
        name = _proper(user)
        try:
            is_gone = await self._passkeys.revoke(name, passkey, by=OPERATOR, reason=_line(reason))
        except StoreUnavailable as problem:
            raise CommandFailed(f"{problem}: it still works.") from problem
        if not is_gone:
            raise CommandFailed(f"{name} has no active passkey {passkey[:64]!r}; see: passkey list {name}")
        return Table(("user", "passkey", "revoked"), ((name, passkey, True),))


def _proper(user: str) -> str:
    name = fold_name(user)
    if name is None:
        raise CommandFailed(f"{user[:64]!r} is not the name of a person.")
    return name


def _line(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:200]


def _row(passkey: Passkey, state: str, why: str) -> tuple[object, ...]:
    return (
        passkey.hash,
        passkey.device,
        state,
        _instant(passkey.created_at),
        _instant(passkey.last_used_at),
        _instant(passkey.expires_at),
        passkey.is_backed_up,
        passkey.is_trusted,
        why,
    )


def _revoked_row(revoked: Revoked) -> tuple[object, ...]:
    why = f"{_instant(revoked.revoked_at)} by {revoked.revoked_by}: {revoked.reason}"
    return _row(revoked.passkey, "revoked", why)


def _instant(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
