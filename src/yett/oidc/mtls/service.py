"""Whether a certificate proves a client: its dates, who vouches for it, what stands in it."""

from collections.abc import Callable
from pathlib import Path

from yett.authn.x509 import (
    Authorities,
    BadAuthorities,
    Chain,
    NotVouchedFor,
    Standing,
    read_authorities,
)
from yett.events import describe
from yett.oidc.clients import AuthMethod, Client
from yett.oidc.mtls import events, rules
from yett.oidc.mtls.config import MutualTLSSettings
from yett.oidc.mtls.model import Match, Mismatch

_OF_AUTHORITY = {
    Mismatch.AUTHORITY,
    Mismatch.EXPIRED,
    Mismatch.NOT_YET_VALID,
    Mismatch.UNREADABLE,
    Mismatch.NOT_LISTED,
}


def _not_listed(_: Chain) -> Standing:
    return Standing.NOT_ASKED


class ClientCertificates:
    """The certificates of clients, and those who vouch for them."""

    def __init__(
        self, settings: MutualTLSSettings, listed: Callable[[Chain], Standing] = _not_listed
    ) -> None:
        """`listed` tells what lists say about the revocation of a certificate."""
        self._listed = listed
        self._authorities = Authorities()
        self.apply(settings)

    def apply(self, settings: MutualTLSSettings) -> None:
        """Believe these authorities from now on; when they cannot be read, those from before."""
        self._must_be_listed = settings.require_revocation_list
        if settings.authorities is None:
            self._authorities = Authorities()
            return
        try:
            self._authorities = _read(settings.authorities)
        except BadAuthorities as problem:
            events.authorities_unreadable(error=describe(problem))

    def judge(self, client: Client, der: bytes, now: float, chains: tuple[tuple[str, ...], ...] = ()) -> bool:
        """Whether a certificate proves that somebody is this client. `chains` are the `x5c` of its keys."""
        verdict, why = self._judge(client, der, now, chains)
        match verdict:
            case Match():
                events.matched(client=client.label, by=verdict)
                return True
            case Mismatch.NO_CERTIFICATE:
                events.no_certificate(client=client.label)
            case Mismatch.NO_IDENTITY:
                events.no_identity_fields(client=client.label)
            case Mismatch.REVOKED:
                events.revoked(client=client.label)
            case verdict if verdict in _OF_AUTHORITY:
                events.authority_mismatch(client=client.label, reason=verdict, error=why)
            case _:
                events.identity_mismatch(client=client.label, reason=verdict)
        return False

    def _judge(
        self, client: Client, der: bytes, now: float, chains: tuple[tuple[str, ...], ...]
    ) -> tuple[Match | Mismatch, str]:
        """The verdict, and what the verifier said when nobody vouches for the certificate."""
        if not der:
            return Mismatch.NO_CERTIFICATE, ""
        certificate = rules.read(der)
        if certificate is None:
            return Mismatch.UNREADABLE, ""
        # Dates count for one that nobody signed too: what its owner called over is over.
        outdated = rules.judge_dates(certificate, now)
        if outdated is not None:
            return outdated, ""
        if client.auth_method is AuthMethod.SELF_SIGNED_TLS:
            return rules.judge_own(der, client.tls.thumbprints, chains), ""
        if not rules.names_somebody(client.tls):
            return Mismatch.NO_IDENTITY, ""
        try:
            chain = self._authorities.vouch(certificate, now)
        except NotVouchedFor as problem:
            return Mismatch.AUTHORITY, str(problem)
        standing = self._listed(chain)
        if standing is Standing.REVOKED:
            return Mismatch.REVOKED, ""
        if self._must_be_listed and standing is not Standing.GOOD:
            return Mismatch.NOT_LISTED, standing.value
        return rules.judge_identity(certificate, client.tls), ""


def _read(path: Path) -> Authorities:
    return Authorities(read_authorities(path))
