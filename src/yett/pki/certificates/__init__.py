"""The certificate manager: every certificate that a listener may show, whatever its source.

Read `model`, `rules` (what is accepted), `service` (keeping and finding), then `static`.
"""

from yett.pki.certificates.model import DEFAULT, Changed, Installed, Reason, Refused, Source
from yett.pki.certificates.service import Certificates
from yett.pki.certificates.static import StaticCertificate

__all__ = [
    "DEFAULT",
    "Certificates",
    "Changed",
    "Installed",
    "Reason",
    "Refused",
    "Source",
    "StaticCertificate",
]
