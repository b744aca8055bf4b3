"""Beginning traces: whom to believe about them, and which are recorded."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from yett.kernel.tracing.config import Incoming, TracingSettings
from yett.kernel.tracing.context import lines_of, parse_parent

_DRAWN = 4096
"""Random bytes drawn at a time."""


@dataclass(slots=True)
class Trace:
    """The trace of one request, and the request's own span in it."""

    trace_id: str
    span_id: str
    parent_id: str
    """The caller's span; empty where the trace begins here."""
    is_sampled: bool
    state: bytes = b""

    def lines(self, span_id: str) -> bytes:
        """The header lines for whoever is called from that span."""
        return lines_of(self.trace_id, span_id, is_sampled=self.is_sampled, state=self.state)


class Tracer:
    """Decides about traces by the settings."""

    def __init__(self, settings: TracingSettings) -> None:
        self._incoming = settings.incoming
        self._follows = settings.follow_sampling
        # The last 8 bytes of a trace id are random (W3C Trace Context, level 2, 3.2.2.3), and every
        # gateway with the same ratio decides the same about the same trace.
        self._below = int(settings.ratio * (1 << 64))

    def begin(self, lines: Sequence[bytes], *, is_proxied: bool) -> Trace:
        """The trace of a request with these header lines; `is_proxied` if a trusted proxy passed it on."""
        incoming = self._incoming
        if incoming is Incoming.CONTINUE or (incoming is Incoming.PROXIES and is_proxied):
            parent = parse_parent(lines)
            if parent is not None:
                is_sampled = parent.is_sampled if self._follows else self._samples(parent.trace_id)
                return Trace(parent.trace_id, new_span_id(), parent.span_id, is_sampled, parent.state)
        trace_id = _random.draw(32)
        return Trace(trace_id, new_span_id(), "", self._samples(trace_id))

    def _samples(self, trace_id: str) -> bool:
        return int(trace_id[16:], 16) < self._below


class _Random:
    """Random ids, many drawn at once: asking the system for each costs more than everything else about it."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Draw anew: a forked child must not go on with what its parent drew."""
        self._lock = threading.Lock()
        self._digits = ""
        self._place = 0

    def draw(self, size: int) -> str:
        """So many hexadecimal digits; never all zeros, which would mean no id."""
        while True:
            with self._lock:
                place, self._place = self._place, self._place + size
                if self._place > len(self._digits):
                    self._digits = os.urandom(_DRAWN).hex()
                    place, self._place = 0, size
                made = self._digits[place : place + size]
            if made.strip("0"):
                return made


_random = _Random()
os.register_at_fork(after_in_child=_random.forget)


def new_span_id() -> str:
    """A new id. It names a span; it is not a secret."""
    return _random.draw(16)
