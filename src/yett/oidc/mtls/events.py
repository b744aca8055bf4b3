"""What is said about certificates of clients."""

from yett.events import DEBUG, ERROR, TRACE, WARN, event
from yett.events.fields import Error, Name
from yett.oidc.mtls.model import Match, Mismatch


@event("oidc.mtls", WARN, "No certificate")
def no_certificate(client: Name) -> None:
    """A client that proves itself by a certificate showed none.

    Look whether TLS asks for one (`service.client_cert`), or the proxy in front hands it over, and whether the
    client was given its certificate.
    """


@event("oidc.mtls", WARN, "CA mismatch")
def authority_mismatch(client: Name, reason: Mismatch, error: Error) -> None:
    """No authority of `oidc.mtls.authorities` vouches for the certificate, or it is not valid now.

    `no_revocation_list`: there is no current list of its authority, and `oidc.mtls.require_revocation_list` wants one.
    Renew the certificate, or add its authority or list if that is meant.
    """


@event("oidc.mtls", WARN, "Client certificate revoked", audit=True)
def revoked(client: Name) -> None:
    """A client showed a certificate that its authority has taken back, and was refused.

    Give the client another certificate, and look for where the old one is still used.
    """


@event("oidc.mtls", WARN, "No identity fields")
def no_identity_fields(client: Name) -> None:
    """The client is to prove itself by a certificate, and nothing says what has to stand in it. It is refused.

    Set one of `tls.subject_dn`, `tls.san_uri`, `tls.san_dns` and `tls.san_email` for it, or `tls.thumbprints`.
    """


@event("oidc.mtls", DEBUG, "SAN mismatch (URI/DNS/email/subject DN)")
def identity_mismatch(client: Name, reason: Mismatch) -> None:
    """The certificate is somebody else's than the client's; `reason` says what differs.

    Compare the certificate with the client's settings.
    """


@event("oidc.mtls", TRACE, "Client authenticated via matched method")
def matched(client: Name, by: Match) -> None:
    """A client was recognised by its certificate."""


@event("oidc.mtls", ERROR, "Authorities of clients could not be read")
def authorities_unreadable(error: Error) -> None:
    """The file of `oidc.mtls.authorities` was good when the settings were checked, and is not any more.

    The authorities from before stay in force. Mend the file and reload.
    """
