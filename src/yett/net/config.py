"""Where the gateway listens and what it is called."""

import enum
from datetime import timedelta
from pathlib import Path

from yett.config import REQUIRED, Size, section, setting

HOST_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"

_FIELD = r"[A-Za-z0-9-]{1,64}"


class ProxyMode(enum.Enum):
    """Whether proxies stand between clients and the gateway."""

    OFF = "off"
    OPTIONAL = "optional"
    """Trusted proxies are believed; everybody else is a client."""
    REQUIRED = "required"
    """Nobody but trusted proxies may connect, and they have to say who asks."""


class ForwardedFor(enum.Enum):
    """What upstreams are told of the way of a request."""

    REPLACE = "replace"
    """The client alone."""
    APPEND = "append"
    """The client and every trusted proxy after it."""


class ClientCertificate(enum.Enum):
    """Whether clients are asked for a certificate in the TLS handshake."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


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
    unix_socket: Path | None = setting(
        None,
        "Listen on this Unix socket too, without TLS, for a proxy on the same machine.",
        reloadable=False,
    )
    proxy_mode: ProxyMode = setting(
        ProxyMode.OFF,
        'Whether proxies stand in front: "optional" believes trusted ones, "required" takes nobody else.',
        reloadable=False,
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), 'Networks of the proxies that are believed, such as "10.0.0.0/8"; "unix" for `unix_socket`.'
    )
    proxy_header: str = setting(
        "X-Forwarded-For",
        "Field in which trusted proxies name the client: X-Forwarded-For, Forwarded (RFC 7239) or one with a "
        "single address; they have to set or remove X-Forwarded-Proto as well.",
        matches=_FIELD,
        expects="a field name of letters, digits and dashes",
        reloadable=False,
    )
    proxy_protocol: bool = setting(
        False,
        "Trusted proxies begin each connection with a PROXY protocol header (version 1 or 2).",
        reloadable=False,
    )
    proxy_host: bool = setting(
        False,
        "Take the host that was asked for from X-Forwarded-Host or Forwarded, for proxies that change Host.",
        reloadable=False,
    )
    forwarded_for: ForwardedFor = setting(
        ForwardedFor.REPLACE,
        "What upstreams read in X-Forwarded-For: the client alone, or the trusted proxies after it too.",
        reloadable=False,
    )
    client_cert: ClientCertificate = setting(
        ClientCertificate.OFF,
        "Whether clients are asked for a certificate; a change is for new connections.",
    )
    client_ca: Path | None = setting(
        None,
        "PEM file with the authorities that client certificates are checked against; a change of the setting "
        "or the file is for new connections.",
    )
    client_cert_header: str = setting(
        "",
        "Field in which trusted proxies hand over the certificate of a client that they have verified.",
        matches=f"(?:{_FIELD})?",
        expects="a field name of letters, digits and dashes",
        reloadable=False,
    )
    client_cert_forward: bool = setting(
        False, "Hand the client's certificate on to upstreams in Client-Cert (RFC 9440).", reloadable=False
    )
    head_timeout: timedelta = setting(
        timedelta(seconds=10),
        "How long a client may take to send a request head.",
        at_least=timedelta(milliseconds=100),
        reloadable=False,
    )
    idle_timeout: timedelta = setting(
        timedelta(seconds=75),
        "How long a connection may stay open between requests.",
        at_least=timedelta(milliseconds=100),
        reloadable=False,
    )
    body_timeout: timedelta = setting(
        timedelta(seconds=30),
        "How long a request or response body may stand still.",
        at_least=timedelta(milliseconds=100),
        reloadable=False,
    )
    max_head: Size = setting(
        32 * 1024, "Largest request head.", at_least=1024, at_most=1 << 20, reloadable=False
    )
    max_fields: int = setting(
        100, "Most header fields in a request.", at_least=10, at_most=1000, reloadable=False
    )
    max_connections: int = setting(20_000, "Most client connections at a time.", at_least=1, reloadable=False)
    http2: bool = setting(True, "Speak HTTP/2 with clients that offer it.", reloadable=False)
    max_streams: int = setting(
        128,
        "Most requests at a time on one connection of HTTP/2.",
        at_least=1,
        at_most=1000,
        reloadable=False,
    )
    enable_portal: bool = setting(
        True, "Whether people have a page of their own, `/profile`, to manage their account."
    )
    drain_timeout: timedelta = setting(
        timedelta(seconds=30), "How long requests in flight may take to finish at shutdown.", reloadable=False
    )
