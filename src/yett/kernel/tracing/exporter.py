"""Getting spans to a collector by OTLP over HTTP, in a thread of its own.

Whoever makes spans only appends to a queue. What must stay true:
  the queue never grows past its limit, and nobody waits for it;
  a batch is offered again while the collector cannot take it, but not for ever;
  every span that did not arrive is counted once.
"""

import gzip
import http.client
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence

from yett.events import describe
from yett.events.outputs import Poster
from yett.kernel.tracing import events
from yett.kernel.tracing.config import TracingSettings
from yett.kernel.tracing.model import Span, Value

_BATCH = 512
_GATHER = 1.0
"""Seconds that spans may wait for others to go with."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_SAY_EVERY = 10.0
_LONGEST_ANSWER = 1 << 16
_RETRYABLE = frozenset({429, 502, 503, 504})
"""OTLP specification, "Failures": everything else would fail again."""


class _Refused(Exception):
    """The collector will not take this batch, now or later."""


class _Unable(Exception):
    """It may take the batch later; not before `after` seconds if it said so."""

    def __init__(self, text: str, after: float = 0.0) -> None:
        super().__init__(text)
        self.after = after


class Exporter:
    """Takes spans and sends them on. Start before use; nothing is sent after `stop`."""

    def __init__(
        self,
        settings: TracingSettings,
        *,
        resource: Mapping[str, Value],
        version: str,
        gather: float = _GATHER,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self.exported = 0
        self.dropped = 0
        """Spans that found no place in the queue."""
        self.lost = 0
        """Spans that the collector did not take."""
        self._settings = settings
        self._resource = {"service.name": settings.service_name, "service.version": version, **resource}
        self._version = version
        self._gather = gather
        self._first_pause = first_pause
        headers = {
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "gzip",
            "User-Agent": f"yett/{version}",
            **_headers(settings.headers),
        }
        self._poster = Poster(
            settings.endpoint,
            headers=headers,
            timeout=settings.timeout.total_seconds(),
            context=self._context,
        )
        self._address = self._poster.address
        self._queue: deque[Span] = deque()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._deadline = float("inf")
        self._thread: threading.Thread | None = None
        self._is_failing = False
        self._lost_since = 0
        self._reported = 0
        self._say_at = 0.0

    def offer(self, spans: Sequence[Span]) -> None:
        """Take spans; those for which there is no place are dropped and counted. Never waits."""
        queue = self._queue
        if len(queue) + len(spans) > self._settings.queue_limit:
            self.dropped += len(spans)
            return
        queue.extend(spans)
        if len(queue) >= _BATCH:
            self._wake.set()

    @property
    def waiting(self) -> int:
        """Spans in the queue."""
        return len(self._queue)

    def start(self) -> None:
        """Begin to send. Raises OSError when the authorities cannot be read."""
        if self._settings.endpoint.startswith("https:"):
            self._context()
        self._thread = threading.Thread(target=self._run, name="tracing", daemon=True)
        self._thread.start()
        events.started(endpoint=self._address, ratio=self._settings.ratio, incoming=self._settings.incoming)

    def stop(self, seconds: float = 5.0) -> None:
        """Send what waits, for at most so long, and end. It blocks: call it in a thread."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        lost = self.lost
        self._deadline = time.monotonic() + seconds
        self._stopping.set()
        self._wake.set()
        thread.join(seconds + 1.0)
        left = len(self._queue)
        self._queue.clear()
        self.lost += left
        if thread.is_alive():
            events.shutdown_failed("the collector did not answer in time")
        elif self.lost > lost:
            events.shutdown_failed(f"{self.lost - lost} spans were not taken")

    # The thread.

    def _context(self) -> ssl.SSLContext:
        file = self._settings.ca_file
        return ssl.create_default_context(cafile=str(file) if file is not None else None)

    def _run(self) -> None:
        while True:
            self._wake.wait(self._gather)
            self._wake.clear()
            while self._queue and time.monotonic() < self._deadline:
                queue = self._queue
                self._deliver([queue.popleft() for _ in range(min(len(queue), _BATCH))])
            self._report_dropped()
            if self._stopping.is_set():
                self._poster.close()
                return

    def _deliver(self, batch: list[Span]) -> None:
        """Send a batch; again and again while that may help."""
        # Loaded by whoever needs it: it takes longer to import than the rest of this room.
        from yett.kernel.tracing import otlp  # noqa: PLC0415 - see above

        body = gzip.compress(otlp.encode(batch, self._resource, version=self._version), 1)
        give_up_at = time.monotonic() + self._settings.patience.total_seconds()
        pause = self._first_pause
        while True:
            try:
                count, detail = otlp.rejected(self._post(body))
            except _Refused as problem:
                self._failed(problem, len(batch))
                return
            except _Unable as problem:
                self._failed(problem, 0)
                wait = max(pause, problem.after)
                until = min(give_up_at, self._deadline)
                if time.monotonic() + wait > until or self._stopping.wait(wait):
                    if self._stopping.is_set() and time.monotonic() < min(self._deadline, give_up_at):
                        # The end has come: one more try, and no more pauses.
                        give_up_at = 0.0
                        continue
                    self._failed(problem, len(batch))
                    return
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self._succeeded(len(batch) - min(count, len(batch)))
                if count:
                    self.lost += min(count, len(batch))
                    events.rejected(endpoint=self._address, count=count, detail=_one_line(detail))
                return

    def _post(self, body: bytes) -> bytes:
        """One try; the collector's answer."""
        try:
            answer = self._poster.post(body, longest=_LONGEST_ANSWER)
        except (OSError, http.client.HTTPException) as problem:
            raise _Unable(describe(problem)) from problem
        if 200 <= answer.status < 300:
            return answer.body
        text = f"the collector answered {answer.status}"
        if answer.status in _RETRYABLE:
            raise _Unable(text, answer.retry_after)
        raise _Refused(text)

    # Telling.

    def _failed(self, problem: Exception, lost: int) -> None:
        self.lost += lost
        self._lost_since += lost
        if not self._is_failing:
            self._is_failing = True
            events.failing(endpoint=self._address, error=_one_line(str(problem)))

    def _succeeded(self, count: int) -> None:
        self.exported += count
        if self._is_failing:
            self._is_failing = False
            events.recovered(endpoint=self._address, lost=self._lost_since)
            self._lost_since = 0

    def _report_dropped(self) -> None:
        now = time.monotonic()
        if self.dropped > self._reported and (now >= self._say_at or self._stopping.is_set()):
            self._say_at = now + _SAY_EVERY
            count, self._reported = self.dropped - self._reported, self.dropped
            events.dropped(count=count)


def _headers(lines: Sequence[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip() for name, _, value in pairs}


def _one_line(text: str) -> str:
    return "".join(each for each in text if each.isprintable())[:300]
