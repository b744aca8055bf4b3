"""Nouns of personal access tokens."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from yett.identity import Person
from yett.identity.access import ASSURANCE, METHODS, Assurance
from yett.sessions import Session, SessionType

ACCOUNT = "account"
APPLICATIONS = "applications"
SCOPES: Mapping[str, str] = MappingProxyType(
    {
        ACCOUNT: "Read what the gateway knows of your account",
        APPLICATIONS: "Use the applications behind the gateway that take such tokens",
    }
)
"""What a token may be good for here, as people read it."""
METHOD = "token"
"""By which method a session says that it stands for a token (under the name "method")."""
_SHOWN = MappingProxyType({"method": METHOD, METHODS: "", ASSURANCE: Assurance.SINGLE.value})
CLIENT = "@personal"
"""Which client a token names (RFC 9068, section 2.2): there is none but its owner, and none can be called so."""


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """A token as it is kept. Its text is not in it."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: float
    expires_at: float
    digest: str = field(repr=False)
    """SHA-256 of the text."""
    last_used_at: float = 0.0
    reminded_at: float = 0.0
    """When its owner was told that it ends soon."""


@dataclass(frozen=True, slots=True)
class Held:
    """Everything that one person has, in one record: how many there are and how they are called is judged at once."""

    entry: str
    """Which entry of the directory has them: whoever gets the name later gets no tokens with it."""
    tokens: tuple[PersonalToken, ...] = ()


class NotMade(enum.StrEnum):
    """Why there is no token."""

    OFF = "off"
    PERSON = "person"
    """Gone, disabled, or not of those who may have one."""
    NAME = "name"
    NAME_TAKEN = "name_taken"
    SCOPE = "scope"
    LIFETIME = "lifetime"
    TOO_MANY = "too_many"
    KEY = "signing_key"
    """There is no key to sign with, or it did not sign."""
    UNAVAILABLE = "unavailable"
    """It could not be kept."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new token and its text, which is never shown again and never stored."""

    text: str
    token: PersonalToken

    def __repr__(self) -> str:
        return f"Made(text=…, token={self.token!r})"


@dataclass(frozen=True, slots=True)
class PersonalAccess:
    """What a token is worth now."""

    person: Person
    token: PersonalToken
    scopes: frozenset[str]

    @property
    def token_id(self) -> str:
        """The token's public handle."""
        return self.token.id

    @property
    def expires_at(self) -> float:
        """When it ends."""
        return self.token.expires_at

    def as_session(self, audience: str) -> Session:
        """The token as a session of its owner at a host, for whoever knows people by their sessions.

        Nobody was there to show it, so it proves one factor, and no time at which somebody signed in.
        """
        token = self.token
        return Session(
            ref=token.id,
            type=SessionType.AUTHENTICATED,
            module_key=self.person.name,
            audience=audience,
            created_at=token.created_at,
            expires_at=token.expires_at,
            ends_at=token.expires_at,
            last_activity=token.created_at,
            metadata=_SHOWN,
        )


@dataclass(frozen=True, slots=True)
class TokenGone:
    """A token that was good here and is no more, be it for now."""

    user: str
    token: PersonalToken
