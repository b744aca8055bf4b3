"""The OpenID Connect provider: so far the authorization code, asked for over HTTP and redeemed in process.

Read `model`, then `rules` (what a request and a code have to satisfy), then `codes`, `provider`, `routes`.
`minting` makes the tokens that the proxy shows to applications.
"""

from yett.oidc.config import OIDCSettings
from yett.oidc.minting import Minting
from yett.oidc.model import CODE_REF, Client, Grant, Minted, Reason, Refused, Unminted, Wanted
from yett.oidc.provider import Provider

__all__ = [
    "CODE_REF",
    "Client",
    "Grant",
    "Minted",
    "Minting",
    "OIDCSettings",
    "Provider",
    "Reason",
    "Refused",
    "Unminted",
    "Wanted",
]
