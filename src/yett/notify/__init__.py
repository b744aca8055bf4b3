"""Telling people and operators: mails, and notices by mail and webhook.

Read `mail` (writing and sending mails to people), then `notices` (what operators want to be told of,
at once or in digests).
"""

from yett.notify.mail import Mailer, MailKind, MailSettings, SMTPSettings, check_mail
from yett.notify.notices import Notice, Notifier, NotifySettings, Severity, check_notices

__all__ = [
    "MailKind",
    "MailSettings",
    "Mailer",
    "Notice",
    "Notifier",
    "NotifySettings",
    "SMTPSettings",
    "Severity",
    "check_mail",
    "check_notices",
]
