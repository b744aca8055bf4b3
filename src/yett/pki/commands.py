"""The authority's and the certificates' part of the command line."""

import datetime
from pathlib import Path

from yett.kernel import CommandFailed, Place, Table, command
from yett.pki.autotls import AutoTLS, Renewal
from yett.pki.ca import AuthorityUnavailable, export_root
from yett.pki.certificates import DEFAULT, Certificates
from yett.store import StoreUnavailable


class CertificateCommands:
    """Looking at certificates and renewing them, in the running gateway."""

    def __init__(self, certificates: Certificates, autotls: AutoTLS) -> None:
        self._certificates = certificates
        self._autotls = autotls

    @command("certificates list")
    def list(self) -> Table:
        """List every certificate that clients may be shown."""
        rows = tuple(
            (
                "(default)" if installed.name == DEFAULT else installed.name,
                installed.source.value,
                installed.certificate.serial,
                _instant(installed.certificate.not_before),
                _instant(installed.certificate.not_after),
                ", ".join(installed.certificate.names),
                installed.certificate.issuer,
            )
            for installed in self._certificates.all()
        )
        columns = ("name", "source", "serial", "valid from", "valid until", "names", "issuer")
        return Table(columns, rows, empty="No certificate is installed.")

    @command("certificates renew", writes=True)
    async def renew(self) -> str:
        """Give every certificate of the own authority a new key now, for example after a leak."""
        match await self._autotls.renew():
            case Renewal.RENEWED:
                return "Every certificate was renewed; new connections see the new ones."
            case Renewal.NOT_ENABLED:
                raise CommandFailed(
                    "The own authority issues no certificates here: [service] auto_tls is off, "
                    "or tls_cert and tls_key are set. Renew the files where they come from."
                )
            case Renewal.FAILED:
                raise CommandFailed(
                    "The renewal failed and is tried again by itself; the log says why (autotls.renew)."
                )

    @command("certificates refresh", writes=True)
    async def refresh(self) -> str:
        """Forget the parsed certificates and read them from the store again."""
        try:
            count = await self._certificates.clear()
        except StoreUnavailable as problem:
            raise CommandFailed(
                f"The store could not be read, so nothing was changed: {problem}"
            ) from problem
        return f"{count} certificates are installed."


class AuthorityCommands:
    """What can be asked of the authority's files, whether or not a gateway is running."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @command("ca export", place=Place.HERE)
    def export(self) -> str:
        """Print the root certificate that clients have to trust, as PEM."""
        try:
            return export_root(self._directory / "pki").decode("ascii")
        except AuthorityUnavailable as problem:
            raise CommandFailed(str(problem)) from problem


def _instant(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
