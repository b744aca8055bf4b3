"""Clients that prove by a certificate who they are, and tokens that are bound to one (RFC 8705).

That somebody holds the key of a certificate is TLS's proof, or a trusted proxy's; it is over when this is
asked. Read `model` and `rules` (whom a certificate speaks of), then `service`, which adds who vouches for it.
"""

from yett.oidc.mtls.config import MutualTLSSettings, check_mutual_tls
from yett.oidc.mtls.model import Mismatch
from yett.oidc.mtls.rules import thumbprint
from yett.oidc.mtls.service import ClientCertificates

__all__ = ["ClientCertificates", "Mismatch", "MutualTLSSettings", "check_mutual_tls", "thumbprint"]
