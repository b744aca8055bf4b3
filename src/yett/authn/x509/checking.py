"""What has to be right about the settings before anything starts."""

from collections.abc import Iterator

from yett.authn.x509.chain import BadAuthorities, read_authorities
from yett.authn.x509.config import X509Settings
from yett.authn.x509.fetching import BadAddress, host_of, is_loopback, is_plain
from yett.authn.x509.model import Identity
from yett.authn.x509.subjects import BadPattern, compile_pattern
from yett.config import Mistake
from yett.net import ClientCertificate, ServiceSettings


def check_x509(settings: X509Settings, service: ServiceSettings) -> Iterator[Mistake]:
    """What is wrong with these settings beyond single values."""
    if not settings.enabled:
        return
    if service.client_cert is ClientCertificate.OFF and not service.client_cert_header:
        yield Mistake(
            "authn.x509.enabled",
            "true",
            "nobody is asked for a certificate: set service.client_cert, or service.client_cert_header",
        )
    if settings.authorities is None:
        yield Mistake("authn.x509.authorities", "", "certificates have to be checked against something")
    for key, path in (("authorities", settings.authorities), ("intermediates", settings.intermediates)):
        if path is not None:
            try:
                read_authorities(path)
            except BadAuthorities as problem:
                yield Mistake(f"authn.x509.{key}", str(path), str(problem))
    yield from _check_identity(settings)
    yield from _check_addresses(settings)


def _check_identity(settings: X509Settings) -> Iterator[Mistake]:
    if settings.identity is Identity.UPN and not settings.upn_domains:
        yield Mistake("authn.x509.upn_domains", "", 'identity "upn" needs to know whose names are ours')
    if settings.identity is Identity.SUBJECT and not settings.subjects:
        yield Mistake("authn.x509.subjects", "", 'identity "subject" needs to know what subjects look like')
    for pattern in settings.subjects:
        try:
            compile_pattern(pattern)
        except BadPattern as problem:
            yield Mistake("authn.x509.subjects", pattern, str(problem))


def _check_addresses(settings: X509Settings) -> Iterator[Mistake]:
    if settings.ocsp and not settings.ocsp_urls and not settings.ocsp_aia_hosts:
        yield Mistake("authn.x509.ocsp", "true", "no responder: set ocsp_urls, or ocsp_aia_hosts")
    named = [("ocsp_urls", url) for url in settings.ocsp_urls]
    named += [("crl", url) for each in settings.crl for url in each.urls if not url.startswith("/")]
    for key, url in named:
        try:
            host = host_of(url)
        except BadAddress as problem:
            yield Mistake(f"authn.x509.{key}", url, str(problem))
            continue
        if is_plain(url) and not is_loopback(url) and host not in settings.http_hosts:
            yield Mistake(
                f"authn.x509.{key}", url, f"not over TLS: name {host!r} in http_hosts if that is meant"
            )
