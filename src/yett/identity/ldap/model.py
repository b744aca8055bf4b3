"""People and groups as LDAP has them, and what comes out of asking."""

import enum
from dataclasses import dataclass, field

SOURCE = "ldap"


@dataclass(frozen=True, slots=True)
class LdapUser:
    """An entry of a person. `id` stays when the entry is renamed, `key` is its name in one spelling."""

    id: str
    key: str
    dn: str
    name: str
    display_name: str
    email: str
    is_disabled: bool
    modified: str = ""
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True, slots=True)
class LdapGroup:
    """An entry of a group. `name` is empty when it cannot be one of ours; members still pass through it.

    Members are keys of entries, or names with "@" before them.
    """

    id: str
    key: str
    name: str
    members: frozenset[str] = field(default=frozenset(), repr=False)
    modified: str = ""
    is_overfull: bool = False
    """It has more members than any group may, and so counts as having none."""


class Unusable(enum.Enum):
    """Why an entry is passed over."""

    NAME = "name"
    """It has no name, several, or one that is not of the form that names have here."""
    SIZE = "size"
    """Something about it is too large."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that one read brought."""

    users: tuple[LdapUser, ...] = field(repr=False)
    groups: tuple[LdapGroup, ...] = field(repr=False)
    unusable: int = 0
    has_more: bool = False
    """There are more people or groups than are taken over."""


class Index(enum.Enum):
    """Why something could not be found by an index."""

    TOO_MANY = "too_many"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Synced:
    """The person is as LDAP has them now."""

    name: str


@dataclass(frozen=True, slots=True)
class NotThere:
    """LDAP has nobody of that name."""


@dataclass(frozen=True, slots=True)
class SyncFailed:
    """It could not be found out."""


@dataclass(frozen=True, slots=True)
class Loss:
    """How much a full sync would remove, or how much there is of what it could."""

    people: int
    groups: int
    memberships: int
    """Of people who stay."""


class DirectoryUnreachable(ConnectionError):
    """The gateway cannot start: there is no LDAP server, and nobody is known from before."""
