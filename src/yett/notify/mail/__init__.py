"""Mails to people and operators.

Read `config` and `model`, then `addresses`, `message` and `rendering` (from a kind of mail and its fields to
bytes, without any waiting), `relay` (handing them to the mail server), and `service`, which puts them
together. Texts stand in `texts`, looks in `templates`.

A mail server that takes a mail has promised to deliver it or to say so to the sender's address
(RFC 5321, 4.2.5). What it cannot take just now is offered again for as long as somebody may
reasonably wait; there is no queue that outlives the process, because codes and links do not either.
"""

from yett.notify.mail.addresses import mask
from yett.notify.mail.commands import MailCommands
from yett.notify.mail.config import MailSettings, Security, SMTPSettings, check_mail
from yett.notify.mail.model import Delivered, MailFailure, MailKind, Undelivered
from yett.notify.mail.service import Mailer, VerifyLink

__all__ = [
    "Delivered",
    "MailCommands",
    "MailFailure",
    "MailKind",
    "MailSettings",
    "Mailer",
    "SMTPSettings",
    "Security",
    "Undelivered",
    "VerifyLink",
    "check_mail",
    "mask",
]
