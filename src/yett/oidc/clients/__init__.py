"""Who may ask for codes and tokens.

Read `model`, then `config` (clients of the settings) and `building` (what can be wrong with them), `rules` (which
addresses count), then `registry`, which knows every client wherever it comes from.
"""

from yett.oidc.clients.building import check_clients, has_weak_secret
from yett.oidc.clients.config import ClientSettings, TLSIdentitySettings
from yett.oidc.clients.model import (
    AuthMethod,
    Client,
    Consent,
    Flaw,
    GrantType,
    Kind,
    Lifetimes,
    TLSIdentity,
    TokenFormat,
)
from yett.oidc.clients.registry import Clients
from yett.oidc.clients.rules import accepts, flaw_in_address, flaw_in_client, is_claimed, is_within, origin_of

__all__ = [
    "AuthMethod",
    "Client",
    "ClientSettings",
    "Clients",
    "Consent",
    "Flaw",
    "GrantType",
    "Kind",
    "Lifetimes",
    "TLSIdentity",
    "TLSIdentitySettings",
    "TokenFormat",
    "accepts",
    "check_clients",
    "flaw_in_address",
    "flaw_in_client",
    "has_weak_secret",
    "is_claimed",
    "is_within",
    "origin_of",
]
