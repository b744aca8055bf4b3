"""What operators can do with Kerberos."""

from datetime import UTC, datetime

from yett.authn.kerberos.model import Denial
from yett.authn.kerberos.service import Kerberos
from yett.kernel import CommandFailed, Table, command

_SENTENCES = {
    Denial.NO_SESSION: "there is no live session {ref}; see: sessions list",
    Denial.NO_TICKET: "no ticket is kept for session {ref}; see: kerberos tickets",
    Denial.UNAVAILABLE: "the store or the folder for tickets cannot be used; see the log",
}


class KerberosCommands:
    """The commands under `kerberos`."""

    def __init__(self, kerberos: Kerberos) -> None:
        self._kerberos = kerberos

    @command("kerberos test")
    async def test(self) -> Table:
        """Load the keys anew and show what the gateway can accept tickets with."""
        if not self._kerberos.settings.enabled:
            raise CommandFailed("authn.kerberos.enabled is false")
        keys = self._kerberos.keys
        await keys.use(self._kerberos.settings)
        if keys.acceptor is None:
            raise CommandFailed("the keytab cannot be used; see: logs search kerberos.spnego")
        rows = (
            ("service principal", ", ".join(f"{keys.service}@{realm}" for realm in sorted(keys.realms))),
            ("realms of people", ", ".join(self._kerberos.settings.realms or sorted(keys.realms))),
            ("matched by", self._kerberos.settings.match.value),
            ("channel binding", self._kerberos.settings.channel_binding.value),
        )
        return Table(("what", "value"), rows)

    @command("kerberos tickets")
    async def tickets(self, *, user: str | None = None) -> Table:
        """List the tickets that are kept for sessions; with a user, only theirs."""
        held = [each for each in await self._kerberos.tickets.list() if user in {None, each.user}]
        rows = tuple(
            (
                each.user,
                each.session,
                each.ticket.principal,
                _instant(each.ticket.expires_at),
                _instant(each.ticket.renewable_until),
            )
            for each in held
        )
        columns = ("user", "session", "principal", "expires", "renewable_until")
        return Table(columns, rows, empty="No tickets are kept.")

    @command("kerberos file", writes=True)
    async def file(self, session: str) -> Table:
        """Write the ticket of a live session into a credential cache, which is deleted with the session."""
        path = await self._kerberos.tickets.write_file(session)
        if isinstance(path, Denial):
            raise CommandFailed(_SENTENCES[path].format(ref=session))
        return Table(("session", "file"), ((session, str(path)),))

    @command("kerberos refresh", writes=True)
    async def refresh(self, session: str) -> Table:
        """Renew the ticket of a live session at the KDC."""
        held = await self._kerberos.tickets.access(session)
        if isinstance(held, Denial):
            raise CommandFailed(_SENTENCES[held].format(ref=session))
        if not await self._kerberos.tickets.refresh(held.user, held.session):
            raise CommandFailed("the ticket was not renewed; see: logs search kerberos.refresh")
        return Table(("session", "refreshed"), ((session, True),))

    @command("kerberos revoke", writes=True)
    async def revoke(self, user: str, session: str | None = None) -> Table:
        """Delete the kept tickets of a user, or the one of a session."""
        if session is None:
            count = await self._kerberos.tickets.revoke_user(user)
        else:
            count = int(await self._kerberos.tickets.revoke(user, session))
        return Table(("user", "revoked"), ((user, count),))


def _instant(seconds: float) -> str | None:
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
