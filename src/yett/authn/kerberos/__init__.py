"""Kerberos: signing in with a browser's ticket (SPNEGO) or a realm's password, and keeping tickets for services.

Read `model`, `wire` (what is in a token), `rules` (who a principal is), `library` (the one place that
calls the C library), then `spnego`. `keytab` and `keys` are about the gateway's own keys, `replay`
about used tokens. `password`, `ccache`, `tickets` and `programs` are about people's tickets;
`configuration`, `folder` and `memory` about the process around all of it. `service` joins them.
"""

from yett.authn.kerberos.binding import end_point
from yett.authn.kerberos.commands import KerberosCommands
from yett.authn.kerberos.config import KerberosSettings, PrincipalSettings, Tickets, check_kerberos
from yett.authn.kerberos.model import (
    Accepted,
    Changed,
    ChangeFault,
    Denial,
    Expired,
    NotChanged,
    Reason,
    Rejected,
    Ticket,
)
from yett.authn.kerberos.password import SignedIn
from yett.authn.kerberos.rules import negotiate_token
from yett.authn.kerberos.service import Kerberos

__all__ = [
    "Accepted",
    "ChangeFault",
    "Changed",
    "Denial",
    "Expired",
    "Kerberos",
    "KerberosCommands",
    "KerberosSettings",
    "NotChanged",
    "PrincipalSettings",
    "Reason",
    "Rejected",
    "SignedIn",
    "Ticket",
    "Tickets",
    "check_kerberos",
    "end_point",
    "negotiate_token",
]
