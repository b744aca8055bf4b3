"""How applications prove who they are, wherever they speak for themselves: tokens, pushed requests, introspection.

Read `model`, then `reading` (which way a request goes: exactly one), `rules` (what a proof has to be)
and `service`, which decides and slows guessers down.
"""

from yett.oidc.client_auth.config import ClientAuthSettings
from yett.oidc.client_auth.model import AuthFault, Reason
from yett.oidc.client_auth.rules import STRONG, algorithms_for, needs_fapi
from yett.oidc.client_auth.service import ClientAuth

__all__ = [
    "STRONG",
    "AuthFault",
    "ClientAuth",
    "ClientAuthSettings",
    "Reason",
    "algorithms_for",
    "needs_fapi",
]
