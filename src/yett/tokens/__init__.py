"""Scoped tokens (`gt-…`): opaque, with scopes, children, an end and a history.

Read `model`, `text`, `rules`, then `service`, whose head explains how store, memory and history are kept in step;
`shelf` is how one token is written. `quotas` says how much one may use. `api` is the interface for programs,
`pages` the one for people.
"""

from yett.tokens.commands import ScopedTokenCommands
from yett.tokens.config import TokensSettings, check_tokens
from yett.tokens.history import Cursor, Page, Query, parse_cursor, parse_network
from yett.tokens.model import (
    Actor,
    Change,
    Delegation,
    Draft,
    Edit,
    Group,
    HistoryEntry,
    Identity,
    Ingress,
    NotDelegated,
    Refusal,
    Refused,
    Source,
    Token,
    TokenData,
    TokenType,
    UserInfo,
)
from yett.tokens.quotas import Quota, Quotas, QuotaState
from yett.tokens.service import ScopedTokens
from yett.tokens.text import parse, what_is_wrong

__all__ = [
    "Actor",
    "Change",
    "Cursor",
    "Delegation",
    "Draft",
    "Edit",
    "Group",
    "HistoryEntry",
    "Identity",
    "Ingress",
    "NotDelegated",
    "Page",
    "Query",
    "Quota",
    "QuotaState",
    "Quotas",
    "Refusal",
    "Refused",
    "ScopedTokenCommands",
    "ScopedTokens",
    "Source",
    "Token",
    "TokenData",
    "TokenType",
    "TokensSettings",
    "UserInfo",
    "check_tokens",
    "parse",
    "parse_cursor",
    "parse_network",
    "what_is_wrong",
]
