"""What operators can do with sessions."""

from datetime import UTC, datetime

from yett.kernel import CommandFailed, Table, command
from yett.sessions.service import Sessions

_COLUMNS = ("ref", "type", "user", "host", "created", "last_activity", "expires", "parent")


class SessionCommands:
    """The commands under `sessions`."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @command("sessions list")
    async def show(self, *, user: str | None = None) -> Table:
        """List live sessions, oldest first; with a user, only theirs."""
        rows = tuple(
            (
                session.ref,
                session.type.value,
                session.module_key,
                session.audience,
                _instant(session.created_at),
                _instant(session.last_activity),
                _instant(session.expires_at),
                session.parent or None,
            )
            for session in self._sessions.live(user)
        )
        return Table(_COLUMNS, rows, empty="No live sessions.")

    @command("sessions revoke", writes=True)
    async def end(self, ref: str) -> Table:
        """End one session, and those that hang on it when it is a sign-on."""
        if not await self._sessions.revoke(ref):
            raise CommandFailed(f"there is no session {ref}; see: sessions list")
        return Table(("ref", "revoked"), ((ref, True),))

    @command("sessions revoke-all", writes=True)
    async def end_all(self, user: str) -> Table:
        """End every session of a user."""
        count = await self._sessions.revoke_all(user)
        return Table(("user", "revoked"), ((user, count),))


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
