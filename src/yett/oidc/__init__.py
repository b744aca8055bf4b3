"""The OpenID Connect provider: people sign in to applications through it, and applications get tokens from it.

Read `model` and `clients` (who may ask), then `rules` and `claims` (what a request and a code have to satisfy), then
`codes`, `standing`, `provider` and `redeeming`, then `routes` (the way of a request over HTTP) with `par` (requests
that were pushed), `consent` (what people are asked) and `answers` (how it goes back). `discovery` tells what there is.
`minting` makes the tokens that the proxy shows to applications; those of others have folders of their own.
"""

from yett.oidc.clients import Client
from yett.oidc.config import OIDCSettings
from yett.oidc.minting import Minting
from yett.oidc.model import CODE_REF, Grant, Minted, Reason, Refused, Unminted, Wanted
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
