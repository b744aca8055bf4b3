"""Tokens: issued, kept, refreshed, looked at, revoked.

Read `model`, then `rules` and `claims` (what tokens say), `texts` (refresh tokens, and where families stand), then
`service` with `issuing` and `refreshing` behind it. `keeping` and `mirror` are the families in the store and in local
memory; `saga` undoes what was half done. `userinfo`, `introspection` and `revocation` are the endpoints.
"""

from yett.oidc.tokens.commands import TokenCommands
from yett.oidc.tokens.config import TokenSettings
from yett.oidc.tokens.facts import facts
from yett.oidc.tokens.introspection import INTROSPECT, Introspection
from yett.oidc.tokens.making import Opaque
from yett.oidc.tokens.model import Access, Basis, Confirmation, Family, TokenAnswer, Unissued
from yett.oidc.tokens.revocation import REVOKE, Revocation
from yett.oidc.tokens.service import Tokens
from yett.oidc.tokens.userinfo import USERINFO, UserInfo

__all__ = [
    "INTROSPECT",
    "REVOKE",
    "USERINFO",
    "Access",
    "Basis",
    "Confirmation",
    "Family",
    "Introspection",
    "Opaque",
    "Revocation",
    "TokenAnswer",
    "TokenCommands",
    "TokenSettings",
    "Tokens",
    "Unissued",
    "UserInfo",
    "facts",
]
