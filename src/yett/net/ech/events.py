"""What Encrypted Client Hello says in the log."""

from yett.events import INFO, event
from yett.events.fields import Host


@event("ech.generate", INFO, "ECH key pair derived from cluster key")
def pair_derived(public_name: Host, config_id: int) -> None:
    """An operator had the pair made, to publish it or to give it to a TLS front.

    It changes with the cluster key only; the record in DNS has to change with it.
    """
