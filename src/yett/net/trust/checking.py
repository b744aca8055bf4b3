"""What has to be right about the settings for proxies before anything starts."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from yett.config import Mistake
from yett.net.config import ClientCertificate, ProxyMode, ServiceSettings
from yett.net.trust.networks import BadNetwork, Networks

_OUR_BUSINESS: Final = frozenset(
    {
        "authorization", "connection", "content-length", "content-type", "cookie", "expect", "host", "keep-alive",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "x-forwarded-host",
        "x-forwarded-port", "x-forwarded-proto",
    }
)  # fmt: skip
"""Fields that mean something else already."""


def private_fields(service: ServiceSettings) -> frozenset[bytes]:
    """The (lower case) fields besides the usual ones in which a proxy speaks, and nobody else may."""
    names = {"client-cert", "client-cert-chain"}
    if service.proxy_mode is not ProxyMode.OFF:
        names |= {service.proxy_header.lower(), service.client_cert_header.lower()}
    return frozenset(name.encode("ascii").replace(b"_", b"-") for name in names if name)


def check_trust(service: ServiceSettings) -> Iterator[Mistake]:
    """What is wrong with these settings beyond single values."""
    yield from _check_proxies(service)
    yield from _check_fields(service)
    yield from _check_certificates(service)


def _check_proxies(service: ServiceSettings) -> Iterator[Mistake]:
    for text in service.trusted_proxies:
        try:
            Networks((text,))
        except BadNetwork as problem:
            yield Mistake("service.trusted_proxies", text, str(problem))
    if service.proxy_mode is ProxyMode.OFF:
        for key, value in _of_proxy_mode(service):
            if value:
                yield Mistake(
                    f"service.{key}", str(value), 'only good with service.proxy_mode "optional" or "required"'
                )
    elif not service.trusted_proxies:
        yield Mistake("service.trusted_proxies", "", "proxy_mode needs to know whom to believe")


def _check_fields(service: ServiceSettings) -> Iterator[Mistake]:
    for key, name in (
        ("proxy_header", service.proxy_header),
        ("client_cert_header", service.client_cert_header),
    ):
        if name.lower() in _OUR_BUSINESS:
            yield Mistake(f"service.{key}", name, "this field means something else already")
    if service.client_cert_header and service.client_cert_header.lower() == service.proxy_header.lower():
        yield Mistake(
            "service.client_cert_header", service.client_cert_header, "the same field as proxy_header"
        )


def _check_certificates(service: ServiceSettings) -> Iterator[Mistake]:
    if service.client_cert is not ClientCertificate.OFF:
        if service.client_ca is None:
            yield Mistake(
                "service.client_ca", "", "client_cert needs the authorities to check certificates against"
            )
        else:
            yield from _check_authorities(service.client_ca)
        if not service.tls:
            yield Mistake("service.client_cert", service.client_cert.value, "only good with service.tls")


def _check_authorities(path: Path) -> Iterator[Mistake]:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except (OSError, ssl.SSLError) as problem:
        yield Mistake("service.client_ca", str(path), problem.strerror or "no certificates in PEM")


def _of_proxy_mode(service: ServiceSettings) -> tuple[tuple[str, Any], ...]:
    return (
        ("proxy_protocol", service.proxy_protocol),
        ("proxy_host", service.proxy_host),
        ("client_cert_header", service.client_cert_header),
    )
