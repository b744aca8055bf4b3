"""What mail says in the log.

Addresses are masked, and nothing of a mail's contents is told: codes and links are keys.
"""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Address, Email, Error, Name, User
from yett.notify.mail.model import MailFailure, MailKind

# Whatever has no words of its own: codes and everything that others have us send.


@event("smtp.send", INFO, "Email sent successfully")
def sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """The mail server took the mail. Its own log knows the rest, by the message id."""


@event("smtp.send", ERROR, "SMTP send failed")
def failed(kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error) -> None:
    """A mail was not sent, and whoever waits for it gets none. Mend what the reason names; `yett admin mail test`."""


@event("smtp.send", INFO, "Magic link email sent")
def magic_link_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """The mail server took the mail with the sign-in link. Nothing to do."""


@event("smtp.magiclink", WARN, "Magic link email blocked — invalid sealed return URL", audit=True)
def magic_link_blocked(email: Email) -> None:
    """A sign-in link was to be mailed that this gateway did not seal, so it was not.

    Once, after the cluster key changed, it was a sign-in in progress. Otherwise somebody tries to
    have the gateway send links of their own: see the request.
    """


@event("smtp.send", INFO, "Certificate renewal email sent")
def renewal_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told that their certificate was renewed. Nothing to do."""


@event("smtp.send", ERROR, "SMTP cert renewal send failed")
def renewal_failed(kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error) -> None:
    """A person was not told that their certificate was renewed. Mend what the reason names."""


@event("smtp.send", INFO, "Passkey expiration email sent")
def passkey_expiring_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was reminded that a passkey ends soon. Nothing to do."""


@event("smtp.send", ERROR, "SMTP passkey expiration send failed")
def passkey_expiring_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not reminded that a passkey ends soon. Mend what the reason names."""


@event("smtp.send", DEBUG, "Skipping email for expired passkey")
def passkey_expired_already(email: Email) -> None:
    """A reminder would have come too late. Nothing to do."""


@event("smtp.send", DEBUG, "Skipping email for expired PSK")
def vpn_key_expired_already(email: Email) -> None:
    """A reminder about a key for the network would have come too late. Nothing to do."""


@event("smtp.test", INFO, "SMTP test email sent")
def test_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """The mail server took the test mail. Look whether it arrives, and whether as spam."""


@event("smtp.test", ERROR, "SMTP test email failed")
def test_failed(kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error) -> None:
    """The test mail was not sent. The reason and the server's words say what to mend."""


# Personal access tokens.


@event("smtp.pat_expiry", INFO, "Personal Access Token expired", audit=True)
def token_expired(user: User, token: Name) -> None:
    """A token ended by itself, and whatever uses it is refused from now on. Its owner is told by mail."""


@event("smtp.pat_created", INFO, "PAT creation notification email sent")
def token_created_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told of a new token of theirs. Nothing to do."""


@event("smtp.pat_created", ERROR, "PAT creation notification email failed")
def token_created_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not told of a new token of theirs. Mend what the reason names."""


@event("smtp.pat_revoked", INFO, "PAT revocation notification email sent")
def token_revoked_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told that a token of theirs was revoked. Nothing to do."""


@event("smtp.pat_revoked", ERROR, "PAT revocation notification email failed")
def token_revoked_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not told that a token of theirs was revoked. Mend what the reason names."""


@event("smtp.pat_expired", INFO, "PAT expiration notification email sent")
def token_expired_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told that a token of theirs ended. Nothing to do."""


@event("smtp.pat_expired", ERROR, "PAT expiration notification email failed")
def token_expired_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not told that a token of theirs ended. Mend what the reason names."""


# Ways to sign in.


@event("smtp.passkey_created", INFO, "Passkey creation notification email sent")
def passkey_created_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told of a new passkey of theirs. Nothing to do."""


@event("smtp.passkey_created", ERROR, "Passkey creation notification email failed")
def passkey_created_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not told of a new passkey, so one that somebody else made may go unnoticed. Tell them."""


@event("smtp.passkey_revoked", INFO, "Passkey revocation notification email sent")
def passkey_revoked_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told that a passkey of theirs was revoked. Nothing to do."""


@event("smtp.passkey_revoked", ERROR, "Passkey revocation notification email failed")
def passkey_revoked_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not told that a passkey of theirs was revoked. Mend what the reason names."""


@event("smtp.totp_created", INFO, "TOTP creation notification email sent")
def totp_created_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told that an authenticator was set up. Nothing to do."""


@event("smtp.totp_created", ERROR, "TOTP creation notification email failed")
def totp_created_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not told of a new authenticator, so somebody else's may go unnoticed. Tell them."""


@event("smtp.totp_revoked", INFO, "TOTP revocation notification email sent")
def totp_revoked_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told that their authenticator was removed. Nothing to do."""


@event("smtp.totp_revoked", ERROR, "TOTP revocation notification email failed")
def totp_revoked_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not told that their authenticator was removed. Mend what the reason names."""


@event("smtp.cert_created", INFO, "Certificate creation notification email sent")
def certificate_created_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told of a new certificate of theirs. Nothing to do."""


@event("smtp.cert_created", ERROR, "Certificate creation notification email failed")
def certificate_created_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not told of a new certificate, so somebody else's may go unnoticed. Tell them."""


@event("smtp.cert_revoked", INFO, "Certificate revocation notification email sent")
def certificate_revoked_sent(kind: MailKind, email: Email, message_id: Name, attempts: int) -> None:
    """A person was told that a certificate of theirs was revoked. Nothing to do."""


@event("smtp.cert_revoked", ERROR, "Certificate revocation notification email failed")
def certificate_revoked_failed(
    kind: MailKind, email: Email, reason: MailFailure, attempts: int, error: Error
) -> None:
    """A person was not told that a certificate of theirs was revoked. Mend what the reason names."""


# On the way.


@event(
    "smtp.send",
    WARN,
    "TLS certificate verification failed, retrying with skip_tls=true — not recommended for production, "
    "configure a valid certificate",
)
def tls_unverified(address: Address, error: Error) -> None:
    """`smtp.skip_tls_verify` is on and was needed: mails go to whoever answered.

    Give the server a certificate for its name, or name its authority in `smtp.ca_file`, and switch it off.
    """


@event(
    "smtp.send",
    WARN,
    "STARTTLS certificate verification failed, retrying with skip_tls=true — not recommended for production, "
    "configure a valid certificate",
)
def starttls_unverified(address: Address, error: Error) -> None:
    """As with TLS from the first byte: see there."""


@event("notify.send.render_fallback", WARN, "Email template rendering failed, using plain text fallback")
def rendered_plainly(kind: MailKind, error: Error) -> None:
    """A template or text in `notify.mail.templates` is broken; the mail went out as plain text. Mend it."""


@event("notify.digest.render_fallback", WARN, "Digest template rendering failed, using plain text fallback")
def digest_rendered_plainly(error: Error) -> None:
    """As for single mails: the operator's own template for digests is broken. Mend it; the error says where."""
