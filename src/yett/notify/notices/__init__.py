"""Notices: what operators want to be told of, by mail and webhook, at once or in digests.

Read `config` and `model`, then `rules` (who is told of what, and what they get), `sink` (from records
of the log to notices), `webhooks`, `digests`, `receivers`, and `service`, which puts them together.

The log tells what happened; this tells those who do not read it. So nothing here is on record only
here, and no failure of telling is ever a failure of what is told.
"""

from yett.notify.notices.commands import NotifyCommands
from yett.notify.notices.config import NotifySettings, RuleSettings, WebhookSettings, check_notices
from yett.notify.notices.model import Notice, Severity
from yett.notify.notices.service import Notifier

__all__ = [
    "Notice",
    "Notifier",
    "NotifyCommands",
    "NotifySettings",
    "RuleSettings",
    "Severity",
    "WebhookSettings",
    "check_notices",
]
