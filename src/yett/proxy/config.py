"""Which applications stand behind the gateway, and who may reach them."""

from datetime import timedelta
from pathlib import Path

from yett.config import REQUIRED, item, section, setting
from yett.net import HOST_NAME
from yett.proxy.balancing import PoolSettings
from yett.proxy.balancing.config import SERVICE, SERVICE_WORDS

RESERVED = "/_yett/"
"""The paths of every application host that are ours."""


@item(named_by="app")
class MappingSettings:
    """One application, or one path of it."""

    app: str = setting(
        REQUIRED,
        "Name of the application in logs and in environment variables.",
        matches=r"[A-Za-z0-9][A-Za-z0-9_. -]{0,62}",
        expects="a name of letters, digits, dots, dashes and spaces",
    )
    host: str = setting(
        REQUIRED,
        "Host name that people open.",
        matches=HOST_NAME,
        expects="a host name in lower case",
    )
    path: str = setting(
        "/",
        "Path below which this mapping applies, in whole segments; the longest one of a host wins.",
        matches=r"/|(/(?!\.{1,2}(/|$))[A-Za-z0-9._~!$&'()*+,=:@-]+)+/?",
        expects='a path that begins with "/", without escapes, dot or empty segments, ";" or a query',
    )
    service: str = setting(
        "",
        "Where requests go: http://host:port, https://host:port or unix:/path/to.sock; either this or `pool`.",
        matches=f"(?:{SERVICE})?",
        expects=SERVICE_WORDS,
    )
    pool: str = setting(
        "", "Name of the [[proxy.pool]] whose backends requests are spread over; either this or `service`."
    )
    fallback: str = setting(
        "",
        "Where requests go while the pool has no backend for them, written like `service`.",
        matches=f"(?:{SERVICE})?",
        expects=SERVICE_WORDS,
    )
    groups: tuple[str, ...] = setting(
        (), "Groups whose members may enter; with none, everybody who is signed in."
    )
    public: bool = setting(False, "Let everybody in without signing in; `groups` must be empty.")
    websocket: bool = setting(True, "Pass WebSocket connections on.")
    preserve_host: bool = setting(True, "Send the host that people open, in place of the service's own.")
    identity_headers: bool = setting(True, "Tell the service who is calling, in signed X-Yett- headers.")
    ca_file: Path | None = setting(
        None, "Trust these authorities for an https service or fallback, not the system's."
    )
    connect_timeout: timedelta = setting(
        timedelta(seconds=5),
        "How long connecting to the service or fallback may take; a pool has a limit of its own.",
        at_least=timedelta(milliseconds=10),
    )
    response_timeout: timedelta = setting(
        timedelta(seconds=60),
        "How long the service or fallback may take to begin its answer; a pool has a limit of its own.",
        at_least=timedelta(milliseconds=10),
    )


@section("proxy")
class ProxySettings:
    """Applications behind the gateway."""

    mapping: tuple[MappingSettings, ...] = setting((), "The applications, as [[proxy.mapping]] tables.")
    pool: tuple[PoolSettings, ...] = setting((), "Pools of backends, as [[proxy.pool]] tables.")
    signing_rotation: timedelta = setting(
        timedelta(hours=24),
        "How often the key that signs identity headers changes; upstreams fetch the keys.",
        at_least=timedelta(seconds=1),
    )
    signature_lifetime: timedelta = setting(
        timedelta(seconds=60),
        "How long one signature of identity headers is used again and accepted.",
        at_least=timedelta(seconds=5),
        at_most=timedelta(hours=1),
    )
    sign_in_timeout: timedelta = setting(
        timedelta(minutes=10),
        "How long a person may take between being sent to sign in and coming back.",
        at_least=timedelta(seconds=10),
    )
    hsts: timedelta = setting(
        timedelta(0),
        "How long browsers remember to reach every host here over TLS only (Strict-Transport-Security); "
        "0s leaves that to the applications.",
        at_least=timedelta(0),
        at_most=timedelta(days=730),
    )
