"""Which applications stand behind the gateway, and who may reach them."""

import enum
from datetime import timedelta
from pathlib import Path

from yett.config import REQUIRED, Size, item, section, setting
from yett.identity.access import Assurance
from yett.net import HOST_NAME
from yett.proxy.balancing import PoolSettings
from yett.proxy.balancing.config import PROTOCOL, PROTOCOL_WORDS, SERVICE, SERVICE_WORDS
from yett.proxy.bearer import BearerSettings
from yett.proxy.canary import CanarySettings
from yett.proxy.compression import CompressionSettings
from yett.proxy.group_monitor import GroupMonitorSettings
from yett.proxy.hedging import HedgeSettings
from yett.proxy.request_signing import RequestSigningSettings
from yett.proxy.retrying import RetrySettings
from yett.proxy.rewriting.config import MOST, ORIGIN, ORIGIN_WORDS
from yett.proxy.shadow import ShadowSettings

RESERVED = "/_yett/"
"""The paths of every application host that are ours."""

_HOST = r"\*\.(?=[^.]+\.)" + HOST_NAME + "|" + HOST_NAME
"""A wildcard stands above two labels at least: "*.com" would take the hosts of everybody."""
_SEGMENTS = r"/|(/(?!\.{1,2}(/|$))[A-Za-z0-9._~!$&'()*+,=:@-]+)+/?"
_SEGMENTS_WORDS = 'a path that begins with "/", without escapes, dot or empty segments, ";" or a query'
_METHOD = r"[A-Z][A-Z-]{0,31}"
_METHOD_WORDS = "a method in capital letters"
_FIELD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}"
_VISIBLE = r"[ -~]*"
_MOMENT = timedelta(milliseconds=10)


class PathKind(enum.Enum):
    """How the path of a mapping is compared."""

    PREFIX = "prefix"
    EXACT = "exact"
    PATTERN = "pattern"


@item()
class FieldSettings:
    """Something that a request has to carry: a header field, or a parameter of its query."""

    name: str = setting(REQUIRED, "Its name.", matches=_FIELD, expects="the name of a field or parameter")
    equals: str | None = setting(
        None, "Its whole value.", matches=_VISIBLE, expects="visible ASCII characters"
    )
    prefix: str | None = setting(
        None, "How its value begins.", matches=_VISIBLE, expects="visible ASCII characters"
    )
    present: bool = setting(True, "Whether it has to be there at all; with false it must not be.")


@item()
class HeaderSettings:
    """Changes to the header of requests on their way to the service, or of responses on their way back."""

    set: tuple[str, ...] = setting(
        (),
        'Fields that replace those of the same name, as "Name: value"; {user}, {name}, {email}, {groups}, '
        "{session}, {assurance}, {app}, {host}, {client_address} and {request_id} stand for what they say.",
        matches=_FIELD + ":[ -~]*",
        expects='"Name: value" in visible ASCII characters',
    )
    add: tuple[str, ...] = setting(
        (),
        "Fields that are added to those of the same name, written like those of `set`.",
        matches=_FIELD + ":[ -~]*",
        expects='"Name: value" in visible ASCII characters',
    )
    remove: tuple[str, ...] = setting(
        (), "Names of fields that are removed.", matches=_FIELD, expects="a field's name"
    )


@item()
class RedirectSettings:
    """Sending people elsewhere."""

    to: str = setting(
        REQUIRED,
        "Where to: https://host/path, or a path of the same host.",
        matches=r"(https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?)?(/[!-\[\]-~]*)?",
        expects='an address or a path that begins with "/"',
        at_least=1,
    )
    status: int = setting(307, "301 or 308 for good, 302, 303 or 307 for now.", at_least=301, at_most=308)
    keep_path: bool = setting(True, "Carry what stands behind the mapping's path, and the query, over.")


@item()
class AssetsSettings:
    """Files of a directory, served by the gateway itself."""

    directory: Path = setting(REQUIRED, "Where the files are.")
    index: str = setting(
        "index.html",
        "The file that stands for its directory; none when empty.",
        matches=r"([A-Za-z0-9_-][A-Za-z0-9._-]{0,127})?",
        expects="a file's name",
    )
    max_age: timedelta = setting(
        timedelta(0),
        "How long browsers may keep a file without asking again.",
        at_least=timedelta(0),
        at_most=timedelta(days=730),
    )


@item()
class AnswerSettings:
    """A page in place of the application, such as during maintenance."""

    status: int = setting(503, "Status code of the page.", at_least=200, at_most=599)
    heading: str = setting(
        "This application is being worked on", "What the page is headed with.", at_most=200
    )
    sentence: str = setting("Try again later.", "What it says.", at_most=1000)
    retry_after: timedelta = setting(
        timedelta(0), "When it makes sense to try again (Retry-After).", at_least=timedelta(0)
    )


@item()
class ReauthSettings:
    """What takes a recent sign-in."""

    path: str = setting(
        "",
        "Path below which the rule applies, in whole segments; everywhere in the mapping when empty.",
        matches=f"({_SEGMENTS})?",
        expects=_SEGMENTS_WORDS,
    )
    methods: tuple[str, ...] = setting(
        (), "Methods that it applies to; all when empty.", matches=_METHOD, expects=_METHOD_WORDS
    )
    max_age: timedelta = setting(
        timedelta(minutes=15),
        "How long ago the person may have signed in.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=365),
    )


@item()
class StepUpSettings:
    """What takes more proof than the rest of the mapping: a path, some people, or both."""

    assurance: Assurance = setting(
        Assurance.MFA,
        'How much has to be known of people: "mfa", two factors, or "phishing_resistant", two of which one '
        "cannot be relayed, such as a passkey.",
    )
    path: str = setting(
        "",
        "Path below which the rule applies, in whole segments; everywhere in the mapping when empty.",
        matches=f"({_SEGMENTS})?",
        expects=_SEGMENTS_WORDS,
    )
    groups: tuple[str, ...] = setting((), "Groups whose members it applies to; everybody when empty.")


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
        'Host name that people open; "*.apps.example.org" is every name with one more label that has no '
        "mapping of its own.",
        matches=_HOST,
        expects='a host name in lower case, or "*." and one',
    )
    path: str = setting(
        "/",
        "Path below which this mapping applies, in whole segments; the longest one of a host wins.",
        matches=_SEGMENTS,
        expects=_SEGMENTS_WORDS,
    )
    match: PathKind = setting(
        PathKind.PREFIX,
        "How `path` is meant: everything below it, exactly it, or a pattern in which * is any text within a "
        "segment and ** any number of segments.",
    )
    methods: tuple[str, ...] = setting(
        (),
        "Methods of this mapping; all when empty. GET includes HEAD.",
        matches=_METHOD,
        expects=_METHOD_WORDS,
    )
    header: tuple[FieldSettings, ...] = setting(
        (), "Header fields that a request has to carry, as [[proxy.mapping.header]] tables."
    )
    query: tuple[FieldSettings, ...] = setting(
        (), "Parameters that its query has to carry, as [[proxy.mapping.query]] tables."
    )
    service: str = setting(
        "",
        "Where requests go: http://host:port, https://host:port or unix:/path/to.sock; either this or one of "
        "`pool`, `redirect`, `assets` and `answer`.",
        matches=f"(?:{SERVICE})?",
        expects=SERVICE_WORDS,
    )
    pool: str = setting("", "Name of the [[proxy.pool]] whose backends requests are spread over.")
    redirect: RedirectSettings | None = setting(None, "Send people elsewhere.")
    assets: AssetsSettings | None = setting(None, "Serve files of a directory.")
    answer: AnswerSettings | None = setting(None, "Show a page in place of the application.")
    fallback: str = setting(
        "",
        "Where requests go while the pool has no backend for them, written like `service`.",
        matches=f"(?:{SERVICE})?",
        expects=SERVICE_WORDS,
    )
    groups: tuple[str, ...] = setting(
        (), "Groups whose members may enter; with none, everybody who is signed in."
    )
    assurance: Assurance = setting(
        Assurance.SINGLE,
        'How much has to be known of people: "single" for any way to sign in, "mfa", or "phishing_resistant". '
        "Whoever proved less is asked for what is missing.",
    )
    step_up: tuple[StepUpSettings, ...] = setting(
        (), "What takes more proof than that, as [[proxy.mapping.step_up]] tables."
    )
    public: bool = setting(False, "Let everybody in without signing in; `groups` must be empty.")
    token_scope: str = setting(
        "",
        "Scope of personal access tokens that let programs in without a session, such as `applications`; "
        "with none, only people are let in.",
        matches=r"([\x21\x23-\x5b\x5d-\x7e]{1,64})?",
        expects="a scope without spaces",
    )
    sign_in_with: str = setting(
        "",
        "Name of the [[identity.federation.provider]] that people who are not signed in are sent to at once; "
        "with none, they choose on the sign-in page.",
    )
    websocket: bool = setting(True, "Pass WebSocket connections on.")
    preserve_host: bool = setting(True, "Send the host that people open, in place of the service's own.")
    identity_headers: bool = setting(True, "Tell the service who is calling, in signed X-Yett- headers.")
    bearer: BearerSettings | None = setting(
        None, "Tell the service who is calling with a token, as a [proxy.mapping.bearer] table."
    )
    request_signing: RequestSigningSettings | None = setting(
        None, "Sign each request to the service, as a [proxy.mapping.request_signing] table."
    )
    ca_file: Path | None = setting(
        None, "Trust these authorities for an https service or fallback, not the system's."
    )
    tls_client_cert: Path | None = setting(
        None, "PEM file with the certificate to show an https service or fallback that asks for one."
    )
    tls_client_key: Path | None = setting(
        None, "PEM file with the key of `tls_client_cert`, if it is not in the same file; without a password."
    )
    tls_server_name: str = setting(
        "",
        "Name that an https service or fallback is asked for and has to prove; its host when empty.",
        matches=f"(?:{HOST_NAME})?",
        expects="a host name in lower case",
    )
    send_proxy: int = setting(
        0,
        "Version of the PROXY protocol header (1 or 2) that tells the service or fallback of the client; 0 for none.",
        at_least=0,
        at_most=2,
    )
    protocol: str = setting(
        "http/1.1",
        'What the service or fallback speaks: "http/1.1", "h2", "h3" (https only, by UDP), or "auto" for what it '
        "chooses of the first two in the TLS handshake. WebSocket always goes by HTTP/1.1, over TCP.",
        matches=PROTOCOL,
        expects=PROTOCOL_WORDS,
    )
    connect_timeout: timedelta = setting(
        timedelta(seconds=5),
        "How long connecting to the service or fallback may take; a pool has a limit of its own.",
        at_least=_MOMENT,
    )
    response_timeout: timedelta = setting(
        timedelta(seconds=60),
        "How long the service or fallback may take to begin its answer; a pool has a limit of its own.",
        at_least=_MOMENT,
    )
    idle_timeout: timedelta = setting(
        timedelta(seconds=60),
        "How long a body or a WebSocket may stand still at the service or fallback.",
        at_least=timedelta(milliseconds=100),
    )
    max_connections: int = setting(
        0,
        "Most connections of this node to the service or fallback at a time; 0 for any number. Mappings with "
        "the same service and limits share them; a pool has limits of its own.",
        at_least=0,
    )
    max_waiting: int = setting(
        128, "Requests that may wait for one of `max_connections`, each up to `connect_timeout`.", at_least=0
    )
    max_body: Size = setting(
        0, "Largest request body, besides the limits of `protection.size`; 0 for any.", at_least=0
    )
    request_headers: HeaderSettings | None = setting(
        None, "Changes to the header of requests, as a [proxy.mapping.request_headers] table."
    )
    response_headers: HeaderSettings | None = setting(
        None, "Changes to the header of responses, as a [proxy.mapping.response_headers] table."
    )
    retry: RetrySettings | None = setting(
        None,
        "Sending a failed request again, as a [proxy.mapping.retry] table; without it there is no such thing.",
    )
    hedge: HedgeSettings | None = setting(
        None,
        "Sending a slow request twice, as a [proxy.mapping.hedge] table; without it there is no such thing.",
    )
    canary: CanarySettings | None = setting(
        None, "A second version for some, as a [proxy.mapping.canary] table; without it there is one version."
    )
    shadow: tuple[ShadowSettings, ...] = setting(
        (), "Services that get copies of requests, as [[proxy.mapping.shadow]] tables."
    )
    reauth: tuple[ReauthSettings, ...] = setting(
        (), "What takes a recent sign-in, as [[proxy.mapping.reauth]] tables."
    )
    rewrite_host: bool = setting(
        False,
        "Make links in pages, redirects and cookies that name the service name the host that people open.",
    )
    rewrite_redirects: bool = setting(False, "The same for redirects, cookies and other header fields only.")
    rewrite_from: tuple[str, ...] = setting(
        (),
        "More addresses by which the service names itself.",
        matches=ORIGIN,
        expects=ORIGIN_WORDS,
    )
    rewrite_limit: Size = setting(
        10 * 1024 * 1024, "Largest page whose links are rewritten.", at_least=1024, at_most=MOST
    )
    compression: bool | None = setting(
        None, "Compress responses for clients that can read them; `proxy.compression.enabled` when not set."
    )
    debug_timing: bool = setting(
        False, "Record how long each part of a request takes, and tell the client (Server-Timing)."
    )


@section("proxy")
class ProxySettings:
    """Applications behind the gateway."""

    mapping: tuple[MappingSettings, ...] = setting((), "The applications, as [[proxy.mapping]] tables.")
    pool: tuple[PoolSettings, ...] = setting((), "Pools of backends, as [[proxy.pool]] tables.")
    compression: CompressionSettings = setting(
        CompressionSettings(), "How responses are compressed, as a [proxy.compression] table."
    )
    group_monitor: GroupMonitorSettings = setting(
        GroupMonitorSettings(),
        "How sessions follow changes of groups, as a [proxy.group_monitor] table.",
    )
    signing_rotation: timedelta = setting(
        timedelta(hours=24),
        "How often the keys that sign identity headers and requests change; upstreams fetch the keys.",
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
