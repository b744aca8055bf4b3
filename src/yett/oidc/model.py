"""Nouns of the provider."""

import enum
from dataclasses import dataclass

from yett.identity.access import Assurance

CODE_REF = "oidc_code"
"""Under this name a session made from a code keeps `Grant.code_ref` in its metadata.

If the code turns up a second time, sessions so marked are ended (RFC 6749, section 4.1.2).
"""


class Reason(enum.Enum):
    """Why something was refused."""

    # Requests that get a page of ours, because nobody knows where the answer should go.
    MALFORMED = "malformed"
    UNKNOWN_CLIENT = "unknown_client"
    REDIRECT_URI = "redirect_uri"
    # Requests that are answered to the client.
    REPEATED_PARAMETER = "repeated_parameter"
    RESPONSE_TYPE = "response_type"
    RESPONSE_MODE = "response_mode"
    STATE = "state"
    PKCE_MISSING = "pkce_missing"
    PKCE_PLAIN = "pkce_plain"
    PKCE_MALFORMED = "pkce_malformed"
    SCOPE = "scope"
    PROMPT = "prompt"
    MAX_AGE = "max_age"
    NONCE = "nonce"
    REQUEST_OBJECT = "request_object"
    TOO_LONG = "too_long"
    LOGIN_REQUIRED = "login_required"
    ACR = "acr_values"
    INTERACTION_REQUIRED = "interaction_required"
    PERSON = "person"
    UNAVAILABLE = "unavailable"
    # Codes.
    CODE_UNKNOWN = "code_unknown"
    CODE_EXPIRED = "code_expired"
    CODE_REUSED = "code_reused"
    OTHER_CLIENT = "other_client"
    OTHER_REDIRECT_URI = "other_redirect_uri"
    VERIFIER_MALFORMED = "verifier_malformed"
    VERIFIER_WRONG = "verifier_wrong"
    SIGN_ON_ENDED = "sign_on_ended"
    # Registrations.
    WILDCARD = "wildcard"


ERRORS = {
    Reason.RESPONSE_TYPE: "unsupported_response_type",
    Reason.SCOPE: "invalid_scope",
    Reason.LOGIN_REQUIRED: "login_required",
    Reason.INTERACTION_REQUIRED: "interaction_required",
    Reason.PERSON: "access_denied",
    Reason.UNAVAILABLE: "temporarily_unavailable",
    Reason.REQUEST_OBJECT: "request_not_supported",
}
"""What a reason is called towards the client (RFC 6749, 4.1.2.1; OpenID Connect Core, 3.1.2.6)."""


@dataclass(frozen=True, slots=True)
class Client:
    """An application that may ask for codes."""

    client_id: str
    redirect_uris: frozenset[str]
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A proper authorization request."""

    client_id: str
    redirect_uri: str
    state: str
    challenge: str
    nonce: str
    scope: str
    must_not_show: bool
    """prompt=none: answer at once, with an error if that takes a person."""
    must_sign_in: bool
    """prompt=login: an existing sign-on does not count."""
    max_age: int | None
    """Seconds the sign-on may be old; None for any age."""
    assurance: Assurance = Assurance.SINGLE
    """How much has to be known of the person."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An improper request that is answered with a page: its client or redirect address cannot be trusted."""

    reason: Reason
    client_id: str


@dataclass(frozen=True, slots=True)
class SentBack:
    """A request that is answered to the client with an error."""

    reason: Reason
    client_id: str
    redirect_uri: str
    state: str


class SignOn(enum.Enum):
    """What a request needs from the person before a code can be made."""

    ENOUGH = "enough"
    FIRST = "first"
    AGAIN = "again"
    STEP_UP = "step_up"
    """The person is signed in, and has to prove more."""
    IMPOSSIBLE = "impossible"
    """A person is needed, and no page may be shown."""


@dataclass(frozen=True, slots=True)
class Code:
    """What is kept under a code's hash."""

    client_id: str
    redirect_uri: str
    challenge: str
    user: str
    sign_on_ref: str
    auth_time: float
    methods: tuple[str, ...]
    nonce: str
    scope: str
    expires_at: float
    is_spent: bool = False
    assurance: Assurance = Assurance.SINGLE


@dataclass(frozen=True, slots=True)
class Grant:
    """What a redeemed code says: who signed in, when, how."""

    user: str
    sign_on_ref: str
    auth_time: float
    methods: tuple[str, ...]
    nonce: str
    scope: str
    code_ref: str
    """Public handle of the code, see `CODE_REF`."""
    assurance: Assurance = Assurance.SINGLE


@dataclass(frozen=True, slots=True)
class Refused:
    """No grant."""

    reason: Reason


class Unminted(enum.Enum):
    """Why there is no token."""

    KEY = "signing_key"
    """There is no key to sign with."""
    PERSON = "person"
    """The person is disabled."""
    OVER = "over"
    """It would be over at once: the session ends now."""
    TOO_LONG = "too_long"
    """What is known of the person does not fit into a header field."""
    MALFORMED = "malformed"
    """What is known of the person is no text."""


@dataclass(frozen=True, slots=True)
class Minted:
    """A token and the instants it is good between."""

    token: str
    issued_at: float
    expires_at: float

    def __repr__(self) -> str:
        return f"Minted(token=…, issued_at={self.issued_at}, expires_at={self.expires_at})"


@dataclass(frozen=True, slots=True)
class Wanted:
    """For which application a token is, and how long it lasts."""

    app: str
    audience: str
    lifetime: float
    scope: str = ""
    """What the token says it is good for (RFC 9068, section 2.2.3); nothing without one."""
