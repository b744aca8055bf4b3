"""The part of the command line that is about clients' certificates."""

import datetime
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cryptography import x509
from cyclopts import Parameter

from yett.authn.x509 import rules
from yett.authn.x509.chain import Authorities, BadAuthorities, NotVouchedFor, read_authorities
from yett.authn.x509.config import X509Settings
from yett.authn.x509.model import Identity, Parsed, der_of
from yett.authn.x509.responses import responders_in
from yett.authn.x509.service import X509
from yett.authn.x509.subjects import compile_pattern
from yett.kernel import CommandFailed, Place, Table, command


class X509Commands:
    """Revocation lists of the running gateway."""

    def __init__(self, method: X509) -> None:
        self._method = method

    @command("x509 crl", writes=True)
    async def crl(
        self,
        *,
        refresh: Annotated[bool, Parameter(negative="", help="Fetch every list first.")] = False,
    ) -> Table:
        """List the revocation lists in use, and which are missing."""
        if refresh:
            await self._method.refresh_lists()
        rows = []
        for source in self._method.sources:
            held = source.held
            rows.append(
                (
                    source.places[0],
                    held.issuer if held is not None else None,
                    held.number if held is not None else None,
                    len(held.revoked) if held is not None else None,
                    _instant(held.this_update) if held is not None else None,
                    _instant(held.next_update) if held is not None else None,
                )
            )
        columns = ("place", "issuer", "number", "revoked", "issued", "good until")
        return Table(columns, tuple(rows), empty="No revocation list is configured.")


class X509Files:
    """What can be found out about a certificate without a running gateway."""

    def __init__(self, settings: Callable[[], X509Settings]) -> None:
        self._settings = settings

    @command("x509 check", place=Place.HERE)
    def check(self, file: Annotated[Path, Parameter(help="A certificate in PEM or DER.")]) -> Table:
        """Show what a client's certificate holds, whether an authority vouches for it, and whom it names.

        Revocation is not asked about, and neither is the directory.
        """
        settings = self._settings()
        parsed = _read(file)
        now = time.time()
        reason = rules.judge_dates(parsed, now)
        rows = (
            ("subject", parsed.subject),
            ("serial", parsed.serial),
            ("issuer", parsed.certificate.issuer.rfc4514_string()),
            ("valid from", _instant(parsed.not_before)),
            ("valid until", _instant(parsed.not_after)),
            ("in time", "yes" if reason is None else reason.value),
            ("vouched for", _vouched(parsed, settings, now)),
            ("names", ", ".join(rules.names_in(parsed.certificate)) or "none"),
            ("responders", ", ".join(responders_in(parsed.certificate)) or "none"),
            ("user", _user(parsed, settings)),
        )
        return Table(("what", "value"), rows)


def _read(file: Path) -> Parsed:
    try:
        with file.open("rb") as opened:
            content = opened.read(4 * rules.MOST_BYTES)
    except OSError as problem:
        raise CommandFailed(f"{file} cannot be read: {problem.strerror}") from problem
    if b"-----BEGIN CERTIFICATE-----" in content:
        try:
            content = der_of(x509.load_pem_x509_certificate(content))
        except rules.UNREADABLE as problem:
            raise CommandFailed(f"{file} holds no certificate.") from problem
    parsed = rules.parse(content)
    if parsed is None:
        raise CommandFailed(f"{file} holds no certificate that could be believed.")
    return parsed


def _vouched(parsed: Parsed, settings: X509Settings, now: float) -> str:
    try:
        trusted = read_authorities(settings.authorities) if settings.authorities is not None else ()
        between = read_authorities(settings.intermediates) if settings.intermediates is not None else ()
    except BadAuthorities as problem:
        raise CommandFailed(f"The authorities cannot be used: {problem}.") from problem
    if not trusted:
        return "no: authn.x509.authorities is not set"
    authorities = Authorities(trusted, between, max_intermediates=settings.max_intermediates)
    try:
        chain = authorities.vouch(parsed.certificate, now)
    except NotVouchedFor as problem:
        return f"no: {problem}"
    return "yes: " + " < ".join(each.subject.rfc4514_string() for each in chain.certificates[1:])


def _user(parsed: Parsed, settings: X509Settings) -> str:
    if settings.identity is Identity.EMAIL:
        return "whoever has the address in the directory"
    patterns = tuple(compile_pattern(each) for each in settings.subjects)
    user = rules.user_of(parsed, settings.identity, upn_domains=settings.upn_domains, subjects=patterns)
    return user or f'nobody, by the rule "{settings.identity.value}"'


def _instant(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
