"""Whether requests are traced, whom to believe about a trace, and where spans go."""

import enum
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from yett.config import Mistake, section, setting

_FIELD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}"


class Incoming(enum.Enum):
    """What becomes of a trace that a request says it belongs to."""

    RESTART = "restart"
    """A new trace begins, whatever the request says."""
    PROXIES = "proxies"
    """It goes on if the request came through a trusted proxy; anybody else's begins anew."""
    CONTINUE = "continue"
    """It goes on, whoever says so."""


@section("tracing")
class TracingSettings:
    """Traces of requests for an OpenTelemetry collector."""

    endpoint: str = setting(
        "",
        "Where spans go, by OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; empty traces nothing.",
        matches=r"(https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?)?",
        expects="an address that begins with http:// or https://",
        reloadable=False,
    )
    headers: tuple[str, ...] = setting(
        (),
        'Fields that the collector wants to see, such as "Authorization: Bearer …".',
        matches=_FIELD + ":[ -~]*",
        expects='"Name: value" in visible ASCII characters',
        secret=True,
        reloadable=False,
    )
    ca_file: Path | None = setting(
        None,
        "PEM file with the authorities that vouch for the collector; unset trusts the system's.",
        reloadable=False,
    )
    service_name: str = setting(
        "yett", "What the gateway is called in traces.", at_least=1, at_most=128, reloadable=False
    )
    incoming: Incoming = setting(
        Incoming.RESTART,
        "Whether a request goes on with the trace that it names: restart believes nobody, proxies believes what "
        "came through trusted proxies, continue believes everybody.",
        reloadable=False,
    )
    follow_sampling: bool = setting(
        True,
        "In a trace that goes on, record what its beginner records, and nothing else; otherwise `ratio` decides.",
        reloadable=False,
    )
    ratio: float = setting(
        0.01, "The share of traces that is recorded.", at_least=0.0, at_most=1.0, reloadable=False
    )
    queue_limit: int = setting(
        8192,
        "Spans that may wait for the collector; more are dropped and counted.",
        at_least=64,
        at_most=1_000_000,
        reloadable=False,
    )
    timeout: timedelta = setting(
        timedelta(seconds=10),
        "How long the collector may take to answer.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(minutes=2),
        reloadable=False,
    )
    patience: timedelta = setting(
        timedelta(minutes=1),
        "How long a batch is offered to a collector that cannot take it before it is dropped.",
        at_least=timedelta(0),
        at_most=timedelta(minutes=30),
        reloadable=False,
    )


def check_tracing(settings: TracingSettings) -> Iterator[Mistake]:
    """What is wrong beyond single values."""
    try:
        urlsplit(settings.endpoint).port  # noqa: B018 - asking for it is what checks it
    except ValueError as wrong:
        yield Mistake("tracing.endpoint", settings.endpoint, str(wrong))
    if settings.ca_file is not None:
        try:
            ssl.create_default_context(cafile=str(settings.ca_file))
        except OSError as wrong:
            # An SSLError is one, too, and says nothing that an operator would understand.
            problem = "it holds no certificates in PEM" if isinstance(wrong, ssl.SSLError) else wrong.strerror
            yield Mistake("tracing.ca_file", str(settings.ca_file), problem or "it cannot be read")
