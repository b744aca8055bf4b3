"""Telling an application who is calling with a token in place of headers: `Authorization: Bearer`.

Read `model`, then `rules` (whether a kept token may be used), `mint` (where tokens come from), `vault` (where they
are kept), `service` and `step`, which puts one into a request.

A node keeps the tokens it has used in memory. A sealed copy lies in the store, so that another
node, or this one after a restart, goes on with the same token; it runs out with the token.
"""

from yett.proxy.bearer.config import BearerSettings
from yett.proxy.bearer.mint import Mint
from yett.proxy.bearer.model import WantedElsewhere
from yett.proxy.bearer.service import Bearers, Minter
from yett.proxy.bearer.step import AUTHORIZATION, BearerStep
from yett.proxy.bearer.vault import Vault

__all__ = [
    "AUTHORIZATION",
    "BearerSettings",
    "BearerStep",
    "Bearers",
    "Mint",
    "Minter",
    "Vault",
    "WantedElsewhere",
]
