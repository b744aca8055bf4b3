"""What is said about keys that others publish."""

from yett.events import DEBUG, WARN, event
from yett.events.fields import Error, Name


@event("oidc.client_keys", DEBUG, "Published keys fetched")
def fetched(owner: Name, keys: int) -> None:
    """The public keys of a client, or of an issuer of assertions, were asked for and are kept a while."""


@event("oidc.client_keys", WARN, "Published keys could not be fetched")
def not_fetched(owner: Name, error: Error) -> None:
    """Where a client says its keys are, there was nothing usable. Those from before are used until they are too old.

    Look whether its `jwks_uri` answers with a JWK set over HTTPS. Addresses of inner networks are only asked when
    `[net.fetching]` allows them.
    """
