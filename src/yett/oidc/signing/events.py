"""What signing keys say in the log."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Error, Name, Names
from yett.oidc.signing.model import Algorithm, Flaw


@event("oidc.init", ERROR, "Signing key validation failed")
def keys_invalid(error: Error) -> None:
    """The provider has no keys that it may sign with, so it issues nothing for as long as that lasts.

    The error says which: a file of `oidc.signing.key_files`, or the record in the store. A record that a later
    version wrote is left alone. Run `yett admin oidc keys rotate --at-once` to begin anew with new keys.
    """


@event("oidc.keys", INFO, "Key generated")
def key_generated(kid: Name, algorithm: Algorithm, ahead: float) -> None:
    """A key was made; it signs from `ahead` seconds on, and is published already. Nothing to do."""


@event("oidc.keys", INFO, "Threshold signing active")
def threshold_active(kid: Name, quorum: int, participants: int) -> None:
    """Tokens are signed with a key that `participants` hold shares of; `quorum` of them sign. Nothing to do."""


@event("oidc.keys", WARN, "Threshold signer unhealthy")
def threshold_unhealthy(error: Error) -> None:
    """There is no quorum of co-signers, so nothing is signed with the shared key until there is.

    Look at what `threshold` said: it tells who is missing.
    """


@event("oidc.keys", WARN, "Threshold signer algorithm mismatch")
def threshold_mismatch(algorithm: Algorithm) -> None:
    """There are co-signers, but tokens can also be signed with an algorithm that shares of a key cannot make.

    This gateway holds that key whole. Leave only EdDSA in `oidc.signing.algorithms` once every
    application understands it.
    """


@event("oidc.keys", INFO, "Key withdrawn", audit=True)
def key_withdrawn(kid: Name, algorithm: Algorithm) -> None:
    """An operator took a key back. Nothing counts any more because it signed it. Nothing to do.

    Access tokens that were issued with it are listed here and known without it; to end those too, revoke the grants.
    """


@event("oidc.keys", ERROR, "Key not configured")
def key_absent(file: Name, reason: Flaw) -> None:
    """A file of `oidc.signing.key_files` cannot be read, holds no private key, or one that cannot sign here.

    Nothing is signed with its algorithm. Correct the file, or take it out of the setting to have keys made.
    """


@event("oidc.keys", ERROR, "Key too short")
def key_too_short(file: Name, bits: int) -> None:
    """A key can be broken: RSA keys need 2048 bits, those of curves 256. Nothing is signed with it. Make another."""


@event("oidc.keys", ERROR, "Key low entropy")
def key_low_entropy(file: Name) -> None:
    """A key does not look random: it can be guessed. Nothing is signed with it.

    Make another on a machine whose random source works, and ask where this one came from.
    """


@event("oidc.keys", WARN, "Key cannot be opened")
def key_unreadable(kid: Name, algorithm: Algorithm) -> None:
    """A kept key was sealed under another cluster key. Tokens that it signed are still good; another key signs.

    Expected once after the cluster key was changed. Otherwise a node has another cluster key than the
    rest. Compare the nodes' cluster keys then.
    """


@event("oidc.key_history", INFO, "Key history loaded")
def history_loaded(keys: int) -> None:
    """The keys of the store are known here, those included that only check older tokens. Nothing to do."""


@event("oidc.key_history", INFO, "Key history rotated")
def history_rotated(made: int, gone: int) -> None:
    """New keys were published, or old ones were dropped after the last of what they signed was over. Nothing to do."""


@event("oidc.key_history", WARN, "Key history storage failed")
def history_not_stored(error: Error) -> None:
    """The store did not take or give the keys. What is known stays in use; it is tried again. Look at the store."""


@event("oidc.token.signing", WARN, "Signing retry")
def signing_retried(algorithm: Name, attempt: int) -> None:
    """There was no key, or no quorum to sign with, so it is tried once more. Normal for a moment after a start.

    Look at the store if it goes on, and at what `threshold` said.
    """


@event("oidc.token.signing", ERROR, "All signing attempts failed")
def signing_failed(algorithm: Name) -> None:
    """There is no key for this algorithm, or no quorum to sign with it, so nothing was issued.

    Look at what `oidc.init`, `oidc.keys` and `threshold` said: it tells why.
    """


@event("oidc.jwks", DEBUG, "JWKS requested")
def jwks_requested() -> None:
    """Somebody fetched the public keys of tokens. Nothing to do."""


@event("oidc.jwks", WARN, "Unknown client requesting JWKS")
def jwks_for_unknown() -> None:
    """The public keys were asked for in the name of a client (`client_id`) that is not registered; they were given.

    The name is not recorded: anybody can send any text. A client may have been removed that still runs.
    Look for it if that is so.
    """


@event("oidc.healthcheck", DEBUG, "Health check performed")
def health_checked(is_healthy: bool, keys: int, failing: Names) -> None:
    """A token was signed and checked with each algorithm. Those in `failing` cannot be used at the moment.

    What `oidc.init`, `oidc.keys` and `oidc.key_history` said tells why.
    """
