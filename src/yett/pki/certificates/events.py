"""What the certificate manager says in the log."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Detail, Error, Host, Name, NotAfter, NotBefore, Serial
from yett.pki.certificates.model import Reason, Source


@event("certmanager.set", ERROR, "Failed to parse certificate")
def not_parsed(name: Host, source: Source, reason: Reason, detail: Detail) -> None:
    """The certificate or its key cannot be used. What was shown before is shown still; see the detail."""


@event("certmanager.set", ERROR, "Certificate does not match domain")
def not_matching(name: Host, source: Source, reason: Reason, detail: Detail) -> None:
    """The name is not among the certificate's alternative names. Get one that lists it."""


@event("certmanager.set", ERROR, "Rejecting expired certificate")
def expired(name: Host, source: Source, serial: Serial, not_after: NotAfter) -> None:
    """The certificate has run out and is not shown to anybody.

    Renew the certificate and install it again; also check this machine's clock.
    """


@event("certmanager.set", ERROR, "Rejecting not-yet-valid certificate")
def not_yet_valid(name: Host, source: Source, serial: Serial, not_before: NotBefore) -> None:
    """The certificate's time has not begun, and it is not shown to anybody.

    Install it when its time has come; also check this machine's clock.
    """


@event("certmanager.set", ERROR, "Failed to store certificate in memorystorage")
def not_stored(name: Host, source: Source, error: Error) -> None:
    """The store did not take it, so it is not shown either. See what the store says about itself."""


@event("certmanager.set", INFO, "Certificate stored successfully")
def stored(name: Host, source: Source, serial: Serial, not_after: NotAfter) -> None:
    """New connections asking for this name see this certificate. Nothing to do."""


@event("certmanager.setdefault", ERROR, "Failed to parse default certificate")
def default_not_parsed(source: Source, reason: Reason, detail: Detail) -> None:
    """The certificate or its key cannot be used as default. The one before stays; see the detail."""


@event("certmanager.setdefault", ERROR, "Rejecting default certificate outside its validity")
def default_out_of_time(source: Source, reason: Reason, serial: Serial, detail: Detail) -> None:
    """It has expired or is not valid yet. The one before stays; also check this machine's clock."""


@event("certmanager.setdefault", ERROR, "Failed to store default certificate in memorystorage")
def default_not_stored(source: Source, error: Error) -> None:
    """The store did not take it, so it is not shown either. See what the store says about itself."""


@event("certmanager.setdefault", INFO, "Default certificate set successfully")
def default_stored(source: Source, serial: Serial, not_after: NotAfter) -> None:
    """Connections that ask for no name, or one without a certificate of its own, see this one."""


@event("certmanager.delete", INFO, "Certificate deleted")
def deleted(name: Host, source: Source, serial: Serial) -> None:
    """The name was given up or is served from elsewhere; it sees a wildcard or the default now."""


@event("certmanager.expired", ERROR, "Panic in OnCertificateExpired callback")
def callback_failed(name: Host, error: Error) -> None:
    """A part that wanted to know of the expiry failed over it. The certificate is dropped all the same.

    Report the error: this is a fault of the gateway.
    """


@event("certmanager.expired", WARN, "Certificate expired from cache - renewal may have failed")
def dropped(name: Host, source: Source, serial: Serial, not_after: NotAfter) -> None:
    """Nobody renewed it in time. Look for what its source (AutoTLS, files, ACME) said before."""


@event("certmanager.clearcache", INFO, "Certificate cache cleared")
def cleared(certificates: int) -> None:
    """The parsed certificates were forgotten and read from the store again. Nothing to do."""


@event("certmanager.shutdown", INFO, "Certificate manager shutdown complete")
def shut_down(certificates: int) -> None:
    """The manager keeps no certificate in memory any more. Nothing to do."""


@event("certmanager.load", ERROR, "Stored certificate could not be read")
def not_loaded(record: Name, detail: Detail) -> None:
    """A stored certificate is damaged or sealed under another cluster key. It is left out, not deleted.

    Put the key back, or delete the certificate and have it issued again.
    """


@event("certmanager.static", INFO, "Static TLS certificate loaded")
def static_loaded(certificate: Name, serial: Serial, not_after: NotAfter, names: int) -> None:
    """Read from the files of `[service] tls_cert` and `tls_key`; said again when the files change."""


@event("certmanager.static", ERROR, "Static TLS certificate could not be loaded")
def static_not_loaded(certificate: Name, reason: Reason, detail: Detail) -> None:
    """The files of a certificate are not there, do not fit together or cannot be read.

    Mend the files named in `[service]`; they are looked at again by themselves. An older one stays.
    """
