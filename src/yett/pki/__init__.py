"""Certificates: the gateway's own authority, what is shown for which name, and TLS by name.

Read `names`, `ca`, `certificates`, `autotls`, then `tls`.
"""

from yett.pki.autotls import AutoTLS, Renewal, overlap_problem
from yett.pki.ca import Authority, AuthorityUnavailable, Signed, export_root
from yett.pki.certificates import (
    DEFAULT,
    Certificates,
    Changed,
    Installed,
    Reason,
    Refused,
    Source,
    StaticCertificate,
)
from yett.pki.commands import AuthorityCommands, CertificateCommands
from yett.pki.config import PKISettings
from yett.pki.tls import ClientAuthority, TLSContexts

__all__ = [
    "DEFAULT",
    "Authority",
    "AuthorityCommands",
    "AuthorityUnavailable",
    "AutoTLS",
    "CertificateCommands",
    "Certificates",
    "Changed",
    "ClientAuthority",
    "Installed",
    "PKISettings",
    "Reason",
    "Refused",
    "Renewal",
    "Signed",
    "Source",
    "StaticCertificate",
    "TLSContexts",
    "export_root",
    "overlap_problem",
]
