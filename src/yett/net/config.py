"""Where the gateway listens and what it is called."""

from datetime import timedelta
from pathlib import Path

from yett.config import REQUIRED, Size, section, setting

HOST_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"


@section("service")
class ServiceSettings:
    """The gateway's own front door: its public name, its port, its limits."""

    hostname: str = setting(
        REQUIRED,
        "Public name of the sign-in host; tokens and links carry it, so changing it later signs everybody out.",
        matches=HOST_NAME,
        expects="a host name in lower case",
        reloadable=False,
    )
    port: int = setting(443, "Port to listen on.", at_least=0, at_most=65535, reloadable=False)
    public_port: int | None = setting(
        None,
        "Port in generated links when it differs from `port`, for example behind NAT.",
        at_least=1,
        at_most=65535,
        reloadable=False,
    )
    network_interface: str = setting(
        "", "Address or interface name to listen on; empty listens on all.", reloadable=False
    )
    tls: bool = setting(
        True, "Speak TLS; switch off only behind a TLS terminator on the same machine.", reloadable=False
    )
    tls_cert: Path | None = setting(None, "PEM file with the certificate chain for `hostname`.")
    tls_key: Path | None = setting(None, "PEM file with the private key of `tls_cert`.")
    auto_tls: bool = setting(True, "Issue certificates for every served name from the own authority.")
    auto_tls_renewal: timedelta = setting(
        timedelta(hours=720),
        "How often certificates are renewed; shorter than `auto_tls_validity`.",
        at_least=timedelta(minutes=1),
    )
    auto_tls_validity: timedelta = setting(
        timedelta(hours=1440), "How long an issued certificate is valid.", at_least=timedelta(minutes=2)
    )
    head_timeout: timedelta = setting(
        timedelta(seconds=10),
        "How long a client may take to send a request head.",
        at_least=timedelta(milliseconds=100),
    )
    idle_timeout: timedelta = setting(
        timedelta(seconds=75),
        "How long a connection may stay open between requests.",
        at_least=timedelta(milliseconds=100),
    )
    body_timeout: timedelta = setting(
        timedelta(seconds=30),
        "How long a request or response body may stand still.",
        at_least=timedelta(milliseconds=100),
    )
    max_head: Size = setting(32 * 1024, "Largest request head.", at_least=1024, at_most=1 << 20)
    max_fields: int = setting(100, "Most header fields in a request.", at_least=10, at_most=1000)
    max_connections: int = setting(20_000, "Most client connections at a time.", at_least=1)
    drain_timeout: timedelta = setting(
        timedelta(seconds=30), "How long requests in flight may take to finish at shutdown."
    )
