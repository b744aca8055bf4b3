"""Nouns of Kerberos: principals, keys, tokens, tickets, and what can come out of each step."""

import enum
from dataclasses import dataclass, field


class Match(enum.Enum):
    """How a principal becomes a person."""

    NAME = "name"
    EMAIL = "email"


class Binding(enum.Enum):
    """What is asked about the TLS connection that a token was made for (RFC 5929, section 4)."""

    OFF = "off"
    SENT = "sent"
    """Checked where the browser says something about it."""
    REQUIRED = "required"


class Reason(enum.Enum):
    """Why nobody was let in. For the record only: the person hears one general sentence."""

    TOO_LARGE = "too_large"
    NOT_BASE64 = "not_base64"
    MALFORMED = "malformed"
    """Not a SPNEGO or Kerberos token as RFC 4178 and RFC 4120 have them."""
    NTLM = "ntlm"
    """The browser has no ticket for us and fell back to NTLM, which proves too little."""
    OTHER_MECHANISM = "other_mechanism"
    """Something else than Kerberos is in it."""
    REFUSED = "refused"
    """The ticket or what proves its ownership is not right."""
    EXPIRED = "expired"
    CLOCK_SKEW = "clock_skew"
    OTHER_SERVICE = "other_service"
    """The ticket is for a service whose key we do not have, or not for ours."""
    CHANNEL_BINDING = "channel_binding"
    INCOMPLETE = "incomplete"
    """It would take another round, which browsers and we do not go."""
    NO_CREDENTIALS = "no_credentials"
    """The token is right but names nobody: it is an anonymous one."""
    REPLAY = "replay"
    FOREIGN_REALM = "foreign_realm"
    SERVICE_PRINCIPAL = "service_principal"
    UNKNOWN_PERSON = "unknown_person"
    AMBIGUOUS = "ambiguous"
    """More than one person has the principal as their e-mail address."""
    DISABLED = "disabled"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - names a reason
    PASSWORD_EXPIRED = "password_expired"  # noqa: S105 - names a reason
    UNVERIFIED = "unverified"
    """A KDC gave a ticket, but not one that the gateway's own key confirms: it may be a forged KDC."""
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    """Keys, store, library or KDC are missing at the moment."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A name in a realm."""

    components: tuple[str, ...]
    realm: str

    def __str__(self) -> str:
        return f"{'/'.join(self.components)}@{self.realm}"


@dataclass(frozen=True, slots=True)
class Key:
    """What a keytab says of one key. The key itself is not in it."""

    principal: str
    version: int
    encryption: int


@dataclass(frozen=True, slots=True)
class Initial:
    """The first token of an exchange, taken apart as far as needed."""

    authenticator: bytes = field(repr=False)
    """The encrypted authenticator: what makes two uses of one ticket two."""


@dataclass(frozen=True, slots=True)
class Validated:
    """What the library found in a token that is right."""

    initiator: str
    acceptor: str
    is_anonymous: bool
    is_bound: bool
    authenticated_at: float
    """When the person proved themselves to the KDC."""
    answer: bytes = field(repr=False)
    """The token that proves us to the browser; may be empty."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The ticket, or the password, is that of the person of this name."""

    name: str
    principal: str
    authenticated_at: float = 0.0
    answer: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not accepted. `retry_after` is how many seconds to wait before another try makes sense."""

    reason: Reason
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Expired:
    """The password was right, but the realm wants another one first."""

    name: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A credential cache with its ticket-granting ticket, and until when it is good."""

    principal: str
    cache: bytes = field(repr=False)
    expires_at: float
    renewable_until: float


@dataclass(frozen=True, slots=True)
class Held:
    """A ticket that is kept for a session."""

    user: str
    session: str
    ticket: Ticket


class Denial(enum.Enum):
    """Why somebody who asked for a ticket did not get it."""

    NO_SESSION = "no_session"
    NO_TICKET = "no_ticket"
    UNAVAILABLE = "unavailable"


class ChangeFault(enum.Enum):
    """Why a password was not changed."""

    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - names a reason
    REFUSED = "refused"
    """The realm does not like the new password."""
    UNFIT = "unfit"
    """A password that cannot be typed: empty, overlong, or with control characters."""
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Changed:
    """The password is another one from now on."""

    name: str


@dataclass(frozen=True, slots=True)
class NotChanged:
    """It is still the old one. `text` is for the person."""

    reason: ChangeFault
    text: str = ""
