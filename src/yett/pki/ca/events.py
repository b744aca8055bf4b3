"""What the authority says in the log."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import CommonName, Error, Name, Names, NotAfter, NotBefore, Serial


@event("ca.root", INFO, "Root certificate created", audit=True)
def root_created(serial: Serial, common_name: CommonName, not_before: NotBefore, not_after: NotAfter) -> None:
    """Happens once, at the first start. Clients have to trust it: hand out what `yett ca export` prints.

    At any other time it means that the data directory was lost or replaced.
    """


@event("ca.root", WARN, "Root certificate expires soon")
def root_expires_soon(serial: Serial, not_after: NotAfter) -> None:
    """Less than a year is left. Plan a new root: clients need it before the old one ends."""


@event("ca.intermediate", INFO, "Intermediate certificate created", audit=True)
def intermediate_created(
    serial: Serial, common_name: CommonName, not_before: NotBefore, not_after: NotAfter
) -> None:
    """Happens at the first start and when the previous intermediate came near its end. Nothing to do."""


@event("ca.intermediate", WARN, "Intermediate certificate could not be renewed")
def intermediate_not_renewed(serial: Serial, not_after: NotAfter, error: Error) -> None:
    """Usually the root key is kept elsewhere. Put it back (mode 0600) before the intermediate ends."""


@event("ca.open", ERROR, "Certificate authority could not be opened")
def not_opened(directory: Name, error: Error) -> None:
    """Nothing can be signed. The error names the file and what is wrong with it.

    Restore the file from a copy, or mend its rights.
    """


@event("ca.signcertificate", INFO, "Certificate signed successfully with ACME CA", audit=True)
def signed(serial: Serial, names: Names, not_before: NotBefore, not_after: NotAfter, issuer: Name) -> None:
    """A certificate now exists for these names; `issuer` is the serial of the certificate that signed it."""


@event("ca.signcertificate", ERROR, "Failed to sign certificate with ACME CA")
def not_signed(names: Names, error: Error) -> None:
    """No certificate was made. The error says whether the request or the authority was at fault. Look at it."""


@event("ca.getcabundle", DEBUG, "ACME CA bundle retrieved successfully")
def bundle_read(certificates: int) -> None:
    """Somebody asked for the certificates that clients have to trust. Nothing to do."""


@event("ca.getcabundle", ERROR, "Failed to get ACME CA bundle")
def bundle_not_read(error: Error) -> None:
    """The root certificate could not be read. The error names the file; start the gateway once to make it."""
