"""The settings of outputs: `[[telemetry.output]]`."""

import contextlib
import os
import re
import ssl
from collections.abc import Iterator, Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from yett.config import REQUIRED, Mistake, Size, item, setting
from yett.events.dialects import DIALECTS
from yett.events.outputs import TLS, Body
from yett.kernel.levels import LogLevel

_NAME = r"[a-z0-9][a-z0-9_-]{0,31}"
_HOST = r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])"
_PREFIX = r"[a-z0-9_]+(\.[a-z0-9_][a-zA-Z0-9_]*)*"
_TO = (
    rf"(?:syslog\+(?:udp|tcp|tls)|otlp\+grpcs?)://{_HOST}(?::[0-9]{{1,5}})?/?"
    rf"|(?:https?|otlp\+https?)://{_HOST}(?::[0-9]{{1,5}})?(?:/[!-~]{{0,2000}})?"
    r"|file:/[!-~]{1,1000}|stdout|stderr"
)
_METADATA = r"(?!grpc-)[a-z0-9._-]+(?<!-bin)"
"""Names that a call may carry, with text as the value (gRPC over HTTP/2, "Custom-Metadata")."""
SECURE = frozenset({"syslog+tls", "https", "otlp+https", "otlp+grpcs"})
POSTED = frozenset({"http", "https", "otlp+http", "otlp+https", "otlp+grpc", "otlp+grpcs"})
_JSON = frozenset({"native", "gafaelfawr", "adf", "ecs", "ocsf"})
STANDARD = frozenset({"stdout", "stderr"})


@item(named_by="name")
class OutputSettings:
    """One more place where records go."""

    name: str = setting(
        REQUIRED,
        "Name of the output, also of the folder where its records wait.",
        matches=_NAME,
        expects="small letters, digits, dashes and underscores, at most 32",
    )
    to: str = setting(
        REQUIRED,
        "Where records go: syslog+udp://, syslog+tcp://, syslog+tls://, otlp+http://, otlp+https://, otlp+grpc:// "
        "or otlp+grpcs:// with host and port, http:// or https:// (posted), file:/path, stdout or stderr.",
        matches=_TO,
        expects="an address such as syslog+tls://logs.example.org:6514, https://host/path or file:/path",
        # Collectors that know senders by their address have a token in its path or query.
        secret=True,
    )
    dialect: str = setting(
        "",
        "How records are written; empty means syslog for syslog and native otherwise. OTLP has its own form.",
        matches=r"[a-z0-9]*",
        expects="the name of a dialect",
    )
    level: LogLevel = setting(
        LogLevel.TRACE, "Only records at least this grave; audit records pass whatever theirs is."
    )
    components: tuple[str, ...] = setting(
        (),
        "Only these components or codes, and what is below them; empty means all.",
        at_most=200,
        matches=_PREFIX,
        expects='a component or code, for example "signin"',
    )
    without: tuple[str, ...] = setting(
        (),
        "Components or codes that are left out, with what is below them.",
        at_most=200,
        matches=_PREFIX,
        expects='a component or code, for example "http.access"',
    )
    audit_only: bool = setting(False, "Only audit records.")
    user: str = setting("", "Only what is about this person; empty means everybody.", at_most=256)
    ca_file: Path | None = setting(
        None, "PEM file with the authorities that vouch for the destination; unset trusts the system's."
    )
    cert_file: Path | None = setting(None, "PEM file with the certificate that we show, chain included.")
    key_file: Path | None = setting(None, "PEM file with its key; unset when cert_file holds it, too.")
    server_name: str = setting(
        "",
        "The name that the destination's certificate has to have; that of its address when empty.",
        matches=r"(?:[A-Za-z0-9._-]{1,253})?",
        expects="a host name",
    )
    token: str = setting(
        "",
        'Sent as "Authorization: Bearer …".',
        at_most=8192,
        matches="[!-~]*",
        expects="visible ASCII characters",
        secret=True,
    )
    headers: tuple[str, ...] = setting(
        (),
        'Fields that the destination wants to see, such as "Authorization: Splunk …".',
        at_most=50,
        matches=r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}:[ -~]*",
        expects='"Name: value" in visible ASCII characters',
        secret=True,
    )
    body: Body = setting(
        Body.LINES,
        "How posted records stand in a request: lines, bulk (Elasticsearch), loki or splunk.",
    )
    compress: bool = setting(False, "Compress what is posted with gzip.")
    service_name: str = setting(
        "yett", "What the gateway is called in records for OpenTelemetry.", at_least=1, at_most=128
    )
    message_limit: Size | None = setting(
        None,
        "Longer messages have their texts shortened; unset means 8 KiB for syslog and any length otherwise.",
        at_least=480,
        at_most=1 << 20,
    )
    timeout: timedelta = setting(
        timedelta(seconds=10),
        "How long the destination may take for one batch.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(minutes=2),
    )
    retry_pause: timedelta = setting(
        timedelta(seconds=30),
        "The longest pause between tries; the first is half a second, and it doubles.",
        at_least=timedelta(milliseconds=500),
        at_most=timedelta(hours=1),
    )
    queue_limit: int = setting(
        10_000,
        "Records that may wait in memory, 1 KiB each; more wait on disk.",
        at_least=100,
        at_most=1_000_000,
    )
    spool_size: Size = setting(
        256 << 20,
        "How much may wait on disk while the destination is away, the oldest is dropped first; 0 means nothing.",
        at_least=0,
        at_most=1 << 40,
    )


def check_outputs(outputs: Sequence[OutputSettings], *, writes_stdout: bool) -> Iterator[Mistake]:
    """What is wrong beyond single values. `writes_stdout`: `telemetry.format` uses standard output already."""
    names = [each.name for each in outputs]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Mistake(f"telemetry.output[{name}].name", name, "is the name of several")
    places = [_place(each) for each in outputs]
    for each in outputs:
        if _place(each) and places.count(_place(each)) > 1:
            yield Mistake(
                f"telemetry.output[{each.name}].to", shown(each.to), "two outputs would write over each other"
            )
        if each.name in STANDARD and each.to != each.name:
            yield Mistake(f"telemetry.output[{each.name}].name", each.name, "would mislead")
        if each.to == "stdout" and writes_stdout:
            yield Mistake(
                f"telemetry.output[{each.name}].to",
                shown(each.to),
                "is written already",
                'set telemetry.format = "none"',
            )
        yield from _check(each)


def _check(output: OutputSettings) -> Iterator[Mistake]:
    key, scheme = f"telemetry.output[{output.name}]", scheme_of(output)
    try:
        port = urlsplit(output.to).port
    except ValueError as wrong:
        yield Mistake(f"{key}.to", shown(output.to), str(wrong))
        return
    if port == 0:
        yield Mistake(f"{key}.to", shown(output.to), "port 0 is none")
    if output.dialect and output.dialect not in DIALECTS:
        yield Mistake(
            f"{key}.dialect", output.dialect, "there is no such dialect", f"known: {', '.join(DIALECTS)}"
        )
    if scheme.startswith("otlp"):
        yield from _check_otlp(output, key)
    if scheme in {"http", "https"} and output.body is Body.BULK and dialect_of(output) not in _JSON:
        yield Mistake(f"{key}.dialect", output.dialect, "bulk wants a dialect of JSON")
    yield from _check_unread(output, key)
    if scheme not in SECURE:
        for name in ("ca_file", "cert_file", "server_name"):
            if getattr(output, name):
                yield Mistake(f"{key}.{name}", str(getattr(output, name)), f"{scheme} has no TLS")
        if (output.token or output.headers) and scheme in POSTED and not _is_here(output):
            yield Mistake(
                f"{key}.to",
                shown(output.to),
                "token and headers would travel in the clear",
                "use an address with TLS",
            )
    if output.token and any(line.lower().startswith("authorization:") for line in output.headers):
        yield Mistake(f"{key}.token", "", "headers say Authorization as well")
    if output.key_file is not None and output.cert_file is None:
        yield Mistake(f"{key}.cert_file", "", "is required with key_file")
    elif scheme in SECURE:
        yield from _check_files(output, key)


def _check_unread(output: OutputSettings, key: str) -> Iterator[Mistake]:
    """What is set, and means nothing to a destination of that kind."""
    scheme = scheme_of(output)
    unread = {
        "token": bool(output.token) and scheme not in POSTED,
        "headers": bool(output.headers) and scheme not in POSTED,
        "compress": output.compress and scheme not in POSTED,
        "body": output.body is not Body.LINES and scheme not in {"http", "https"},
        "message_limit": output.message_limit is not None and scheme.startswith("otlp"),
    }
    for name in (each for each, is_set in unread.items() if is_set):
        yield Mistake(f"{key}.{name}", "", f"means nothing to {scheme}")


def _check_otlp(output: OutputSettings, key: str) -> Iterator[Mistake]:
    if output.dialect:
        yield Mistake(f"{key}.dialect", output.dialect, "OTLP has a form of its own")
    if scheme_of(output).startswith("otlp+grpc"):
        for name in headers_of(output):
            if not re.fullmatch(_METADATA, name.lower()):
                yield Mistake(f"{key}.headers", name, "gRPC cannot send a header of that name")


def _check_files(output: OutputSettings, key: str) -> Iterator[Mistake]:
    for name, use in (
        ("ca_file", lambda: ssl.create_default_context(cafile=output.ca_file)),
        ("cert_file", lambda: _chain(output)),
    ):
        path = getattr(output, name)
        if path is None:
            continue
        try:
            use()
        except OSError as wrong:
            # An SSLError is one, too, and says nothing that an operator would understand.
            problem = (
                "it holds no certificates in PEM, or another key" if isinstance(wrong, ssl.SSLError) else None
            )
            yield Mistake(f"{key}.{name}", str(path), problem or wrong.strerror or "it cannot be read")


def _chain(output: OutputSettings) -> None:
    if output.cert_file is not None:
        # A key with a passphrase would be asked for at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            output.cert_file, output.key_file, password=""
        )


def shown(to: str) -> str:
    """An address without what stands behind its host: a token may be in there."""
    scheme, mark, rest = to.partition("://")
    host, _, more = rest.partition("/")
    return f"{scheme}{mark}{host}{'/…' if more else ''}"


def scheme_of(output: OutputSettings) -> str:
    """The kind of destination."""
    return output.to.partition(":")[0]


def headers_of(output: OutputSettings) -> dict[str, str]:
    """What is sent with each request; secret."""
    pairs = (line.partition(":") for line in output.headers)
    headers = {name: value.strip() for name, _, value in pairs}
    return headers | ({"Authorization": f"Bearer {output.token}"} if output.token else {})


def tls_of(output: OutputSettings) -> TLS | None:
    """How the connection is secured; None where it is not."""
    if scheme_of(output) not in SECURE:
        return None
    return TLS(output.ca_file, output.cert_file, output.key_file, output.server_name)


def dialect_of(output: OutputSettings) -> str:
    """The name of the dialect that the destination gets."""
    return output.dialect or ("syslog" if scheme_of(output).startswith("syslog") else "native")


def _place(output: OutputSettings) -> str:
    """What only one output may write to: a file, however its path is written, or a standard stream."""
    if output.to.startswith("file:"):
        return os.path.normpath(f"/{output.to.removeprefix('file:').lstrip('/')}")
    return output.to if output.to in STANDARD else ""


def _is_here(output: OutputSettings) -> bool:
    host = urlsplit(output.to).hostname or ""
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    # A name that begins with "127." may be anywhere.
    return host == "localhost" or host.endswith(".localhost")
