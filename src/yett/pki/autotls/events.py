"""What AutoTLS says in the log."""

import enum

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Detail, Error, Host, Name, Names, NotAfter, Serial


class Kind(enum.Enum):
    """What the first certificate covers."""

    WILDCARD = "wildcard"
    """The host name and every name one label below it."""
    HOSTNAME = "hostname"
    """The host name only: it is an address or has a single label."""


@event("autotls.init", ERROR, "AutoTLS init panic recovered: <detail>")
def init_panicked(detail: Error) -> None:
    """A fault in the program. The gateway goes on, perhaps without a certificate; report the detail."""


@event("autotls.init", INFO, "Static TLS certificate configured, AutoTLS skipping")
def skipped(certificate: Name) -> None:
    """The files of `[service] tls_cert` and `tls_key` are shown for every name. Nothing to do."""


@event("autotls.init", INFO, "AutoTLS enabled, issuing <type> certificate")
def issuing_first(kind: Kind, hostname: Host) -> None:
    """Said at start when no current certificate is stored. Nothing to do."""


@event("autotls.init", INFO, "Certificate signing failed on startup, retrying")
def retrying(attempt: int, attempts: int, error: Error) -> None:
    """The authority or the store was not ready. Look at the error if this is not soon followed by success."""


@event("autotls.init", ERROR, "AutoTLS initialization failed, will retry in renewal loop")
def init_failed(hostname: Host, error: Error) -> None:
    """The gateway runs, but may have no certificate to show. Mend what the error names; it tries again."""


@event("autotls.init", INFO, "AutoTLS initialized successfully")
def initialized(hostname: Host, serial: Serial, not_after: NotAfter, cycle: int) -> None:
    """A current certificate is shown. Nothing to do."""


@event("autotls.issue", INFO, "Issuing deterministic certificate")
def issuing(names: Names, cycle: int, generation: int) -> None:
    """Every node works out the same certificate for the same cycle and generation. Nothing to do."""


@event("autotls.issue", WARN, "Failed to store wildcard certificate, hostname cert is still active")
def wildcard_not_stored(hostname: Host, detail: Detail) -> None:
    """Names below the host name may see the default or an older certificate. It is tried again. Look at the store."""


@event("autotls.issue", WARN, "Failed to set default certificate, hostname cert is still active")
def default_not_set(hostname: Host, detail: Detail) -> None:
    """Clients that send no name may see an older certificate. It is tried again. Look at the error if it goes on."""


@event("autotls.issue", INFO, "AutoTLS certificate issued")
def issued(names: Names, serial: Serial, not_after: NotAfter, cycle: int) -> None:
    """It is shown to new connections. Nothing to do."""


@event("autotls.issue", WARN, "Certificate for a further name could not be issued")
def further_not_issued(name: Host, error: Error) -> None:
    """Clients of this application see the default certificate and will complain. It is tried again.

    Look at the error.
    """


@event("autotls.renew", INFO, "Manual certificate renewal requested")
def renewal_requested(hostname: Host, generation: int) -> None:
    """Somebody ran `yett admin certificates renew`. Every certificate gets a new key."""


@event("autotls.renew", WARN, "Hostname changed, issuing certificate for new hostname")
def hostname_changed(before: Name, hostname: Host) -> None:
    """The certificate for the old name is given up. If nobody changed the name, look at the settings."""


@event("autotls.renew", INFO, "Renewing AutoTLS certificate")
def renewing(hostname: Host, cycle: int, generation: int) -> None:
    """A new cycle began, or something in the certificate has to be different. Nothing to do."""


@event("autotls.renew", ERROR, "AutoTLS certificate renewal failed")
def renewal_failed(hostname: Host, error: Error, retry_seconds: float) -> None:
    """The certificate before is still shown until it ends. It is tried again; the error is the lead.

    Look at it well before that end.
    """


@event("autotls.renew", INFO, "AutoTLS certificate renewed successfully")
def renewed(hostname: Host, serial: Serial, not_after: NotAfter, cycle: int) -> None:
    """New connections see it; open ones are not disturbed. Nothing to do."""


@event("autotls.epoch", WARN, 'invalid epoch "<value>", falling back to default <default>')
def epoch_invalid(value: Detail, default: Name) -> None:
    """The setting is no date and time, so cycles are counted from the built-in one.

    Write `[pki] epoch` like the default. All nodes have to agree on it.
    """


@event(
    "autotls.epoch",
    WARN,
    "ACME CA epoch is in the future, certificate cycle will be 0 until epoch is reached",
)
def epoch_in_future(epoch: Name) -> None:
    """Certificates are issued and renewed all the same. If it was not meant, set `[pki] epoch` to a past date."""
