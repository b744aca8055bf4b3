"""The settings of pools: `[[proxy.pool]]` tables with `[[proxy.pool.backend]]` and others inside."""

from datetime import timedelta
from pathlib import Path

from yett.config import REQUIRED, item, setting
from yett.net import HOST_NAME
from yett.proxy.balancing.circuit import Combine
from yett.proxy.balancing.health import CheckKind
from yett.proxy.balancing.model import Affinity
from yett.proxy.balancing.strategies import StrategyName

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
_NAME_WORDS = "a name of letters, digits, dots, dashes and underscores"
_MOMENT = timedelta(milliseconds=10)
SERVICE = r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?|unix:/[!-~]+"
SERVICE_WORDS = "http://host:port, https://host:port or unix:/path"
PROTOCOL = r"http/1\.1|h2|h3|auto"
PROTOCOL_WORDS = '"http/1.1", "h2", "h3" or "auto"'


@item(named_by="name")
class BackendSettings:
    """One backend of a pool."""

    service: str = setting(
        REQUIRED,
        "Where requests go: http://host:port, https://host:port or unix:/path/to.sock.",
        matches=SERVICE,
        expects=SERVICE_WORDS,
    )
    name: str = setting(
        "",
        "Name of the backend in logs and commands; its address when empty.",
        matches=f"(?:{_NAME})?",
        expects=_NAME_WORDS,
    )
    weight: int = setting(1, "How much it takes compared with the others.", at_least=1, at_most=1000)


@item()
class HealthSettings:
    """Asking each backend regularly whether it is well."""

    type: CheckKind = setting(CheckKind.HTTP, "What is asked.")
    interval: timedelta = setting(
        timedelta(seconds=10), "Time between two checks.", at_least=timedelta(milliseconds=100)
    )
    timeout: timedelta = setting(timedelta(seconds=3), "How long one check may take.", at_least=_MOMENT)
    healthy_after: int = setting(2, "Checks in a row that bring a backend back.", at_least=1, at_most=100)
    unhealthy_after: int = setting(3, "Checks in a row that take it out.", at_least=1, at_most=100)
    path: str = setting(
        "/",
        "What an http or http3 check asks for.",
        matches=r"/[!-~]{0,1023}",
        expects='a path that begins with "/"',
    )
    host: str = setting(
        "",
        "The Host an http, http3 or grpc check sends; the backend's own when empty.",
        matches=r"[A-Za-z0-9._:\[\]-]{0,255}",
        expects="a host name",
    )
    expect: tuple[str, ...] = setting(
        ("200-399",),
        "Status codes that pass an http or http3 check.",
        at_least=1,
        matches=r"[1-9][0-9]{2}(-[1-9][0-9]{2})?",
        expects='a status code or a range such as "200-399"',
    )
    name: str = setting(
        "",
        "The service a grpc check asks about, or the user a mysql or postgresql check introduces itself as.",
        matches=r"[A-Za-z0-9._/-]{0,63}",
        expects=_NAME_WORDS,
    )


@item()
class CircuitSettings:
    """Stop sending to a backend that fails, and try it again later. A threshold of 0 is not looked at."""

    window: timedelta = setting(
        timedelta(seconds=10), "How far back is looked.", at_least=timedelta(seconds=1)
    )
    minimum_requests: int = setting(
        20, "Requests within the window below which nothing is concluded.", at_least=1
    )
    error_threshold: float = setting(0.5, "Share of failed requests that opens it.", at_least=0, at_most=1)
    latency_threshold: timedelta = setting(
        timedelta(0), "95th percentile of the time to answer that opens it."
    )
    network_threshold: float = setting(
        0.0, "Share of requests without any answer that opens it.", at_least=0, at_most=1
    )
    combine: Combine = setting(Combine.ANY, "Whether any or all of the thresholds have to be reached.")
    expression: str = setting(
        "",
        "A rule in place of the thresholds, such as error_rate > 0.3 && latency_p99 > 2.",
        at_most=500,
    )
    open_for: timedelta = setting(
        timedelta(seconds=30), "How long it stays open before trials.", at_least=timedelta(milliseconds=100)
    )
    trials: int = setting(3, "Trial requests that have to succeed.", at_least=1, at_most=1000)
    per_protocol: bool = setting(False, "A circuit for each protocol that is spoken to the backend.")


@item()
class OutlierSettings:
    """Take out, for a while, backends that do worse than the others. A detector whose number is 0 is off."""

    interval: timedelta = setting(
        timedelta(seconds=10), "How often backends are compared.", at_least=timedelta(seconds=1)
    )
    base_ejection: timedelta = setting(
        timedelta(seconds=30), "How long the first ejection lasts; later ones last longer.", at_least=_MOMENT
    )
    max_ejection: timedelta = setting(timedelta(seconds=300), "How long any lasts at most.", at_least=_MOMENT)
    max_ejected_percent: float = setting(
        10.0, "Share of the backends that may be out; one always may, all never.", at_least=0, at_most=100
    )
    consecutive: int = setting(5, "Failures in a row that eject.", at_least=0)
    stdev_factor: float = setting(
        1.9, "Standard deviations below the average success rate that eject.", at_least=0
    )
    failure_percentage: float = setting(
        85.0, "Percentage of failed requests that ejects.", at_least=0, at_most=100
    )
    minimum_backends: int = setting(5, "Backends that comparing success rates needs.", at_least=2)
    minimum_requests: int = setting(
        100, "Requests in an interval below which a backend is not compared.", at_least=1
    )


@item()
class LimitSettings:
    """How many requests the pool takes."""

    rate: float = setting(REQUIRED, "Requests a second.", at_least=0.001)
    burst: float = setting(0.0, "Requests at once; as many as come in a second when 0.", at_least=0)
    rate_limit_per_user: bool = setting(False, "Count for each user, not for the pool.")


@item()
class DiscoverySettings:
    """Backends from DNS: every address of a name."""

    hostname: str = setting(REQUIRED, "The name.", matches=HOST_NAME, expects="a host name in lower case")
    port: int = setting(REQUIRED, "The port of every backend.", at_least=1, at_most=65535)
    refresh: timedelta = setting(
        timedelta(seconds=30), "How often the name is looked up.", at_least=timedelta(seconds=1)
    )
    tls: bool = setting(False, "Speak TLS, with certificates for the name.")


@item(named_by="name")
class PoolSettings:
    """Backends that do the same. A mapping names its pool with `pool`."""

    name: str = setting(REQUIRED, "Name of the pool.", matches=_NAME, expects=_NAME_WORDS)
    backend: tuple[BackendSettings, ...] = setting((), "The backends, as [[proxy.pool.backend]] tables.")
    strategy: StrategyName = setting(StrategyName.ADAPTIVE, "How a backend is chosen for a request.")
    affinity: Affinity = setting(
        Affinity.NONE, "What makes requests belong together, so that they reach the same backend."
    )
    affinity_cookie: str = setting(
        "",
        "The application's cookie that affinity by cookie goes by.",
        matches=r"[!#$%&'*+.^_`|~0-9A-Za-z-]{0,128}",
        expects="a cookie's name",
    )
    affinity_lifetime: timedelta = setting(
        timedelta(hours=1), "How long affinity lasts after the last request.", at_least=timedelta(seconds=1)
    )
    ca_file: Path | None = setting(None, "Trust these authorities for https services, not the system's.")
    tls_client_cert: Path | None = setting(
        None, "PEM file with the certificate to show https services that ask for one."
    )
    tls_client_key: Path | None = setting(
        None, "PEM file with the key of `tls_client_cert`, if it is not in the same file; without a password."
    )
    tls_server_name: str = setting(
        "",
        "Name that https services are asked for and have to prove; their hosts when empty.",
        matches=f"(?:{HOST_NAME})?",
        expects="a host name in lower case",
    )
    send_proxy: int = setting(
        0,
        "Version of the PROXY protocol header (1 or 2) that tells services of the client; 0 for none.",
        at_least=0,
        at_most=2,
    )
    protocol: str = setting(
        "http/1.1",
        'What services speak: "http/1.1", "h2", "h3" (https services only, by UDP), or "auto" for what each chooses '
        "of the first two in the TLS handshake. WebSocket always goes by HTTP/1.1, over TCP.",
        matches=PROTOCOL,
        expects=PROTOCOL_WORDS,
    )
    connect_timeout: timedelta = setting(
        timedelta(seconds=5), "How long connecting to a backend may take.", at_least=_MOMENT
    )
    response_timeout: timedelta = setting(
        timedelta(seconds=60), "How long a backend may take to begin its answer.", at_least=_MOMENT
    )
    idle_timeout: timedelta = setting(
        timedelta(seconds=60),
        "How long a body or a WebSocket may stand still at a backend.",
        at_least=timedelta(milliseconds=100),
    )
    max_connections: int = setting(
        0, "Most connections of this node to each backend at a time; 0 for any number.", at_least=0
    )
    max_waiting: int = setting(
        128, "Requests that may wait for one of `max_connections`, each up to `connect_timeout`.", at_least=0
    )
    health: HealthSettings | None = setting(None, "Health checks; without this table there are none.")
    circuit: CircuitSettings | None = setting(None, "Circuit breaking; without this table there is none.")
    outlier: OutlierSettings | None = setting(None, "Outlier detection; without this table there is none.")
    limit: LimitSettings | None = setting(None, "A rate limit; without this table there is none.")
    discovery: DiscoverySettings | None = setting(None, "DNS discovery; without this table there is none.")
