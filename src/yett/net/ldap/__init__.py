"""LDAP, as much of it as a client needs that looks people up and has passwords checked.

Read `ber` (bytes), `messages` (requests and answers), `filters` and `names` (the two texts that
values from outside end up in), then `model` and `connection`. Why this is not a library's: see
docs/decisions/0006-ldap-is-our-own.md.
"""

from yett.net.ldap.connection import Connection
from yett.net.ldap.filters import BadFilter, all_of, compile_filter, escape
from yett.net.ldap.messages import (
    Change,
    Code,
    Entry,
    Policy,
    PolicyError,
    Result,
    Scope,
    policy_of,
)
from yett.net.ldap.model import (
    BrokenAnswer,
    LDAPFailed,
    Limits,
    Refused,
    Server,
    Unreachable,
    Untrusted,
    parse_url,
)
from yett.net.ldap.names import escape_value, name_key

__all__ = [
    "BadFilter",
    "BrokenAnswer",
    "Change",
    "Code",
    "Connection",
    "Entry",
    "LDAPFailed",
    "Limits",
    "Policy",
    "PolicyError",
    "Refused",
    "Result",
    "Scope",
    "Server",
    "Unreachable",
    "Untrusted",
    "all_of",
    "compile_filter",
    "escape",
    "escape_value",
    "name_key",
    "parse_url",
    "policy_of",
]
