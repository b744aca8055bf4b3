"""Whether metrics are counted, and who may read them."""

from collections.abc import Iterator
from datetime import timedelta

from yett.config import Mistake, section, setting
from yett.net import HOST_NAME


def _seconds(*values: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=value) for value in values)


@section("metrics")
class MetricsSettings:
    """Metrics for Prometheus, on a listener of their own without TLS or sign-in: keep it off public networks."""

    listen: str = setting(
        "",
        'Address and port to serve /metrics on, such as "127.0.0.1:9464"; empty counts and serves nothing.',
        matches=r"((\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:]+\]):\d{1,5})?",
        expects='an IP address and a port, such as "127.0.0.1:9464" or "[::1]:9464"',
        reloadable=False,
    )
    hosts: tuple[str, ...] = setting(
        (),
        "Names under which the endpoint may be asked, besides IP addresses and localhost.",
        matches=HOST_NAME,
        expects="a host name in lower case",
    )
    buckets: tuple[timedelta, ...] = setting(
        _seconds(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        "Upper bounds of the histograms of requests, in growing order.",
        at_least=1,
        at_most=50,
        reloadable=False,
    )


def check_metrics(settings: MetricsSettings) -> Iterator[Mistake]:
    """What is wrong beyond single values."""
    address = address_of(settings)
    if address is not None and not 0 <= address[1] <= 65535:
        yield Mistake("metrics.listen", settings.listen, "there is no such port")
    bounds = settings.buckets
    if any(bound <= timedelta(0) for bound in bounds) or list(bounds) != sorted(set(bounds)):
        shown = ", ".join(f"{bound.total_seconds():g}s" for bound in bounds)
        yield Mistake(
            "metrics.buckets", shown, "the bounds have to be above 0, and each above the one before it"
        )


def address_of(settings: MetricsSettings) -> tuple[str, int] | None:
    """Host and port to listen on; None where nothing is served."""
    if not settings.listen:
        return None
    host, _, port = settings.listen.rpartition(":")
    return host.strip("[]"), int(port)
