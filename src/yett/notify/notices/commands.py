"""What operators can do about notices."""

from yett.kernel import CommandFailed, Table, command
from yett.notify.notices.model import Told, Untold
from yett.notify.notices.service import Notifier


class NotifyCommands:
    """The commands under `notify`."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    @command("notify status")
    async def status(self) -> Table:
        """Show how telling goes, by receiver."""
        rows = tuple(
            (
                channel.name,
                channel.waiting,
                channel.told,
                channel.failed,
                channel.dropped,
                channel.last_problem or None,
            )
            for channel in self._notifier.health().channels
        )
        return Table(("receiver", "waiting", "told", "failed", "dropped", "problem"), rows)

    @command("notify test", writes=True)
    async def test(self, webhook: str) -> Table:
        """Post a harmless notice to a webhook, and say what it makes of it."""
        match await self._notifier.try_webhook(webhook):
            case None:
                raise CommandFailed(f"there is no webhook {webhook}; see: notify status")
            case Untold(reason=reason, status=status, detail=detail):
                said = f"it answered {status}" if status else detail
                raise CommandFailed(f"The webhook was not told ({reason.value}): {said}")
            case Told(status=status, attempts=attempts):
                return Table(("webhook", "status", "attempts"), ((webhook, status, attempts),))
