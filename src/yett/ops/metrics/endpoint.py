"""Where Prometheus reads the metrics: a listener of its own, never the public one."""

import asyncio
import gzip
import ipaddress
from collections.abc import Awaitable

from yett.events import Scope, describe
from yett.kernel import Supervisor
from yett.kernel.metrics import Registry
from yett.net.http import (
    REFUSAL_STATUS,
    Answer,
    Decision,
    Failure,
    HTTPServer,
    Limits,
    Outcome,
    Refusal,
    Request,
)
from yett.ops.metrics import events, exposition
from yett.ops.metrics.config import MetricsSettings, address_of

PATH = "/metrics"
_TEXT = b"text/plain; charset=utf-8"
_MOST_CONNECTIONS = 64
_WORTH_PACKING = 1024


class MetricsEndpoint:
    """Answers GET /metrics; everything else is an error."""

    def __init__(self, registry: Registry, settings: MetricsSettings, tasks: Supervisor) -> None:
        self._registry = registry
        self._address = address_of(settings)
        self._shown = settings.listen
        self._hosts = frozenset(settings.hosts)
        limits = Limits(max_connections=_MOST_CONNECTIONS, http2=False)
        self._server = HTTPServer(self, limits, spawn=tasks.run)
        # A text takes milliseconds to make; those who ask at the same time wait for one another.
        self._making = asyncio.Lock()

    def use(self, settings: MetricsSettings) -> None:
        """Take over what may change while running."""
        self._hosts = frozenset(settings.hosts)

    @property
    def ports(self) -> list[int]:
        """The port listened on; none when that failed, or is not wanted."""
        return self._server.ports

    async def start(self) -> None:
        """Listen. An address that cannot be had keeps nobody from their applications, so it is only said."""
        if self._address is None:
            return
        try:
            await self._server.start(*self._address)
        except OSError as problem:
            events.cannot_listen(address=self._shown, error=describe(problem))
            return
        events.started(address=self._shown)

    async def stop(self) -> None:
        """Stop listening; whoever reads at the moment gets a second to finish."""
        if self._server.ports:
            await self._server.drain(1.0)

    # What the engine asks.

    def decide(self, request: Request) -> Decision | Awaitable[Decision]:
        if not self._is_ours(request.host):
            events.host_refused(host=request.host[:253])
            return Answer(421, b"This is not the name of this endpoint.\n", _TEXT)
        if request.path != PATH:
            return Answer(404, b"There is nothing here but /metrics.\n", _TEXT)
        if request.method not in {b"GET", b"HEAD"}:
            return Answer(405, b"Metrics can only be read.\n", _TEXT, b"Allow: GET, HEAD\r\n")
        return self._metrics(request)

    def _is_ours(self, host: str) -> bool:
        """Whether somebody who types an address asks, and not a page whose name points here (DNS rebinding)."""
        if host == "localhost" or host in self._hosts:
            return True
        try:
            ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return False
        return True

    async def _metrics(self, request: Request) -> Decision:
        openmetrics = exposition.wants_openmetrics(request.field(b"accept") or b"")
        is_packed = _takes_gzip(request.field(b"accept-encoding") or b"")
        async with self._making:
            families = self._registry.gather()
            text = await asyncio.to_thread(exposition.expose, families, openmetrics=openmetrics)
            is_packed = is_packed and len(text) >= _WORTH_PACKING
            body = await asyncio.to_thread(gzip.compress, text, 1) if is_packed else text
        events.scraped(families=len(families), bytes=len(body))
        headers = b"Cache-Control: no-store\r\nVary: Accept, Accept-Encoding\r\n"
        if is_packed:
            headers += b"Content-Encoding: gzip\r\n"
        return Answer(200, body, exposition.OPENMETRICS if openmetrics else exposition.PLAIN, headers)

    def failed(self, request: Request, failure: Failure, detail: str) -> Answer:  # noqa: ARG002 - the engine's port
        return Answer(502, b"", _TEXT)

    def refused(self, request: Request | None, scope: Scope, refusal: Refusal, detail: str) -> Answer:  # noqa: ARG002 - the engine's port
        return Answer(REFUSAL_STATUS[refusal], b"This cannot be answered.\n", _TEXT)

    def finished(self, request: Request, outcome: Outcome) -> None:
        """Scrapes are no requests of anybody."""


def _takes_gzip(accepted: bytes) -> bool:
    for each in accepted.lower().split(b","):
        coding, _, weight = each.replace(b" ", b"").partition(b";")
        if coding in {b"gzip", b"*"}:
            return weight.removeprefix(b"q=").strip(b"0.") != b"" or not weight
    return False
