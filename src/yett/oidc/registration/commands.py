"""What operators can do about clients that register themselves."""

from datetime import UTC, datetime, timedelta

from yett.kernel import Clock, CommandFailed, Table, command
from yett.oidc.registration import events
from yett.oidc.registration.model import Registered
from yett.oidc.registration.service import Registrations
from yett.store import StoreUnavailable

_MOST_USES = 1000
_LONGEST = timedelta(days=90)


class RegistrationCommands:
    """Tokens to register with, and revoking who did."""

    def __init__(self, registrations: Registrations, clock: Clock) -> None:
        self._registrations = registrations
        self._clock = clock

    @command("oidc registration-token", writes=True)
    async def make(self, *, lifetime: int = 3600, uses: int = 1) -> str:
        """Make a token with which applications may register: so many, within `--lifetime` seconds."""
        if not 1 <= uses <= _MOST_USES or not 60 <= lifetime <= _LONGEST.total_seconds():
            raise CommandFailed("a token is for 1 to 1000 registrations within 60 seconds to 90 days")
        if not self._registrations.is_open:
            raise CommandFailed(
                'nobody may register: set oidc.registration.mode to "token", and oidc.enabled'
            )
        try:
            text = await self._registrations.tokens.make(
                uses=uses, lifetime=float(lifetime), now=self._clock.now()
            )
        except StoreUnavailable as problem:
            raise CommandFailed(f"no token was made: {problem}") from problem
        events.token_made(uses=uses, lifetime=float(lifetime))
        return text

    @command("oidc clients show")
    async def show(self, client: str) -> Table:
        """Show what a client registered that registered itself, by its whole id."""
        found = self._found(client)
        it = found.registration
        rows = (
            ("name", it.name),
            ("addresses", " ".join(it.redirect_uris)),
            ("after sign-out", " ".join(it.after_logout)),
            ("proves itself by", it.auth_method.value),
            ("scopes", " ".join(it.scopes)),
            ("registered", _at(found.issued_at)),
            ("ends", _at(found.expires_at)),
            ("revoked", "yes" if self._registrations.is_withdrawn(client) else "no"),
        )
        return Table(("what", "value"), rows)

    @command("oidc clients revoke", writes=True)
    async def revoke(self, client: str) -> str:
        """Revoke a client that registered itself, by its whole id: it is unknown from now on."""
        found = self._found(client)
        try:
            await self._registrations.withdraw(found)
        except StoreUnavailable as problem:
            raise CommandFailed(f"it was not revoked: {problem}") from problem
        return f"{found.registration.name} is revoked."

    @command("oidc clients restore", writes=True)
    async def restore(self, client: str) -> str:
        """Take back that a client was revoked."""
        found = self._found(client)
        try:
            is_restored = await self._registrations.restore(found)
        except StoreUnavailable as problem:
            raise CommandFailed(f"it was not restored: {problem}") from problem
        if not is_restored:
            raise CommandFailed(f"{found.registration.name} was not revoked")
        return f"{found.registration.name} is known again."

    def _found(self, client: str) -> Registered:
        found = self._registrations.read(client)
        if found is None:
            raise CommandFailed("that is no id of a client that registered itself here")
        return found


def _at(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M")
