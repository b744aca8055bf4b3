"""Nouns of tokens: what they rest on, what a client gets, what a token is worth."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yett.identity.access import Assurance

OFFLINE = "offline_access"
"""With this scope a grant outlives the session in which it was given."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a client has to prove with each use of a token (RFC 7800): nothing, a key, or a certificate."""

    jkt: str = ""
    """Thumbprint of a DPoP key (RFC 9449, section 6)."""
    x5t: str = ""
    """SHA-256 of a certificate in base64url (RFC 8705, section 3.1)."""

    @property
    def claim(self) -> Mapping[str, str]:
        """The `cnf` claim; empty for a bearer token."""
        named = {"jkt": self.jkt, "x5t#S256": self.x5t}
        return {name: value for name, value in named.items() if value}

    @property
    def token_type(self) -> str:
        """What goes with it to a client."""
        return "DPoP" if self.jkt else "Bearer"


@dataclass(frozen=True, slots=True)
class Basis:
    """What tokens rest on: who, for which client, by which proof."""

    client_id: str
    user: str
    """Empty where the client acts for itself."""
    scope: str
    grant_ref: str
    """The family of everything that comes of one grant; for a code, `Grant.code_ref`."""
    sign_on_ref: str = ""
    """The session that it ends with; empty where nobody signed in."""
    auth_time: float = 0.0
    methods: tuple[str, ...] = ()
    assurance: Assurance = Assurance.SINGLE
    nonce: str = ""
    confirmation: Confirmation = Confirmation()
    claims: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What else the client asked to hear (OpenID Connect Core, section 5.5)."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What a client gets (RFC 6749, section 5.1; OpenID Connect Core, section 3.1.3.3)."""

    access_token: str
    expires_in: int
    token_type: str
    scope: str
    refresh_token: str = ""
    id_token: str = ""

    def __repr__(self) -> str:
        return f"TokenAnswer(access_token=…, expires_in={self.expires_in}, scope={self.scope!r})"


class Unissued(enum.Enum):
    """Why there are no tokens."""

    KEY = "signing_key"
    PERSON = "person"
    """Gone, disabled, or not in the client's groups any more."""
    NAMESAKE = "namesake"
    """A person and a client have one name, so that nobody could tell whose the token is (RFC 9068, section 5)."""
    OVER = "over"
    """The session that they rest on has ended."""
    UNAVAILABLE = "unavailable"
    """They could not be kept; what was kept already was taken back."""
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    """What is known of the person is no text."""
    RANDOM = "random"
    """The random source failed."""
    UNKNOWN = "unknown"
    """No such refresh token."""
    REUSED = "reused"
    """A refresh token came a second time: everything of its grant has been revoked."""
    OTHER_CLIENT = "other_client"
    SCOPE = "scope"
    """More was asked for than was granted."""
    UNPROVEN = "unproven"
    """It is bound to a key or certificate that was not shown."""


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token as it is kept: nobody can make one of this."""

    digest: str
    jti: str
    scope: str
    issued_at: float
    expires_at: float
    confirmation: Confirmation = Confirmation()


@dataclass(frozen=True, slots=True)
class Family:
    """Everything that came of one grant, as it is kept."""

    ref: str
    owner: str
    """Under what its owner's families stand together."""
    client_id: str
    user: str
    scope: str
    created_at: float
    used_at: float
    ends_at: float
    """When the last of it is over unless it is refreshed before."""
    last_at: float
    """When it is over however often it is refreshed."""
    salt: str = field(repr=False)
    """What refresh tokens are made with, besides a key that is not in the store."""
    generation: int = -1
    """Which refresh token is good; less than 0 for none."""
    rotated_at: float = 0.0
    audience: str = ""
    entry: str = ""
    """Which entry of the directory the person is: another one under the same name inherits nothing."""
    sign_on_ref: str = ""
    auth_time: float = 0.0
    methods: tuple[str, ...] = ()
    assurance: Assurance = Assurance.SINGLE
    confirmation: Confirmation = Confirmation()
    """What the refresh token is bound to."""
    claims: Mapping[str, Any] = field(default_factory=dict, hash=False)
    access: tuple[Issued, ...] = ()

    @property
    def grant_ref(self) -> str:
        """The handle by which it is revoked."""
        return self.ref

    @property
    def is_offline(self) -> bool:
        """Whether it outlives the session (OpenID Connect Core, section 11)."""
        return OFFLINE in self.scope.split(" ")

    def basis(self, scope: str, confirmation: Confirmation) -> Basis:
        """What a token of it rests on."""
        return Basis(
            client_id=self.client_id,
            user=self.user,
            scope=scope,
            grant_ref=self.ref,
            sign_on_ref=self.sign_on_ref,
            auth_time=self.auth_time,
            methods=self.methods,
            assurance=self.assurance,
            confirmation=confirmation,
            claims=self.claims,
        )


@dataclass(frozen=True, slots=True)
class Access:
    """A token that is good now."""

    jti: str
    basis: Basis
    issued_at: float
    expires_at: float
    audience: str
    is_refresh: bool = False


class Unserved(enum.Enum):
    """Why somebody is told nothing about a person."""

    ABSENT = "absent"
    """There is no token."""
    SEVERAL = "several"
    """It came in two ways at once (RFC 6750, section 2)."""
    INVALID = "invalid"
    """Unknown, over, or revoked."""
    UNPROVEN = "unproven"
    """It is bound to a key or certificate that was not shown."""
    SCOPE = "scope"
    USER = "user"
