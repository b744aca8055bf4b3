"""Codes from an authenticator app (TOTP, RFC 6238), and recovery codes for whoever has lost it.

Read `model`, then `codes` (the algorithm), `rules` (which code is right), `vault` (what is kept, and
how sealed) and `service`, which joins them. `qr` draws what the app scans.
"""

from yett.authn.totp.commands import TotpCommands
from yett.authn.totp.config import TotpSettings
from yett.authn.totp.model import (
    Confirmed,
    Enrolment,
    EnrolmentFailed,
    Reason,
    TotpAccepted,
    TotpRejected,
    TotpStatus,
)
from yett.authn.totp.service import Totp

__all__ = [
    "Confirmed",
    "Enrolment",
    "EnrolmentFailed",
    "Reason",
    "Totp",
    "TotpAccepted",
    "TotpCommands",
    "TotpRejected",
    "TotpSettings",
    "TotpStatus",
]
