"""The mails that the gateway writes, what each needs, and what became of one."""

import enum
from dataclasses import dataclass


class MailKind(enum.Enum):
    """What a mail is about; the value names its texts and templates."""

    OTP = "otp"
    """A code to sign in with: `code`, `minutes`."""
    MAGIC_LINK = "magic_link"
    """A link to sign in with: `link`, `minutes`; also `code` (shown in the waiting browser), `browser`."""
    PASSKEY_CREATED = "passkey_created"
    """`name`, `at`, `by`; the same for the others that were created or revoked."""
    PASSKEY_REVOKED = "passkey_revoked"
    PASSKEY_EXPIRING = "passkey_expiring"
    """`name`, `expires_at`; not sent once that has passed."""
    TOTP_CREATED = "totp_created"
    TOTP_REVOKED = "totp_revoked"
    CERTIFICATE_CREATED = "certificate_created"
    """`subject`, `serial`, `not_after`."""
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_RENEWED = "certificate_renewed"
    TOKEN_CREATED = "token_created"  # noqa: S105 - the name of a mail
    """A personal access token: `name`, `expires_at`."""
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the name of a mail
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a mail
    TOKEN_EXPIRING = "token_expiring"  # noqa: S105 - the name of a mail
    """Before that."""
    VPN_KEY_EXPIRING = "vpn_key_expiring"
    """As of a passkey."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a mail
    """`at`."""
    INVITATION = "invitation"
    """To set up an account: `link`, `expires_at`."""
    NOTICE = "notice"
    """For operators: `subject`, `text`, `event`, `severity`, `at`, `node`, `user`, `request`, `rule`, `details`."""
    DIGEST = "digest"
    """Several notices at once: `rule`, `count`, `minutes`, `details`."""
    GENERIC = "generic"
    """Whatever else: `subject`, `text`, both written by our own code; also `heading`."""
    TEST = "test"
    """Proves that mail works."""


REQUIRED: dict[MailKind, tuple[str, ...]] = {
    MailKind.OTP: ("code",),
    MailKind.MAGIC_LINK: ("link",),
    MailKind.PASSKEY_EXPIRING: ("expires_at",),
    MailKind.TOKEN_EXPIRING: ("expires_at",),
    MailKind.VPN_KEY_EXPIRING: ("expires_at",),
    MailKind.INVITATION: ("link",),
    MailKind.NOTICE: ("subject", "text"),
    MailKind.DIGEST: ("rule", "count", "details"),
    MailKind.GENERIC: ("subject", "text"),
}
"""Fields without which a mail would say nothing; it is not sent."""

INSTANTS = frozenset({"at", "expires_at", "not_after"})
"""Fields that hold an instant, in ISO 8601 with its offset; people read it in words."""


class MailFailure(enum.Enum):
    """Why a mail was not sent."""

    NOT_CONFIGURED = "not_configured"
    BAD_ADDRESS = "bad_address"
    BAD_FIELDS = "bad_fields"
    BUSY = "busy"
    """Too many mails wait already."""
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    """The server's certificate does not verify."""
    TLS = "tls"
    UNSUPPORTED = "unsupported"
    """The server cannot do what is needed: STARTTLS, a login, addresses beyond ASCII."""
    LOGIN = "login"
    REFUSED = "refused"
    """A lasting refusal (5xx)."""
    DEFERRED = "deferred"
    """A passing refusal (4xx), again and again."""
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What people will read."""

    subject: str
    text: str
    html: str = ""
    """Empty when a template was broken: the mail then has its plain part only."""
    problem: str = ""
    """What was wrong with the template."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A finished message and where it goes."""

    sender: str
    recipient: str
    data: bytes
    message_id: str
    is_utf8: bool = False
    """Whether an address or header field needs SMTPUTF8 (RFC 6531)."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server took it."""

    attempts: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The server did not take it."""

    reason: MailFailure
    detail: str
    """For the log: never anything from the message itself."""
    attempts: int = 0
    is_passing: bool = False
    """Whether it may go better in a moment."""
