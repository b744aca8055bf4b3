"""Nouns of signing in through other providers."""

import enum
from dataclasses import dataclass

SOURCE = "federated"
"""What the directory calls the people who were made from what a provider said."""


class Reason(enum.Enum):
    """Why somebody is not let in, or a provider cannot be used."""

    # The provider cannot be used now.
    DISCOVERY = "discovery"
    KEYS = "keys"
    UNREACHABLE = "unreachable"
    STORE = "store"
    DIRECTORY = "directory"
    PAR = "par"
    PAR_MISSING = "par_missing"
    # What came back with the browser.
    STATE_MISSING = "state_missing"
    STATE_UNKNOWN = "state_unknown"
    STATE_EXPIRED = "state_expired"
    OTHER_BROWSER = "other_browser"
    OTHER_PROVIDER = "other_provider"
    OTHER_ISSUER = "other_issuer"
    MALFORMED = "malformed"
    PROVIDER_ERROR = "provider_error"
    # What the token endpoint said.
    EXCHANGE = "exchange"
    NO_ID_TOKEN = "no_id_token"  # noqa: S105 - a reason
    TOKEN_TYPE = "token_type"  # noqa: S105 - a reason
    NOT_BOUND = "not_bound"
    # The ID token.
    TOO_LONG = "too_long"
    NO_JWT = "no_jwt"
    ALGORITHM = "algorithm"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    ISSUER = "iss"
    SUBJECT = "sub"
    AUDIENCE = "aud"
    PARTY = "azp"
    EXPIRED = "exp"
    ISSUED_AT = "iat"
    NOT_BEFORE = "nbf"
    NONCE = "nonce"
    AUTH_TIME = "auth_time"
    ACCESS_TOKEN_HASH = "at_hash"  # noqa: S105 - a reason
    CODE_HASH = "c_hash"
    # Who it is.
    USERINFO = "userinfo"
    DOMAIN = "domain"
    UNKNOWN_PERSON = "unknown_person"
    NO_NAME = "no_name"
    NAME_TAKEN = "name_taken"
    AMBIGUOUS = "ambiguous"
    LINK_STALE = "link_stale"
    DISABLED = "disabled"


UNAVAILABLE = frozenset(
    {
        Reason.DISCOVERY,
        Reason.KEYS,
        Reason.UNREACHABLE,
        Reason.STORE,
        Reason.DIRECTORY,
        Reason.PAR,
        Reason.PAR_MISSING,
    }
)
"""Reasons for which it may work later."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not work."""

    reason: Reason
    detail: str = ""
    """More about it, in our own words, for the log."""

    @property
    def is_passing(self) -> bool:
        """Whether it may work later."""
        return self.reason in UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at a provider. Nothing else about them tells two people apart for good."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself, as far as it is needed (RFC 8414, section 2)."""

    issuer: str
    authorization_endpoint: str
    """Empty, as `jwks_uri` may be, only where nobody signs in."""
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    revocation_endpoint: str = ""
    introspection_endpoint: str = ""
    par_endpoint: str = ""
    end_session_endpoint: str = ""
    """Where browsers go to sign out (OpenID Connect RP-Initiated Logout, 2.1)."""
    requires_par: bool = False
    names_issuer: bool = False
    """Whether each of its answers names it (RFC 9207)."""
    auth_methods: tuple[str, ...] = ()
    """How clients may prove who they are; empty when it does not say."""


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What the token endpoint gave."""

    access_token: str
    token_type: str
    id_token: str = ""
    refresh_token: str = ""

    def __repr__(self) -> str:
        return f"TokenSet(token_type={self.token_type!r}, …)"


@dataclass(frozen=True, slots=True)
class Trip:
    """What is kept while somebody is at a provider. Kept under the hash of its state, and taken once."""

    provider: str
    nonce: str
    verifier: str
    browser: str
    """What the browser is known by that has to come back."""
    to: str
    expires_at: float
    is_again: bool = False
    """Whether the person has to sign in there anew."""
    session: str = ""
    """The sign-on session of somebody who connects an account of theirs; empty for a sign-in."""
    began_at: float = 0.0

    def __repr__(self) -> str:
        return f"Trip(provider={self.provider!r}, …)"


@dataclass(frozen=True, slots=True)
class Begun:
    """A trip began: where the browser goes."""

    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser brought back from a provider, as it stood in the query."""

    state: str = ""
    code: str = ""
    error: str = ""
    issuer: str | None = None
    """`iss` (RFC 9207); None when it was not there."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a provider says of somebody, as far as it is believed."""

    identity: Identity
    username: str | None
    """A proper name of a person; None when it gave none."""
    email: str
    """Verified by the provider; empty otherwise."""
    display_name: str
    groups: tuple[str, ...]
    is_two_factor: bool
    """Whether it asked for a second factor in a way that is trusted."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody came back, and it is certain who they are there."""

    trip: Trip
    profile: Profile
    tokens: TokenSet


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody came back whom anything can be believed of; `trip` is there if it is known which one ended."""

    refused: Refused
    trip: Trip | None = None


class TradeGrant(enum.Enum):
    """How a token of ours is handed over for one of the provider's."""

    JWT_BEARER = "jwt-bearer"
    """As an assertion (RFC 7523, section 2.1)."""
    TOKEN_EXCHANGE = "token-exchange"  # noqa: S105 - what it is called
    """As the subject of a token exchange (RFC 8693)."""


class Wrong(enum.Enum):
    """What is wrong with an answer that should hold a token."""

    NO_OBJECT = "no_object"
    """It is no JSON object."""
    ACCESS_TOKEN = "access_token"  # noqa: S105 - the member
    """There is none, or one that must not become a header line."""
    TOKEN_TYPE = "token_type"  # noqa: S105 - the member
    """It is not one that whoever holds it may use as it is."""
    ISSUED_TOKEN_TYPE = "issued_token_type"  # noqa: S105 - the member
    """It is no access token."""
    EXPIRES_IN = "expires_in"


@dataclass(frozen=True, slots=True)
class Trade:
    """What a provider is asked for in exchange for a token of ours.

    A provider of that name with another issuer or client is not the one that is meant.
    """

    provider: str
    issuer: str
    client_id: str
    grant: TradeGrant
    audience: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A token that a provider gave, fit to be sent as a bearer token."""

    token: str
    seconds: int | None
    """How long it is good; None when the provider did not say."""

    def __repr__(self) -> str:
        return f"Given(token=…, seconds={self.seconds})"


@dataclass(frozen=True, slots=True)
class Shown:
    """A provider as the sign-in page offers it."""

    name: str
    title: str
