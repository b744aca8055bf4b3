"""What shared signing keys say in the log."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Address, Detail, Error, Name, Names, User
from yett.keys.threshold.model import Fault
from yett.keys.threshold.wire import Reason

# The gateway's side.


@event("threshold", INFO, "Threshold signing ready", audit=True)
def ready(quorum: int, cosigners: Names) -> None:
    """Every co-signer is there. Nothing to do."""


@event("threshold", WARN, "Threshold signing degraded", audit=True)
def degraded(quorum: int, here: int, absent: Names) -> None:
    """A quorum is there, but not everybody: tokens are signed, new keys cannot be made.

    Look at the co-signers in `absent`, and at the network between.
    """


@event("threshold", WARN, "Threshold signing unavailable", audit=True)
def unavailable(quorum: int, here: int, absent: Names) -> None:
    """Too few are there to sign, so nothing is signed with shared keys and nothing is issued with them.

    Look at the co-signers in `absent`, and start those that do not run.
    """


@event("threshold", INFO, "DKG initiated", audit=True)
def generation_begun(quorum: int, participants: int) -> None:
    """A new key is being made by everybody together. Nothing to do."""


@event("threshold", INFO, "DKG complete", audit=True)
def generation_complete(key: Name, quorum: int, participants: int, seconds: float) -> None:
    """A new key was made; nobody has it whole. Nothing to do."""


@event("threshold", ERROR, "DKG failed", audit=True)
def generation_failed(cosigner: Name, error: Error) -> None:
    """No key was made; it is tried again within a minute, and an older key goes on signing.

    `cosigner` is whose part went wrong; look at its log. Empty: nobody's in particular.
    """


@event("threshold", ERROR, "DKG timed out", audit=True)
def generation_timed_out(absent: Names) -> None:
    """Not everybody answered in time while a key was made; it is tried again within a minute.

    Everybody has to be there for that. Look at the co-signers in `absent`.
    """


@event("threshold", ERROR, "CRITICAL: DKG failed after max retries", audit=True)
def generation_given_up(tries: int) -> None:
    """No key could be made so many times in a row. It is still tried, once a minute.

    Without an older key nothing is signed. Look at what was said about each try, and at the co-signers.
    """


@event("threshold", INFO, "Threshold share persisted to KV", audit=True)
def share_kept(key: Name) -> None:
    """This gateway's share of a key is in the store, sealed with the cluster key. Nothing to do."""


@event("threshold", WARN, "Corrupt threshold share deleted", audit=True)
def share_corrupt(key: Name) -> None:
    """A co-signer's file with a share is damaged, or sealed with another cluster key. It was removed.

    The gateway has a new key made in its place. Ask what happened to the disk, or to the cluster key.
    """


@event("threshold", ERROR, "Threshold signing failed", audit=True)
def signing_failed(cosigner: Name, error: Error) -> None:
    """A co-signer did not give a share of a signature, or a wrong one; others are asked.

    Look at its log. A wrong share means that it is not in order, or in somebody else's hands.
    """


@event("threshold", ERROR, "Threshold signing timed out", audit=True)
def signing_timed_out(cosigner: Name, seconds: float) -> None:
    """A co-signer did not answer in time; others are asked. Look at it, and at the network between."""


@event("threshold", ERROR, "TSS replay attack detected", audit=True)
def envelope_replayed(participant: Name) -> None:
    """While a key was made, something of another ceremony, step or receiver was sent again; the key was not made.

    Programs of ours do not do that. Look at who could send in this participant's name.
    """


@event("threshold", ERROR, "TSS envelope signature verification failed", audit=True)
def envelope_forged(participant: Name) -> None:
    """While a key was made, something came that this participant did not sign; the key was not made.

    Its certificate may have changed, which a new cluster key does: set both sides up again. Otherwise
    somebody between changes what is said.
    """


@event("threshold", ERROR, "TSS mandatory signature missing", audit=True)
def envelope_unsigned(participant: Name) -> None:
    """While a key was made, something came that nobody signed; the key was not made.

    Programs of ours sign everything. Look at what listens at this participant's address.
    """


@event("threshold", INFO, "Co-signer connected")
def cosigner_connected(cosigner: Name, address: Address) -> None:
    """The line to a co-signer stands. Nothing to do."""


@event("threshold", WARN, "Co-signer not reached")
def cosigner_away(cosigner: Name, address: Address, error: Error) -> None:
    """There is no line to a co-signer; it is tried again and again, and said once.

    Look whether it runs, and whether each side has the other's certificate of now.
    """


# The co-signer's side.


@event("cosigner", INFO, "Co-signer listening", audit=True)
def listening(address: Address, certificate: Name, keys: int) -> None:
    """A co-signer is there for its gateway. `certificate` is the SHA-256 of its own. Nothing to do."""


@event("cosigner", INFO, "Share of a key kept", audit=True)
def share_made(key: Name, quorum: int, participants: int) -> None:
    """This co-signer holds a share of a new key. Nothing to do."""


@event("cosigner", INFO, "Share of a signature given", audit=True)
def signed(key: Name, typ: Name, subject: User, audience: Detail, expires_in: float) -> None:
    """This co-signer put its share to a token. Nothing to do.

    Compare with the gateway's record if somebody doubts that: each token of a shared key is here as well.
    """


@event("cosigner", WARN, "Request refused", audit=True)
def refused(reason: Reason, detail: Detail) -> None:
    """A gateway asked for something that this co-signer does not do.

    Compare the settings of the two sides for `strangers` and `quorum_too_small`. Look at the gateway at once for
    `policy`: it asked to have something signed that is no token of its issuer, or lasts too long.
    """


@event("cosigner", INFO, "Shares forgotten", audit=True)
def forgotten(keys: Names) -> None:
    """Shares of keys that nobody has used for long were removed. Nothing to do."""


BY_FAULT = {
    Fault.UNSIGNED: envelope_unsigned,
    Fault.FORGED: envelope_forged,
    Fault.REPLAYED: envelope_replayed,
}
"""What is said about an envelope that is not in order."""
