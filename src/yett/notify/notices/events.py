"""What telling operators says in the log.

None of these is ever told to operators by mail or webhook itself: a notice about a notice that
failed would fail as well.
"""

from yett.events import DEBUG, WARN, event
from yett.events.fields import Email, Error, Name
from yett.notify.notices.model import WebhookFailure


@event("notify.send.email_failed", WARN, "Email notification failed")
def email_failed(rule: Name, email: Email, notice: Name) -> None:
    """An operator was not told by mail. The line before it, of component smtp.send, says why. Look there."""


@event("notify.send.webhook_failed", WARN, "Webhook notification failed")
def webhook_failed(
    rule: Name, webhook: Name, notice: Name, reason: WebhookFailure, status: int, attempts: int, error: Error
) -> None:
    """A program was not told, and will not be. Mend what the reason names; `yett admin notify test` tries it out."""


@event("notify.send.webhook_ok", DEBUG, "Webhook notification sent")
def webhook_ok(webhook: Name, status: int, attempts: int) -> None:
    """A program was told. Nothing to do."""


@event("notify.send.dropped", WARN, "Notifications dropped")
def dropped(receiver: Name, count: int) -> None:
    """More happened than a receiver could be told of. The log has everything; tell less, or raise `notify.queue`."""


@event("notify.send.deduplication", WARN, "Notification may be repeated")
def not_deduplicated(error: Error) -> None:
    """The store could not say whether another node had told the same, so it was told. Mend the store."""


@event("notify.digest.email_failed", WARN, "Digest email failed")
def digest_email_failed(rule: Name, email: Email, count: int) -> None:
    """An operator did not get a digest. The line before it, of component smtp.send, says why. Look there."""


@event("notify.digest.webhook_failed", WARN, "Digest webhook failed")
def digest_webhook_failed(
    rule: Name, webhook: Name, count: int, reason: WebhookFailure, status: int, attempts: int, error: Error
) -> None:
    """A program did not get a digest. If nobody else got it, it goes out again with the next one.

    Look at the program that should take it.
    """


@event("notify.digest.store", WARN, "Digest not kept")
def digest_unavailable(rule: Name, error: Error) -> None:
    """The store could not be asked about notices of a digest. They go out later, or are missing from it.

    Look at the store.
    """


@event("notify.healthcheck", DEBUG, "Health check completed")
def health_checked(is_well: bool, channels: int, waiting: int, failed: int, dropped: int) -> None:
    """How telling operators goes; `yett admin notify status` shows it by receiver."""
