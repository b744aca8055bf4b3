"""What operators can do about shared keys: carry certificates, run a co-signer, look at the quorum."""

from collections.abc import Callable

from yett.kernel import Place, Table, command
from yett.keys.threshold.identity import Identity
from yett.keys.threshold.model import fingerprint
from yett.keys.threshold.service import Threshold


class ThresholdCommands:
    """Looking at the co-signers, in the running gateway."""

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold

    @command("threshold status")
    def status(self) -> Table:
        """List the co-signers: who is there, how quick, and who lacks a share."""
        rows = tuple(
            (
                link.name,
                link.address,
                "here" if link.is_up else "away",
                round(link.seconds * 1000, 1) if link.is_up else None,
                len(link.keys),
                len(link.lacks),
                fingerprint(link.party.certificate),
            )
            for link in self._threshold.links
        )
        columns = ("name", "address", "state", "milliseconds", "keys", "shares missing", "certificate")
        return Table(columns, rows, empty="There are no co-signers: this gateway holds its keys itself.")


class CosignerCommands:
    """Setting both sides up, and running a co-signer."""

    def __init__(
        self, gateway: Callable[[], Identity], cosigner: Callable[[], Identity], run: Callable[[], None]
    ) -> None:
        self._gateway = gateway
        self._cosigner = cosigner
        self._run = run

    @command("threshold certificate", place=Place.HERE, writes=True)
    def certificate_of_gateway(self) -> str:
        """Print the certificate by which co-signers know this gateway; makes the cluster key if there is none."""
        return self._gateway().pem.strip()

    @command("cosigner certificate", place=Place.HERE, writes=True)
    def certificate(self) -> str:
        """Print the certificate by which gateways and peers know this co-signer; makes its key if there is none."""
        return self._cosigner().pem.strip()

    @command("cosigner run", place=Place.HERE)
    def run(self) -> None:
        """Hold shares of a gateway's signing keys, and sign with it, until asked to stop."""
        self._run()
