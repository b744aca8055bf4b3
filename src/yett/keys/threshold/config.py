"""Settings of shared signing keys: the gateway's, and a co-signer's."""

import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from yett.config import REQUIRED, Mistake, item, section, setting
from yett.keys.threshold.identity import read_party
from yett.keys.threshold.model import MOST


@item(named_by="name")
class PartySettings:
    """A co-signer: another machine that holds a share of the keys."""

    name: str = setting(
        REQUIRED,
        "What it is called here and in the log.",
        matches=r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?",
        expects="a short name of lower case letters, digits and dashes",
    )
    address: str = setting(
        REQUIRED,
        'Where it listens: "cosigner-a.example.org:7443".',
        matches=r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}",
        expects="a host and a port",
    )
    certificate: Path = setting(REQUIRED, "PEM file with the certificate that it printed when it was set up.")


@section("threshold")
class ThresholdSettings:
    """Signing keys that no machine holds whole. Without co-signers, this gateway holds its keys itself."""

    cosigner: tuple[PartySettings, ...] = setting(
        (), "Who else holds a share; each takes part in each new key.", at_most=MOST - 1
    )
    quorum: int = setting(
        0,
        "How many have to sign together, this gateway among them; 0 is more than half of all.",
        at_least=0,
        at_most=MOST,
    )
    timeout: timedelta = setting(
        timedelta(seconds=2),
        "How long a signature may take, and each step of making a key.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(seconds=30),
    )

    @property
    def threshold(self) -> int:
        """How many sign."""
        return self.quorum or (len(self.cosigner) + 1) // 2 + 1


@section("cosigner")
class CosignerSettings:
    """A co-signer, which `yett cosigner run` runs: a program beside gateways that holds a share of their keys."""

    listen: str = setting(
        "",
        'Address and port for gateways: "192.0.2.7:7443".',
        matches=r"|(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9.]{7,15}):[0-9]{1,5}",
        expects="an address and a port",
    )
    gateway: Path | None = setting(
        None, "PEM file with the gateway's certificate, as `yett threshold certificate` prints it there."
    )
    peers: tuple[Path, ...] = setting(
        (), "PEM files with the certificates of the other co-signers.", at_most=MOST - 2
    )
    quorum: int = setting(
        2, "The fewest that may be able to sign with a key it takes part in.", at_least=2, at_most=MOST
    )
    issuer: str = setting(
        "",
        "The only issuer (`iss`) whose tokens it gives its share to: the gateway's origin, such as "
        '"https://login.example.org". Empty for any.',
        matches=r"[\x21-\x7e]{0,256}",
    )
    longest: timedelta = setting(
        timedelta(days=366),
        "Tokens that would last longer get no share.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=3660),
    )
    keep: timedelta = setting(
        timedelta(days=120),
        "Shares that were not asked for in so long are removed.",
        at_least=timedelta(days=2),
        at_most=timedelta(days=3660),
    )


def check_threshold(settings: ThresholdSettings) -> Iterator[Mistake]:
    """What only shows when the settings are looked at together, or at the files."""
    everybody = len(settings.cosigner) + 1
    if settings.cosigner and not 2 <= settings.threshold <= everybody:
        yield Mistake(
            "threshold.quorum",
            str(settings.quorum),
            f"it takes from 2 to {everybody} of {everybody} to sign",
        )
    if settings.quorum and not settings.cosigner:
        yield Mistake(
            "threshold.quorum", str(settings.quorum), "there is nobody to sign with", "name co-signers, too"
        )
    seen: dict[bytes, str] = {}
    for number, each in enumerate(settings.cosigner):
        where = f"threshold.cosigner[{each.name}]"
        if each.name in {other.name for other in settings.cosigner[:number]}:
            yield Mistake(f"{where}.name", each.name, "another one is called so as well")
            continue
        if not 0 < int(each.address.rpartition(":")[2]) < 65536:
            yield Mistake(f"{where}.address", each.address, "there is no such port")
        try:
            public = read_party(each.certificate).public
        except (OSError, ValueError) as problem:
            yield Mistake(f"{where}.certificate", str(each.certificate), f"it cannot be used: {problem}")
            continue
        if public in seen:
            yield Mistake(
                f"{where}.certificate", str(each.certificate), f"it is that of {seen[public]} as well"
            )
        seen[public] = each.name


def check_cosigner(settings: CosignerSettings) -> Iterator[Mistake]:
    """What keeps a co-signer from running."""
    if not settings.listen:
        yield Mistake("cosigner.listen", "", "it is not said where to listen", 'for example "127.0.0.1:7443"')
    else:
        host, port = split(settings.listen)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            yield Mistake("cosigner.listen", settings.listen, "that is no address of a machine")
        if not 0 < port < 65536:
            yield Mistake("cosigner.listen", settings.listen, "there is no such port")
    if settings.gateway is None:
        yield Mistake(
            "cosigner.gateway", "", "it is not said whose keys to share", "run: yett threshold certificate"
        )
    for key, path in (("gateway", settings.gateway), *(("peers", each) for each in settings.peers)):
        if path is None:
            continue
        try:
            read_party(path)
        except (OSError, ValueError) as problem:
            yield Mistake(f"cosigner.{key}", str(path), f"it cannot be used: {problem}")


def split(address: str) -> tuple[str, int]:
    """Host and port of an address that was checked."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)
