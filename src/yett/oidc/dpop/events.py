"""What is said about proofs of possession."""

from yett.events import DEBUG, ERROR, WARN, event
from yett.events.fields import Error
from yett.oidc.dpop.model import Reason


@event("oidc.dpop", WARN, "JTI replay detected")
def replayed() -> None:
    """A proof was shown a second time, and refused. Somebody may have read it on its way.

    A client that repeats a request without making a new proof does this too. Look at the address and the client.
    """


@event("oidc.dpop", DEBUG, "Proof validation (htm/htu mismatch, expired, future)")
def refused(reason: Reason) -> None:
    """A proof was refused; `reason` says which part. `htu`: the client knows us under another address.

    `expired` and `future`: compare the clocks.
    """


@event("oidc.dpop", ERROR, "Proofs cannot be checked")
def unavailable(error: Error) -> None:
    """The store did not answer, so nobody knows whether a proof was shown before. It was refused. Look at the store."""


@event("oidc.dpop.nonce", WARN, "Nonce validation failed")
def nonce_refused() -> None:
    """A proof repeated a nonce that is none of ours, or too old. The client was given the current one.

    A client does this once in a while after a pause. Many in a row mean one that does not read `DPoP-Nonce`: look at
    its library.
    """


@event("oidc.dpop.nonce", WARN, "Storage error")
def nonce_unavailable(error: Error) -> None:
    """The nonce that all nodes share could not be read or kept. Proofs are refused meanwhile. Look at the store."""


@event("oidc.dpop.nonce", DEBUG, "Nonce generated")
def nonce_generated() -> None:
    """It is time for another nonce. Nothing to do."""


@event("oidc.dpop.nonce", DEBUG, "Nonce stored")
def nonce_stored() -> None:
    """Every node finds the new nonce from now on. Nothing to do."""


@event("oidc.dpop.nonce", DEBUG, "Nonce validated")
def nonce_validated() -> None:
    """A proof repeated a nonce of ours. Nothing to do."""
