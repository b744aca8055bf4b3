"""Settings of certificates of OAuth clients."""

from collections.abc import Iterator
from pathlib import Path

from yett.authn.x509 import BadAuthorities, read_authorities
from yett.config import Mistake, section, setting


@section("oidc.mtls")
class MutualTLSSettings:
    """Whose certificates prove OAuth clients. TLS has to ask for one: see `service.client_cert`."""

    authorities: Path | None = setting(
        None,
        "PEM file with the authorities whose certificates clients with `tls_client_auth` may show; each is trusted "
        "by itself. Without one such clients are refused. It is read at the start and when settings are reloaded.",
    )
    require_revocation_list: bool = setting(
        False,
        "Refuse certificates for whose authority no list of [[authn.x509.crl]] is current; those that a list has "
        "revoked are refused anyway. The lists are only fetched while `authn.x509.enabled`.",
    )


def check_mutual_tls(settings: MutualTLSSettings) -> Iterator[Mistake]:
    """What is wrong with the file."""
    if settings.authorities is None:
        return
    try:
        read_authorities(settings.authorities)
    except BadAuthorities as problem:
        yield Mistake("oidc.mtls.authorities", str(settings.authorities), str(problem))
