"""People and groups from LDAP, copied into local memory and kept up to date.

Read `model`, `config`, then `rules` (what an entry means), `roster` (who is in which groups) and
`current` (what is in force). `pool` has the connections, `reading` the searches; `syncing` joins
them, `keeping` writes down what a start without LDAP needs, and `source` is what the directory
sees. `commands` is for operators.
"""

from yett.identity.ldap.commands import DirectoryCommands, LdapCommands
from yett.identity.ldap.config import DisabledRule, LdapSettings, Members, check_ldap
from yett.identity.ldap.model import DirectoryUnreachable, LdapUser, NotThere, Synced, SyncFailed
from yett.identity.ldap.pool import NotConnected
from yett.identity.ldap.source import LdapPeople

__all__ = [
    "DirectoryCommands",
    "DirectoryUnreachable",
    "DisabledRule",
    "LdapCommands",
    "LdapPeople",
    "LdapSettings",
    "LdapUser",
    "Members",
    "NotConnected",
    "NotThere",
    "SyncFailed",
    "Synced",
    "check_ldap",
]
