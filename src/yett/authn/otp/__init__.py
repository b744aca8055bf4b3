"""One-time codes by mail: proof that somebody reads the mailbox of a person.

Read `model`, then `rules` (who gets a code, and which code is right), `shelf` (how codes are kept)
and `service`, which joins them. Each browser has at most one open code, for one person.
"""

from yett.authn.otp.commands import OTPCommands
from yett.authn.otp.config import OTPSettings
from yett.authn.otp.model import (
    CodeAccepted,
    CodeRefused,
    CodeRejected,
    CodeSent,
    CodeType,
    Reason,
    Refusal,
)
from yett.authn.otp.service import EmailCodes, Mailer

__all__ = [
    "CodeAccepted",
    "CodeRefused",
    "CodeRejected",
    "CodeSent",
    "CodeType",
    "EmailCodes",
    "Mailer",
    "OTPCommands",
    "OTPSettings",
    "Reason",
    "Refusal",
]
