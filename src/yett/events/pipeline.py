"""From a call to the sinks: bounded, never waiting, counting what it had to drop.

A record is a tuple until somebody needs text. Audit records are written to the audit sink
before the call returns, so an answer that depends on one cannot leave before it. Everything
else is queued and written in batches by one thread.

What must stay true:
  the queue never grows past its limit, and the last `reserve` places are for audit records;
  whatever is dropped is counted, audit records separately;
  nothing here raises into the code that emitted.
"""

import contextlib
import functools
import io
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, TextIO

from yett.events.declare import ConsoleDeclaration, Declaration, attach, catalogue
from yett.events.levels import Level
from yett.events.scope import Scope, current_scope, is_in_scope


class Record(NamedTuple):
    """One thing said, at one moment, in one scope."""

    declaration: Declaration
    at: int
    """Nanoseconds since the epoch."""
    request_id: str
    trace_id: str
    session: str
    user: str
    client_address: str
    values: tuple[Any, ...]


_new_tuple = tuple.__new__


class Sink(Protocol):
    """Where records go. `write` is called from one thread at a time, with records in order."""

    def write(self, records: list[Record]) -> None: ...
    def close(self) -> None: ...


class AuditSink(Protocol):
    """Where audit records go first. `append` returns only when the record is down; OSError otherwise.

    It is called by every thread that emits.
    """

    def append(self, record: Record) -> None: ...
    def close(self) -> None: ...


Listener = Callable[[Record], None]
ConsoleListener = Callable[[ConsoleDeclaration, str], None]


class Pipeline:
    """The one way from an emitted event to everything that reads the log."""

    def __init__(self, *, limit: int = 20_000, reserve: int = 2_000) -> None:
        self.limit = limit
        self.reserve = reserve
        self.processed = 0
        self.dropped = 0
        self.dropped_audit = 0
        self.failed_sinks = 0
        self.audit_failed = False
        """Whether the newest audit record could not be written down."""
        self._queue: deque[Record] = deque()
        self._listeners: tuple[Listener, ...] = ()
        self._console_listeners: tuple[ConsoleListener, ...] = ()
        self._sinks: tuple[Sink, ...] = ()
        self._tick: Callable[[], None] | None = None
        self._audit: AuditSink | None = None
        self._counting = threading.Lock()
        self._wake = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._stopping = False
        self._has_served = False
        self._thread: threading.Thread | None = None
        self._sleeping = False
        self.level = Level.INFO
        self.overrides: dict[str, Level] = {}

    # Emitting.

    def emit(self, declaration: Declaration, values: tuple[Any, ...]) -> None:
        """Take one event. Never raises, never waits for anything but the audit file."""
        scope: Scope = current_scope()
        # As `Record(…)` does it, without the call in between.
        record = _new_tuple(
            Record,
            (
                declaration,
                time.time_ns(),
                scope.request_id,
                scope.trace_id,
                scope.session,
                scope.user,
                scope.client_address,
                values,
            ),
        )
        for listener in self._listeners:
            self._do("listener", functools.partial(listener, record))
        if declaration.audit:
            self._append_audit(record)
        self._put(record, declaration)

    def offer(self, record: Record) -> None:
        """Take a record that the audit log has written of its own accord, for listeners and sinks."""
        for listener in self._listeners:
            self._do("listener", functools.partial(listener, record))
        self._put(record, record.declaration)

    def _put(self, record: Record, declaration: Declaration) -> None:
        """Queue a record for the sinks, if there is room."""
        if self._thread is None:
            return
        queue = self._queue
        length = len(queue)
        if length >= self.limit - (0 if declaration.audit else self.reserve):
            with self._counting:
                self.dropped += 1
                self.dropped_audit += declaration.audit
            return
        queue.append(record)
        if self._sleeping:
            self._sleeping = False
            self._wake.set()

    def _append_audit(self, record: Record) -> None:
        audit = self._audit
        if audit is None:
            return
        try:
            audit.append(record)
        except Exception as problem:  # noqa: BLE001 - whatever kept it from being written, it is not written
            if is_in_scope():
                current_scope().unrecorded = True
            if not self.audit_failed:
                self.audit_failed = True
                _complain(f"[TELEMETRY] Audit record could not be written: {problem}")
        else:
            self.audit_failed = False

    # Where records go.

    def start(
        self,
        sinks: tuple[Sink, ...],
        audit: AuditSink | None,
        *,
        limit: int = 20_000,
        reserve: int = 2_000,
        tick: Callable[[], None] | None = None,
    ) -> None:
        """Begin to write. Records emitted earlier went to listeners only.

        `tick` is called by the writing thread after each batch, and twice a second when there is none.
        """
        self.limit, self.reserve = limit, reserve
        self._sinks, self._audit, self._tick = sinks, audit, tick
        self.processed = self.dropped = self.dropped_audit = self.failed_sinks = 0
        self.audit_failed = False
        self._stopping = False
        self._has_served = True
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, close the sinks, and say what was dropped."""
        thread = self._thread
        if thread is None:
            return
        self._stopping = True
        self._wake.set()
        thread.join(timeout=10)
        self._thread = None
        left = list(self._queue)
        self._queue.clear()
        if thread.is_alive():
            # An output hangs; whatever waits behind it is lost.
            self.dropped += len(left)
            self.dropped_audit += sum(record.declaration.audit for record in left)
        else:
            # Said while the thread was on its way out.
            self._write(left)
        for sink in self._sinks:
            with contextlib.suppress(OSError, ValueError):
                sink.close()
        if self._audit is not None:
            with contextlib.suppress(OSError, ValueError):
                self._audit.close()
        self._sinks, self._audit = (), None

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything emitted so far has been written; for tests and for stopping."""
        if self._thread is None:
            return True
        deadline = time.monotonic() + timeout
        while self._queue or not self._idle.is_set():
            self._wake.set()
            if not self._idle.wait(0.005) and time.monotonic() > deadline:
                return False
            if time.monotonic() > deadline:
                return False
        return True

    @property
    def waiting(self) -> int:
        """Records in the queue."""
        return len(self._queue)

    def add_sink(self, sink: Sink) -> None:
        """Send what comes from now on to one more sink."""
        self._sinks = (*self._sinks, sink)

    def _run(self) -> None:
        queue = self._queue
        while True:
            if not queue:
                self._idle.set()
                if self._stopping:
                    return
                # The flag is set before the queue is looked at again, so that an emitter
                # which appended in between either is seen here or sees the flag.
                self._sleeping = True
                if not queue:
                    self._wake.wait(0.5)
                self._sleeping = False
                self._wake.clear()
                if not queue:
                    self._do("tick", self._tick)
                    continue
                self._idle.clear()
            self._idle.clear()
            if not self._stopping and len(queue) < 256:
                # Let a batch gather: one write for many records costs a third of one for each.
                self._wake.wait(0.02)
                self._wake.clear()
            batch = [queue.popleft() for _ in range(min(len(queue), 2048))]
            self._write(batch)
            self._do("tick", self._tick)

    def _write(self, batch: list[Record]) -> None:
        if batch:
            for sink in self._sinks:
                self._do(type(sink).__name__, functools.partial(sink.write, batch))
            self.processed += len(batch)

    def _do(self, name: str, work: Callable[[], None] | None) -> None:
        """Do what may fail; the thread goes on, and says so now and then."""
        if work is None:
            return
        try:
            work()
        except Exception as problem:  # noqa: BLE001 - one output's fault must not end all logging
            self.failed_sinks += 1
            if self.failed_sinks in {1, 10, 100} or self.failed_sinks % 1000 == 0:
                _complain(f"[TELEMETRY] {name} failed: {problem}")

    # Listening, for tests and for the ring.

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each record as it is emitted; the answer ends that."""
        self._listeners = (*self._listeners, listener)

        def stop() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return stop

    def listen_to_console(self, listener: ConsoleListener) -> Callable[[], None]:
        """Call `listener` with each printed line; the answer ends that."""
        self._console_listeners = (*self._console_listeners, listener)

        def stop() -> None:
            self._console_listeners = tuple(o for o in self._console_listeners if o is not listener)

        return stop

    def print_line(self, declaration: ConsoleDeclaration, text: str) -> None:
        """Print one declared console line."""
        for listener in self._console_listeners:
            listener(declaration, text)
        stream = sys.stderr if declaration.stream == "stderr" else sys.stdout
        _print(text, stream, may_wait=not self._has_served)

    # Levels.

    def set_level(self, level: Level, overrides: dict[str, Level] | None = None) -> None:
        """Record events of at least this level; `overrides` maps component prefixes to levels of their own.

        Audit events are always recorded, whatever the level.
        """
        self.level = level
        self.overrides = dict(overrides or {})
        for declaration in catalogue.events.values():
            declaration.enabled = self.wants(declaration)

    def wants(self, declaration: Declaration) -> bool:
        """Whether an event is recorded at the levels in force."""
        return declaration.audit or declaration.level >= self.level_of(declaration.component)

    def level_of(self, component: str) -> Level:
        """The level of a component: that of the longest prefix with one of its own, else the common one."""
        best, level = -1, self.level
        for prefix, own in self.overrides.items():
            matches = component == prefix or component.startswith(prefix + ".")
            if matches and len(prefix) > best:
                best, level = len(prefix), own
        return level

    @contextlib.contextmanager
    def at_level(self, level: Level) -> Iterator[None]:
        """Another level for a while."""
        before, overrides = self.level, self.overrides
        self.set_level(level, overrides)
        try:
            yield
        finally:
            self.set_level(before, overrides)


def _complain(text: str) -> None:
    """Trouble of the log itself goes to standard error only: it cannot go through the log."""
    _print(text, sys.stderr, may_wait=False)


def _print(text: str, stream: TextIO, *, may_wait: bool) -> None:
    """Print a line. Where nobody may wait, a reader that stalls gets less than all of it.

    Whoever runs a command is waited for; a gateway that serves prints from its event loop, too.
    """
    with contextlib.suppress(OSError, ValueError):
        if may_wait or not hasattr(stream, "fileno"):
            print(text, file=stream, flush=True)
            return
        try:
            descriptor = stream.fileno()
        except io.UnsupportedOperation:
            print(text, file=stream, flush=True)
            return
        data = f"{text}\n".encode(errors="backslashreplace")
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        # A pipe that is ready takes as much without waiting (pipe(7)).
        while data and poll.poll(0):
            data = data[os.write(descriptor, data[: select.PIPE_BUF]) :]


pipeline = Pipeline()
catalogue.is_wanted = pipeline.wants
attach(pipeline.emit, pipeline.print_line)
