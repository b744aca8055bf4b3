"""What brings records to each kind of destination."""

import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from yett.events import Level
from yett.events.dialects import DIALECTS
from yett.events.outputs import (
    Carrier,
    DatagramCarrier,
    DescriptorCarrier,
    FileCarrier,
    Filter,
    HTTPCarrier,
    StreamCarrier,
    Words,
)
from yett.kernel.otlp import otlp_carrier
from yett.kernel.outputs.config import OutputSettings, dialect_of, headers_of, scheme_of, tls_of

_PORTS = {"syslog+udp": 514, "syslog+tcp": 601, "syslog+tls": 6514}
"""As RFC 5426, 6587 and 5425 have them."""
_SYSLOG_LIMIT = 8192
"""What rsyslog takes unless it was told otherwise (RFC 5424, section 6.1, asks for 2048 at least)."""


def carrier_of(settings: OutputSettings) -> Carrier:
    """What brings lines to the destination that the settings name."""
    return MAKERS[scheme_of(settings)](settings)


def filter_of(settings: OutputSettings) -> Filter:
    """Which records the output gets."""
    return Filter(
        level=Level[settings.level.name],
        components=settings.components,
        without=settings.without,
        audit_only=settings.audit_only,
        user=settings.user,
    )


def _words(output: OutputSettings) -> Words:
    limit = output.message_limit
    if limit is None:
        limit = _SYSLOG_LIMIT if scheme_of(output).startswith("syslog") else 0
    return Words(DIALECTS[dialect_of(output)], limit=limit)


def _syslog(output: OutputSettings) -> Carrier:
    parts = urlsplit(output.to)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    if parts.scheme == "syslog+udp":
        return DatagramCarrier(host, port, _words(output))
    seconds = output.timeout.total_seconds()
    return StreamCarrier(host, port, _words(output), timeout=seconds, tls=tls_of(output))


def _http(output: OutputSettings) -> Carrier:
    tls = tls_of(output)
    return HTTPCarrier(
        output.to,
        _words(output),
        body=output.body,
        headers=headers_of(output),
        timeout=output.timeout.total_seconds(),
        compress=output.compress,
        context=tls.context if tls is not None else None,
        server_name=output.server_name,
    )


def _file(output: OutputSettings) -> Carrier:
    return FileCarrier(Path(output.to.removeprefix("file:")), _words(output))


def _otlp(output: OutputSettings) -> Carrier:
    return otlp_carrier(
        output.to,
        node=platform.node() or "yett",
        service_name=output.service_name,
        headers=headers_of(output),
        timeout=output.timeout.total_seconds(),
        tls=tls_of(output),
        compress=output.compress,
    )


def _standard(output: OutputSettings) -> Carrier:
    return DescriptorCarrier(1 if output.to == "stdout" else 2, output.to, _words(output).messages)


MAKERS: Mapping[str, Callable[[OutputSettings], Carrier]] = {
    "syslog+udp": _syslog,
    "syslog+tcp": _syslog,
    "syslog+tls": _syslog,
    "http": _http,
    "https": _http,
    "otlp+http": _otlp,
    "otlp+https": _otlp,
    "otlp+grpc": _otlp,
    "otlp+grpcs": _otlp,
    "file": _file,
    "stdout": _standard,
    "stderr": _standard,
}
"""What brings lines to each kind of destination."""
