"""From settings to how an upstream is spoken to."""

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from yett.net.http import Upstream, make_context


class BadTransport(Exception):
    """Settings that cannot be used; the text says why."""


class Wishes(Protocol):
    """The part of a mapping's or a pool's settings that this is about."""

    @property
    def ca_file(self) -> Path | None: ...
    @property
    def tls_client_cert(self) -> Path | None: ...
    @property
    def tls_client_key(self) -> Path | None: ...
    @property
    def tls_server_name(self) -> str: ...
    @property
    def send_proxy(self) -> int: ...
    @property
    def protocol(self) -> str: ...


def outfit(upstream: Upstream, wishes: Wishes) -> Upstream:
    """The upstream, with all that connections to it need. Raises BadTransport."""
    upstream = replace(upstream, send_proxy=wishes.send_proxy, protocol=wishes.protocol)
    check_protocol(upstream)
    files = files_of(wishes)
    if any(files):
        check_files(*files)
    if not upstream.tls_name:
        return upstream
    ca_file, cert_file, key_file = files
    return replace(
        upstream,
        tls_name=wishes.tls_server_name or upstream.tls_name,
        ca_file=ca_file,
        cert_file=cert_file,
        key_file=key_file,
    )


def check_protocol(upstream: Upstream) -> None:
    """Whether what is to be spoken can be spoken there. Raises BadTransport."""
    if upstream.protocol != "h3":
        return
    if not upstream.tls_name:
        raise BadTransport('protocol "h3" needs a service that begins with https://')
    if upstream.send_proxy:
        raise BadTransport(
            'send_proxy is not for protocol "h3": its header can only go before a stream of TCP'
        )


def files_of(wishes: Wishes) -> tuple[str, str, str]:
    """The files with authorities, certificate and key; empty for what is not set. Raises BadTransport."""
    if wishes.tls_client_key is not None and wishes.tls_client_cert is None:
        raise BadTransport("tls_client_key is only good with tls_client_cert")
    return str(wishes.ca_file or ""), str(wishes.tls_client_cert or ""), str(wishes.tls_client_key or "")


def check_files(ca_file: str, cert_file: str, key_file: str) -> None:
    """Read files as they will be for a connection. Raises BadTransport."""
    if ca_file:
        try:
            make_context(ca_file)
        except (OSError, ssl.SSLError) as problem:
            raise BadTransport(f"ca_file {ca_file}: {problem}") from problem
    if cert_file:
        try:
            make_context("", cert_file, key_file)
        except (OSError, ssl.SSLError) as problem:
            name = f"{cert_file} and {key_file}" if key_file else cert_file
            raise BadTransport(f"tls_client_cert {name}: {problem}") from problem
