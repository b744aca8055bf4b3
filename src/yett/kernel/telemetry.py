"""The log of a running gateway: its settings, and what is built from them."""

import asyncio
import enum
import re
import time
from datetime import timedelta
from pathlib import Path

from yett.config import Size, section, setting
from yett.events import (
    INFO,
    WARN,
    Journal,
    Level,
    Limits,
    Native,
    Retention,
    Ring,
    Sink,
    StdoutSink,
    Sync,
    Text,
    console,
    event,
    is_terminal,
    pipeline,
    should_colour,
)
from yett.events.fields import Names


class LogLevel(enum.Enum):
    """The levels, as they are written in settings."""

    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Format(enum.Enum):
    """What standard output gets."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"
    NONE = "none"


class OnAuditFailure(enum.Enum):
    """What becomes of a request whose audit record cannot be written down."""

    REFUSE = "refuse"
    CONTINUE = "continue"


_OVERRIDE = r"\s*([a-z0-9_]+(?:\.[a-zA-Z0-9_]+)*)\s*=\s*((?i:trace|debug|info|warn|error))\s*"
_REPORT_EVERY = 10.0


@section("telemetry")
class TelemetrySettings:
    """What is logged, where it goes, and how long it is kept."""

    log_level: LogLevel = setting(
        LogLevel.INFO, "Events below this level are not recorded; audit events always are."
    )
    overrides: tuple[str, ...] = setting(
        (),
        'Levels for single components and what is below them, each written "proxy=DEBUG".',
        matches=_OVERRIDE,
        expects='a component and a level, for example "proxy=DEBUG"',
    )
    format: Format = setting(
        Format.AUTO, "What standard output gets: auto means text on a terminal and json elsewhere."
    )
    queue_limit: int = setting(
        20_000,
        "Records that may wait to be written; more are dropped and counted.",
        at_least=100,
        reloadable=False,
    )
    audit_reserve: int = setting(
        2_000, "Places of the queue that only audit records may take.", at_least=0, reloadable=False
    )
    ring_size: int = setting(10_000, "Newest records kept in memory.", at_least=1, reloadable=False)
    store: bool = setting(True, "Keep all records in files under the data directory.", reloadable=False)
    segment_size: Size = setting(
        64 << 20, "A log file grows up to this size.", at_least=1 << 20, at_most=1 << 30
    )
    retention: timedelta = setting(
        timedelta(days=30), "Files older than this are removed; 0 keeps them.", at_least=timedelta(0)
    )
    audit_retention: timedelta = setting(
        timedelta(days=365), "The same for files of audit records; 0 keeps them.", at_least=timedelta(0)
    )
    retention_size: Size = setting(
        8 << 30,
        "All files together stay below this, the oldest go first, audit files last; 0 means no limit.",
        at_least=0,
    )
    audit_sync: Sync = setting(
        Sync.INTERVAL,
        "When the disk has to have a record: none, interval (within about a second), always (before the answer).",
    )
    on_audit_failure: OnAuditFailure = setting(
        OnAuditFailure.REFUSE,
        "Whether a request that cannot be written down is refused, or served all the same.",
    )


stopped = console(
    "[TELEMETRY] Shutdown complete: %s logs processed, %s logs dropped due to overflow",
    stream="stderr",
    advice="More was said than the outputs could take. Raise queue_limit or the level, or look for a slow output.",
)
stopped_with_audit = console(
    "[TELEMETRY] Shutdown complete: %s logs processed, %s logs dropped due to overflow (%s of them audit)",
    stream="stderr",
    advice="As above; the audit log on disk does not go through the queue and holds them all the same.",
)


@event("telemetry.queue", WARN, "Log records dropped")
def overflowed(dropped: int, dropped_audit: int) -> None:
    """More was said than could be written since this was last reported. Look for a slow output or a flood.

    Dropped audit records are missing from standard output only: the audit log is written at once.
    """


@event("telemetry.level", INFO, "Log levels set")
def levels_set(log_level: LogLevel, overrides: Names) -> None:
    """From here on, what is recorded below WARN depends on these. Audit events are recorded always."""


def levels_of(settings: TelemetrySettings) -> tuple[Level, dict[str, Level]]:
    """The levels in force. Raises ValueError with every override that is not understood."""
    found = {text: re.fullmatch(_OVERRIDE, text) for text in settings.overrides}
    wrong = [text for text, match in found.items() if match is None]
    if wrong:
        raise ValueError(f'overrides: {", ".join(map(repr, wrong))}: expected for example "proxy=DEBUG"')
    overrides = {match[1]: Level[match[2].upper()] for match in found.values() if match is not None}
    return Level[settings.log_level.name], overrides


class Telemetry:
    """Builds the outputs and starts the pipeline. `directory` is that of the log, None to keep no files."""

    def __init__(self, settings: TelemetrySettings, directory: Path | None, node: str) -> None:
        self._settings = settings
        self._node = node
        self._limits = _limits(settings)
        self.directory = directory if settings.store else None
        self.ring = Ring(settings.ring_size, node=node)
        self._native = Native(node)
        self._journal = (
            Journal(self.directory, self._limits, node=node, native=self._native) if self.directory else None
        )
        self._reported = (0, 0)
        self._reported_at = float("-inf")

    @property
    def refuses_unrecorded(self) -> bool:
        """Whether an exchange with an audit record that could not be written has to be refused."""
        return self._settings.on_audit_failure is OnAuditFailure.REFUSE

    async def start(self) -> None:
        """Begin to write. Raises OSError when the log directory cannot be used."""
        levels = levels_of(self._settings)
        if self._journal is not None:
            await asyncio.to_thread(self._journal.open)
        sinks: list[Sink] = [self.ring]
        if self._journal is not None:
            sinks.append(self._journal.records)
        if self._settings.format is not Format.NONE:
            sinks.append(StdoutSink(self._dialect()))
        pipeline.set_level(*levels)
        self._reported = (0, 0)
        pipeline.start(
            tuple(sinks),
            self._journal.audit if self._journal is not None else None,
            limit=self._settings.queue_limit,
            reserve=min(self._settings.audit_reserve, self._settings.queue_limit // 2),
            tick=self._tick,
        )
        if self._journal is not None:
            self._journal.report()
        self._say_levels()

    async def stop(self) -> None:
        """Write what is queued, and say on standard error what was lost, if anything was."""
        self._report_overflow(pause=0)
        await asyncio.to_thread(pipeline.stop)
        if self._journal is not None:
            await asyncio.to_thread(self._journal.close)
        if pipeline.dropped_audit:
            stopped_with_audit(pipeline.processed, pipeline.dropped, pipeline.dropped_audit)
        elif pipeline.dropped:
            stopped(pipeline.processed, pipeline.dropped)

    async def apply(self, settings: TelemetrySettings) -> None:
        """Take over what may change while running. Raises ValueError before anything has changed."""
        levels = levels_of(settings)
        before, self._settings = self._settings, settings
        fresh = _limits(settings)
        self._limits.segment_size = fresh.segment_size
        self._limits.retention = fresh.retention
        self._limits.sync = fresh.sync
        if levels != levels_of(before):
            pipeline.set_level(*levels)
            self._say_levels()

    def _say_levels(self) -> None:
        _, overrides = levels_of(self._settings)
        levels_set(
            log_level=self._settings.log_level,
            overrides=tuple(f"{name}={own.name}" for name, own in overrides.items()),
        )

    def _dialect(self) -> Native | Text:
        wanted = self._settings.format
        if wanted is Format.TEXT or (wanted is Format.AUTO and is_terminal(1)):
            return Text(colour=should_colour(1))
        return self._native

    def _tick(self) -> None:
        """Called by the pipeline's thread again and again."""
        self._report_overflow(pause=_REPORT_EVERY)
        if self._journal is not None:
            self._journal.tick()

    def _report_overflow(self, *, pause: float) -> None:
        dropped, dropped_audit = self._reported
        now = time.monotonic()
        if pipeline.dropped > dropped and now - self._reported_at >= pause:
            self._reported_at = now
            self._reported = (pipeline.dropped, pipeline.dropped_audit)
            overflowed(dropped=self._reported[0] - dropped, dropped_audit=self._reported[1] - dropped_audit)


def _limits(settings: TelemetrySettings) -> Limits:
    return Limits(
        segment_size=settings.segment_size,
        retention=Retention(
            age=settings.retention.total_seconds(),
            audit_age=settings.audit_retention.total_seconds(),
            size=settings.retention_size,
        ),
        sync=settings.audit_sync,
    )
