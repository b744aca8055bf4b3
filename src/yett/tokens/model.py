"""Nouns of scoped tokens: what a token is, whose it is, what became of it, and why something was refused."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field


class TokenType(enum.Enum):
    """What a token was made for."""

    SESSION = "session"
    """A browser's, in its cookie; over with the session that it hangs on."""
    USER = "user"
    """Made by a person for their programs; has a name."""
    NOTEBOOK = "notebook"
    """A child that may do whatever its parent may."""
    INTERNAL = "internal"
    """A child for one service, with some of its parent's scopes."""
    SERVICE = "service"
    """A program's own; its user is a bot."""
    OIDC = "oidc"
    """An access token of the OpenID provider; good for nothing else."""


DELEGATED = frozenset({TokenType.NOTEBOOK, TokenType.INTERNAL})
"""Types whose secret follows from the key, so that a child can be handed out again."""


class Source(enum.Enum):
    """Where in a request a token was."""

    COOKIE = "cookie"
    BEARER = "bearer"
    BASIC_USERNAME = "basic-username"
    BASIC_PASSWORD = "basic-password"  # noqa: S105 - the name of a place, not a secret


class Change(enum.Enum):
    """What was done to a token."""

    CREATE = "create"
    REVOKE = "revoke"
    EXPIRE = "expire"
    EDIT = "edit"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner has it. The key names it and may be known; the secret proves it."""

    key: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"gt-{self.key}.{self.secret}"


@dataclass(frozen=True, slots=True)
class Group:
    """A group, with its number where it has one."""

    name: str
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a token says itself about its user. What is None, the directory is asked for."""

    name: str | None = None
    email: str | None = None
    uid: int | None = None
    gid: int | None = None
    groups: tuple[Group, ...] | None = None


NOTHING = Identity()


@dataclass(frozen=True, slots=True)
class TokenData:
    """What is known about a token, all but its secret."""

    key: str
    username: str
    type: TokenType
    scopes: frozenset[str]
    created: float
    expires: float | None = None
    """Seconds since the epoch; None for never."""
    token_name: str = ""
    service: str = ""
    parent: str = ""
    """The key of the token that it was made with, and is over with."""
    session_ref: str = ""
    """The sign-on session that it is over with."""
    owner: str = ""
    """Which entry of the directory its user was; empty for bots and whoever the directory does not know."""
    identity: Identity = NOTHING
    grant: str = ""
    """What the OpenID provider calls it; it is over when the provider knows it no more."""


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who the user of a token is, as applications are told."""

    username: str
    name: str | None = None
    email: str | None = None
    uid: int | None = None
    gid: int | None = None
    groups: tuple[Group, ...] = ()

    @property
    def group_names(self) -> frozenset[str]:
        """The groups by name."""
        return frozenset(group.name for group in self.groups)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, from where, and by which token of theirs."""

    username: str
    address: str = ""
    token: TokenData | None = None
    source: Source | None = None

    @property
    def scopes(self) -> frozenset[str]:
        """What they may do."""
        return frozenset() if self.token is None else self.token.scopes


INTERNAL = Actor("<internal>")
"""The gateway itself."""
BOOTSTRAP = "<bootstrap>"
"""The name of whoever has the bootstrap token."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of one token."""

    id: str
    token: str
    username: str
    token_type: TokenType
    action: Change
    actor: str
    event_time: float
    scopes: tuple[str, ...]
    expires: float | None = None
    token_name: str = ""
    parent: str = ""
    service: str = ""
    ip_address: str = ""
    old_token_name: str | None = None
    old_scopes: tuple[str, ...] | None = None
    old_expires: float | None = None
    is_redated: bool = False
    """Whether the change was (also) one of when it expires; `old_expires` may be never."""


@dataclass(frozen=True, slots=True)
class Use:
    """When and from where a token was used, as far as it was written down."""

    at: float
    address: str = ""


@dataclass(frozen=True, slots=True)
class AuthenticationEntry:
    """That a token was used from an address, once in a while."""

    id: str
    token: str
    username: str
    token_type: TokenType
    event_time: float
    scopes: tuple[str, ...]
    token_name: str = ""
    parent: str = ""
    service: str = ""
    ip_address: str = ""


@dataclass(frozen=True, slots=True)
class Delegation:
    """What kind of child is wanted: for a service with these scopes, or (without a service) a notebook's."""

    service: str = ""
    scopes: frozenset[str] = frozenset()

    @property
    def type(self) -> TokenType:
        """The type of such a child."""
        return TokenType.INTERNAL if self.service else TokenType.NOTEBOOK


@dataclass(frozen=True, slots=True)
class Ingress:
    """The question of another proxy in answer to which a token is delegated, as the record has it."""

    auth_uri: str
    required_scopes: tuple[str, ...]
    satisfy: str
    service: str | None = None


class NotDelegated(enum.Enum):
    """Why there is no child."""

    OVER = "over"
    """The parent is not good any more, or not for long enough."""
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"
    """It could not be kept."""


class Refusal(enum.Enum):
    """Why something was not done, in the words of the API."""

    DUPLICATE_NAME = "duplicate_token_name"
    NAME = "invalid_token_name"
    EXPIRES = "invalid_expires"
    SCOPES = "invalid_scopes"
    DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    TOO_MANY = "too_many_tokens"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done; the text may be shown to whoever asked."""

    why: Refusal
    text: str
    field: str = ""
    """What in the request is at fault."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A token that somebody asks for."""

    username: str
    type: TokenType
    scopes: frozenset[str]
    expires: float | None
    token_name: str = ""
    identity: Identity = NOTHING


class _Unchanged(enum.Enum):
    TOKEN = "unchanged"  # noqa: S105 - the name of a value


UNCHANGED = _Unchanged.TOKEN


@dataclass(frozen=True, slots=True)
class Edit:
    """What of a token is to be different. `expires` None is never."""

    token_name: str | None = None
    scopes: frozenset[str] | None = None
    expires: float | _Unchanged | None = UNCHANGED


def sorted_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Scopes in the order in which they are shown and kept."""
    return tuple(sorted(scopes))
