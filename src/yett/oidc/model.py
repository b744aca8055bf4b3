"""Nouns of the provider."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    PUSHED_UNKNOWN = "pushed_unknown"
    """There is no such pushed request, or it is too old."""
    PUSHED_SPENT = "pushed_spent"
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
    REQUEST_ADDRESS = "request_uri"
    """A request by reference, which is not one that was pushed here."""
    REGISTRATION = "registration"
    PUSH_REQUIRED = "push_required"
    GRANT = "grant"
    """The client may not have codes."""
    CLAIMS = "claims"
    JKT = "dpop_jkt"
    HINT = "id_token_hint"
    ENTROPY = "entropy"
    TOO_LONG = "too_long"
    LOGIN_REQUIRED = "login_required"
    ACR = "acr_values"
    INTERACTION_REQUIRED = "interaction_required"
    CONSENT_REQUIRED = "consent_required"
    CONSENT_DENIED = "consent_denied"
    OTHER_PERSON = "other_person"
    """The client asked for somebody else than who is signed in."""
    ACR_UNMET = "acr_unmet"
    PERSON = "person"
    GROUPS = "groups"
    """The person is in none of the client's groups."""
    NETWORK = "network"
    UNAVAILABLE = "unavailable"
    RANDOM = "random"
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
    Reason.CONSENT_REQUIRED: "consent_required",
    Reason.CONSENT_DENIED: "access_denied",
    Reason.OTHER_PERSON: "login_required",
    Reason.ACR_UNMET: "unmet_authentication_requirements",
    Reason.PERSON: "access_denied",
    Reason.GROUPS: "access_denied",
    Reason.NETWORK: "access_denied",
    Reason.UNAVAILABLE: "temporarily_unavailable",
    Reason.RANDOM: "server_error",
    Reason.REQUEST_OBJECT: "request_not_supported",
    Reason.REQUEST_ADDRESS: "request_uri_not_supported",
    Reason.REGISTRATION: "registration_not_supported",
    Reason.GRANT: "unauthorized_client",
}
"""What a reason is called towards the client (RFC 6749, 4.1.2.1; OpenID Connect Core, 3.1.2.6)."""


class ResponseMode(enum.Enum):
    """How an answer travels to the client."""

    QUERY = "query"
    FORM_POST = "form_post"
    """In the body of a form (OAuth 2.0 Form Post Response Mode): it stays out of addresses and their logs."""


class Weak(enum.Enum):
    """What was not random enough."""

    SECRET = "secret"  # noqa: S105 - what it is called
    CHALLENGE = "challenge"


class FormFault(enum.Enum):
    """Why a form that came back is not believed."""

    FORGED = "forged"
    CROSS_SITE = "cross_site"
    FOREIGN = "foreign"
    """It was given to another session."""
    EXPIRED = "expired"


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
    response_mode: ResponseMode = ResponseMode.QUERY
    must_consent: bool = False
    """prompt=consent: what was allowed before does not count."""
    acceptable: frozenset[Assurance] = frozenset()
    """One of which has to be what the client hears, when it said so (OpenID Connect Core, section 5.5.1.1)."""
    claims: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What it wants to hear besides what its scopes say (OpenID Connect Core, section 5.5)."""
    jkt: str = ""
    """The key that its tokens shall be bound to (RFC 9449, section 10)."""
    hint: str = ""
    """An ID token that says who should be signed in."""
    subject: str = ""
    """The same by name, from the `claims` parameter."""
    login_hint: str = ""
    idp_hint: str = ""
    """The other provider that people without a sign-on are sent to, past the choice of ways to sign in."""
    pushed: str = ""
    """Under what the request is kept that the client pushed; empty for one that the browser brought."""
    pushed_at: float = 0.0


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
    response_mode: ResponseMode = ResponseMode.QUERY
    is_stranger: bool = False
    """Whether the client registered itself: anybody may have done that to be able to send people somewhere."""


@dataclass(frozen=True, slots=True)
class NeedsConsent:
    """Somebody has to say whether the client may hear of them."""

    user: str
    session: str
    scopes: tuple[str, ...]
    """What it would hear, by the scopes that stand for it."""


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
    """Empty for a client that need not have one: then no verifier fits."""
    user: str
    sign_on_ref: str
    auth_time: float
    methods: tuple[str, ...]
    nonce: str
    scope: str
    expires_at: float
    is_spent: bool = False
    assurance: Assurance = Assurance.SINGLE
    jkt: str = ""
    """The key that its tokens shall be bound to; empty for any."""
    claims: dict[str, Any] = field(default_factory=dict, hash=False)


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
    jkt: str = ""
    """The key that its tokens shall be bound to (RFC 9449, section 10); empty for any."""
    claims: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What the client wants to hear besides what its scopes say."""


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
    NOT_KEPT = "not_kept"
    """It could not be written down, or does not fit."""


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
