"""The token endpoint: what a client has, for what it may have.

Read `model` and `rules` (every decision, without I/O), then `service`, which knows the client and hands on to the
`grants`: `coded` (codes, refresh tokens), `machine` (clients that act for themselves), `asserted` (issuers that vouch
for people), `devices`; `routes` is HTTP.
"""

from yett.oidc.exchange.coded import Tokens
from yett.oidc.exchange.config import AssertionIssuerSettings, ExchangeSettings, check_exchange
from yett.oidc.exchange.grants import TOKEN, Grants
from yett.oidc.exchange.model import Given, Refused
from yett.oidc.exchange.routes import routes
from yett.oidc.exchange.service import Exchange

__all__ = [
    "TOKEN",
    "AssertionIssuerSettings",
    "Exchange",
    "ExchangeSettings",
    "Given",
    "Grants",
    "Refused",
    "Tokens",
    "check_exchange",
    "routes",
]
