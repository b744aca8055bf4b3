"""Records to a collector by OTLP over HTTP with protobuf."""

import gzip
import http.client
import ssl
from collections.abc import Callable, Mapping, Sequence

from yett.events.fields import describe
from yett.events.outputs.model import Refused, Unreachable
from yett.events.outputs.otlp.answers import judge_answer, judge_status
from yett.events.outputs.otlp.encoding import Encoder
from yett.events.outputs.posting import Poster
from yett.events.outputs.quoting import Quoting, secrets_in

MOST = 4 << 20
"""Bytes of one export: what every collector takes, unless somebody lowered its limit."""


class OTLPOverHTTP:
    """A `Carrier`. `headers` are secret: they usually hold what lets us in."""

    def __init__(
        self,
        url: str,
        encoder: Encoder,
        *,
        headers: Mapping[str, str],
        timeout: float,
        version: str,
        context: Callable[[], ssl.SSLContext] | None = None,
        server_name: str = "",
        compress: bool = True,
        most: int = MOST,
    ) -> None:
        own = {"Content-Type": "application/x-protobuf", "User-Agent": f"yett/{version}"}
        if compress:
            own["Content-Encoding"] = "gzip"
        self._poster = Poster(
            url, headers={**own, **headers}, timeout=timeout, context=context, server_name=server_name
        )
        self._encoder = encoder
        self._compress = compress
        self._most = most
        self._quoting = Quoting((*headers.values(), *secrets_in(url)))

    @property
    def address(self) -> str:
        """Host and port."""
        return self._poster.address

    def carry(self, lines: Sequence[bytes]) -> None:
        """One export; an empty one for no lines, which a collector has to answer as well."""
        body, unread = self._encoder.encode(lines)
        check(body, lines, unread, self._most)
        try:
            answer = self._poster.post(gzip.compress(body, 1) if self._compress else body)
        except (OSError, http.client.HTTPException) as problem:
            raise Unreachable(self._quoting.of(describe(problem))) from problem
        judge_status(answer.status, answer.body, answer.retry_after, self._quoting)
        judge_answer(answer.body, len(lines), unread, self._quoting)

    def close(self) -> None:
        """Let go of the connection."""
        self._poster.close()


def check(body: bytes, lines: Sequence[bytes], unread: int, most: int) -> None:
    """Raises Refused for what is not worth sending: too much at once, or nothing where something was meant."""
    if len(body) > most:
        raise Refused(f"an export of {len(body)} bytes is more than a collector has to take")
    if lines and unread == len(lines):
        raise Refused("they are no records", whole=True)
