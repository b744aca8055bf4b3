"""Lines by HTTP POST, in whichever body the collector reads."""

import gzip
import http.client
import ssl
from collections.abc import Callable, Mapping, Sequence

from yett.events.fields import describe
from yett.events.outputs.bodies import BODIES, CONTENT_TYPES, Body, judged
from yett.events.outputs.model import Refused, Unreachable
from yett.events.outputs.posting import Answer, Poster
from yett.events.outputs.quoting import Quoting, secrets_in
from yett.events.outputs.words import Words

_NEVER = frozenset({400, 413, 415, 422})
"""What is in the request will not do. Every other refusal (a token that is wrong, an address that moved, a
quota) is mended at the other side or in the settings, and the records wait for that."""
_LONGEST_ANSWER = 4 << 20


class HTTPCarrier:
    """Posts each batch, and looks at what was answered."""

    def __init__(
        self,
        url: str,
        words: Words,
        *,
        body: Body = Body.LINES,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        compress: bool = False,
        context: Callable[[], ssl.SSLContext] | None = None,
        server_name: str = "",
    ) -> None:
        """`headers` may hold a secret: nothing of them is ever shown."""
        sent = {"User-Agent": "yett", "Content-Type": CONTENT_TYPES[body], **(headers or {})}
        if compress:
            sent["Content-Encoding"] = "gzip"
        self._poster = Poster(url, headers=sent, timeout=timeout, context=context, server_name=server_name)
        self.address = self._poster.address
        self._words = words
        self._body = body
        self._compress = compress
        self._quoting = Quoting((*(headers or {}).values(), *secrets_in(url)))

    def carry(self, lines: Sequence[bytes]) -> None:
        pairs = self._words.pairs(lines)
        if not pairs:
            # Collectors have no word for "are you there"; the first records will tell.
            return
        data = BODIES[self._body](pairs)
        try:
            answer = self._poster.post(
                gzip.compress(data, 1) if self._compress else data, longest=_LONGEST_ANSWER
            )
        except (OSError, http.client.HTTPException) as problem:
            raise Unreachable(self._quoting.of(describe(problem))) from problem
        self._judge(answer, len(lines), len(pairs))

    def close(self) -> None:
        self._poster.close()

    def _judge(self, answer: Answer, lines: int, sent: int) -> None:
        if answer.status in _NEVER:
            raise Refused(f"it answered {answer.status}")
        if not 200 <= answer.status < 300:
            raise Unreachable(f"it answered {answer.status}", after=answer.retry_after)
        refused, later, reason = judged(self._body, answer.body, sent)
        if later:
            # All of them once more: those that were taken are recognised by their identifiers.
            raise Unreachable(
                f"{later} of {sent} records were not taken: {self._quoting.of(reason)}",
                after=answer.retry_after,
            )
        if refused:
            raise Refused(self._quoting.of(reason) or "it did not say why", taken=lines - refused, whole=True)
