"""What signing in with a certificate says in the log. What was wrong with it stands under `x509.validate`."""

from yett.authn.x509 import Reason
from yett.events import DEBUG, ERROR, INFO, event
from yett.events.fields import ClientAddress, Name, Serial, User


@event("signin.x509", DEBUG, "X.509 signin handler started")
def started(client_address: ClientAddress) -> None:
    """One step of normal work."""


@event("signin.x509", INFO, "No client certificate provided")
def no_certificate(client_address: ClientAddress) -> None:
    """The browser showed none: it has none, the person chose none, or `service.client_cert` does not ask."""


@event("signin.x509", ERROR, "Failed to validate certificate")
def not_validated(reason: Reason, client_address: ClientAddress) -> None:
    """It could not be found out whether the certificate is good, so nobody was let in. `x509.validate` says why.

    Look there.
    """


@event("signin.x509", INFO, "Certificate revoked", audit=True)
def revoked(client_address: ClientAddress) -> None:
    """A revoked certificate was used together with its key. Ask its owner who has it."""


@event("signin.x509", INFO, "Certificate expired", audit=True)
def expired(client_address: ClientAddress) -> None:
    """The person was told to get a new certificate."""


@event("signin.x509", INFO, "Certificate not yet valid")
def not_yet_valid(client_address: ClientAddress) -> None:
    """The person was told to come back later, or a clock is wrong."""


@event("signin.x509", INFO, "Certificate chain validation failed")
def chain_failed(client_address: ClientAddress) -> None:
    """The certificate passed at the door and is of no authority of `authn.x509.authorities`, or not for clients."""


@event("signin.x509", ERROR, "Certificate validation failed")
def malformed(client_address: ClientAddress) -> None:
    """What was handed over as a certificate is none. Look at the proxy that did."""


@event("signin.x509", INFO, "Certificate validation failed")
def nobody(reason: Reason, client_address: ClientAddress) -> None:
    """A good certificate that is nobody's here; the reason says in which way."""


@event("signin.x509", DEBUG, "Capping session TTL to certificate validity")
def capped(user: User, serial: Serial, seconds: float) -> None:
    """The session will end with the certificate at the latest: in so many seconds."""


@event("signin.x509", ERROR, "Failed to create session")
def session_failed(user: User, serial: Serial) -> None:
    """The person proved who they are but was turned away, because no session could be kept. Look at the store."""


@event("signin.x509", ERROR, "Session creation timeout")
def session_timeout(user: User, serial: Serial) -> None:
    """The store took too long to keep the session, so the person was turned away. Look at its disk."""


@event("signin.x509", ERROR, "Invalid session response")
def session_invalid(user: User, serial: Serial) -> None:
    """The new session was over, or another person's, before the browser had it; nobody was let in.

    Single ones happen when somebody is disabled while they sign in. Many at once: look at the store.
    """


@event("signin.x509", INFO, "X.509 authentication successful", audit=True)
def succeeded(user: User, serial: Serial, outcome: Name, client_address: ClientAddress) -> None:
    """The certificate was accepted; `outcome` tells what comes next: in, or another factor."""
