"""The OpenID Connect provider: so far the authorization code, asked for over HTTP and redeemed in process.

Read `model`, then `rules` (what a request and a code have to satisfy), then `codes`, `provider`, `routes`.
"""

from yett.oidc.config import OIDCSettings
from yett.oidc.model import CODE_REF, Client, Grant, Reason, Refused
from yett.oidc.provider import Provider

__all__ = ["CODE_REF", "Client", "Grant", "OIDCSettings", "Provider", "Reason", "Refused"]
