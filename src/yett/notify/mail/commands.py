"""What operators can do with mail."""

from yett.kernel import CommandFailed, Table, command
from yett.notify.mail.model import MailKind, Undelivered
from yett.notify.mail.service import Mailer


class MailCommands:
    """The commands under `mail`."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    @command("mail test", writes=True)
    async def test(self, address: str, *, language: str = "") -> Table:
        """Send a test mail to an address, and say what the mail server makes of it."""
        outcome = await self._mailer.deliver(MailKind.TEST, address, language=language)
        if isinstance(outcome, Undelivered):
            raise CommandFailed(f"No mail was sent ({outcome.reason.value}): {outcome.detail}")
        return Table(("address", "sent", "attempts"), ((address, True, outcome.attempts if outcome else 0),))
