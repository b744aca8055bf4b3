"""What the cluster key says in the log."""

from yett.events import INFO, WARN, event
from yett.events.fields import Name


@event("keys.master", INFO, "Cluster key created", audit=True)
def cluster_key_created(file: Name) -> None:
    """Normal at the first start, and only then.

    Back the file up apart from the data: whoever has it can forge tokens and sealed cookies, and
    without it sealed data cannot be read.
    """


@event("keys.master", WARN, "Cluster key is short")
def cluster_key_short(characters: int, recommended: int) -> None:
    """A short key can be guessed.

    Set `cluster_key` to at least 32 random characters, for example from `openssl rand -base64 32`.
    Sign-ins in progress start over, and tokens signed before are refused.
    """


@event("keys.master", WARN, "Cluster key is kept in memory only")
def cluster_key_ephemeral() -> None:
    """There is neither a `cluster_key` nor a data directory, so each start makes a new key.

    Whatever was sealed or signed before a restart is refused. Set one of them for anything but a trial.
    """
