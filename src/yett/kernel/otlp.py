"""Building the carriers of OpenTelemetry outputs from their settings."""

from urllib.parse import urlsplit

from yett import __version__
from yett.events.outputs import TLS, Carrier

_PORTS = {"http": 4318, "https": 4318, "grpc": 4317, "grpcs": 4317}
"""OTLP specification, "Default Port"."""
_PATH = "/v1/logs"


def otlp_carrier(
    to: str,
    *,
    node: str,
    service_name: str,
    headers: dict[str, str],
    timeout: float,
    tls: TLS | None,
    compress: bool,
) -> Carrier:
    """What brings records to a collector at an address such as otlp+grpc://127.0.0.1:4317."""
    # Loaded by whoever needs it: protobuf takes longer to import than the rest of the room.
    from yett.events.outputs.otlp import Encoder, OTLPOverGRPC, OTLPOverHTTP  # noqa: PLC0415 - see above

    encoder = Encoder(
        {
            "service.name": service_name,
            "service.version": __version__,
            "service.instance.id": node,
            "host.name": node,
        },
        node=node,
        version=__version__,
    )
    parts = urlsplit(to.removeprefix("otlp+"))
    place = f"{parts.netloc.rpartition(':')[0] if parts.port else parts.netloc}:{parts.port or _PORTS[parts.scheme]}"
    if parts.scheme in {"grpc", "grpcs"}:
        return OTLPOverGRPC(
            place,
            encoder,
            headers=headers,
            timeout=timeout,
            version=__version__,
            tls=tls,
            compress=compress,
        )
    path = (parts.path if parts.path not in {"", "/"} else _PATH) + (f"?{parts.query}" if parts.query else "")
    return OTLPOverHTTP(
        f"{parts.scheme}://{place}{path}",
        encoder,
        headers=headers,
        timeout=timeout,
        version=__version__,
        context=tls.context if tls is not None else None,
        server_name=tls.server_name if tls is not None else "",
        compress=compress,
    )
