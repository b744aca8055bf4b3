"""The log of a running gateway: its settings, and what is built from them."""

import asyncio
import contextlib
import enum
import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec

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
    Signer,
    Sink,
    Text,
    console,
    event,
    is_terminal,
    pipeline,
    should_colour,
)
from yett.events.fields import Names
from yett.events.outputs import DescriptorCarrier, Output, Outputs, Pace
from yett.kernel.audit import AuditSettings, OnFailure
from yett.kernel.fallback import Fallback
from yett.kernel.levels import LogLevel
from yett.kernel.outputs import OnState, OutputSettings, OutputsInForce, filter_of, scheme_of
from yett.kernel.tracing.events import shutdown_failed


class Format(enum.Enum):
    """What standard output gets."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"
    NONE = "none"


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
        Format.AUTO,
        "What standard output gets: auto means text on a terminal and json elsewhere.",
        reloadable=False,
    )
    output: tuple[OutputSettings, ...] = setting((), "More places where records go.", at_most=50)
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
    retention_size: Size = setting(
        8 << 30,
        "All files together stay below this, the oldest go first, audit files last; 0 means no limit.",
        at_least=0,
    )


stopped = console(
    "[TELEMETRY] Shutdown complete: %s logs processed, %s logs dropped due to overflow",
    stream="stderr",
    advice=(
        "More was said than the outputs could take; each output that dropped a record counts it. Raise queue_limit, "
        "spool_size or the level, or look for a slow output."
    ),
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

    def __init__(
        self,
        settings: TelemetrySettings,
        directory: Path | None,
        node: str,
        *,
        audit: AuditSettings | None = None,
    ) -> None:
        self._settings = settings
        self._audit = audit or AuditSettings()
        self._node = node
        self._limits = _limits(settings, self._audit)
        self.directory = directory if settings.store else None
        self.ring = Ring(settings.ring_size, node=node)
        self._native = Native(node)
        self._sink = Outputs(self._native)
        spools = directory / "spool" if directory is not None else None
        self._fallback = Fallback(self._native, lambda: self._standard(Format.AUTO))
        self._fallback.is_needed = not _writes_standard(settings)
        self.outputs = OutputsInForce(self._sink, spools, on_state=self._on_state)
        self._journal = (
            Journal(self.directory, self._limits, node=node, native=self._native) if self.directory else None
        )
        self._reported = (0, 0)
        self._reported_at = float("-inf")

    @property
    def refuses_unrecorded(self) -> bool:
        """Whether an exchange with an audit record that could not be written has to be refused."""
        return self._audit.on_failure is OnFailure.REFUSE

    async def start(self) -> None:
        """Begin to write. Raises OSError when the log directory cannot be used."""
        levels = levels_of(self._settings)
        if self._journal is not None:
            await asyncio.to_thread(self._journal.open)
        sinks: list[Sink] = [self.ring]
        if self._journal is not None:
            sinks.append(self._journal.records)
        sinks += [self._sink, self._fallback]
        # Before anything is said, so that outputs get the first words as well.
        await asyncio.to_thread(self.outputs.prepare, self._settings.output, self._own_outputs())
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
        await asyncio.to_thread(self.outputs.start)

    async def sign_with(self, signer: Signer) -> None:
        """Have the audit log signed from now on: at once, every few seconds, and at the end."""
        if self._journal is not None:
            await asyncio.to_thread(self._journal.audit.sign_with, signer)

    async def stop(self) -> None:
        """Write what is queued, and say on standard error what was lost, if anything was."""
        self._report_overflow(pause=0)
        if self._journal is not None:
            # While there still are outputs that take the last checkpoint elsewhere.
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._journal.audit.checkpoint)
        await asyncio.to_thread(pipeline.stop)
        if self._journal is not None:
            await asyncio.to_thread(self._journal.close)
        self._report_unsent()
        counters = [output.counters for output in self._sink.outputs]
        dropped = pipeline.dropped + sum(each.dropped for each in counters)
        dropped_audit = pipeline.dropped_audit + sum(each.dropped_audit for each in counters)
        if dropped_audit:
            stopped_with_audit(pipeline.processed, dropped, dropped_audit)
        elif dropped:
            stopped(pipeline.processed, dropped)

    async def apply(self, settings: TelemetrySettings, audit: AuditSettings | None = None) -> None:
        """Take over what may change while running. Raises ValueError before anything has changed."""
        levels = levels_of(settings)
        before, self._settings = self._settings, settings
        self._audit = audit or self._audit
        fresh = _limits(settings, self._audit)
        self._limits.segment_size = fresh.segment_size
        self._limits.retention = fresh.retention
        self._limits.sync = fresh.sync
        self._limits.checkpoint_every = fresh.checkpoint_every
        self._limits.checkpoint_records = fresh.checkpoint_records
        if levels != levels_of(before):
            pipeline.set_level(*levels)
            self._say_levels()
        if settings.output != before.output:
            await asyncio.to_thread(self.outputs.apply, settings.output)
            self._fallback.is_needed = not _writes_standard(settings)
            self._fallback.keep_only({each.name for each in settings.output})

    def _say_levels(self) -> None:
        _, overrides = levels_of(self._settings)
        levels_set(
            log_level=self._settings.log_level,
            overrides=tuple(f"{name}={own.name}" for name, own in overrides.items()),
        )

    def _own_outputs(self) -> tuple[Output, ...]:
        """Standard output, unless nobody wants it there. Whoever reads it slowly holds up nothing else."""
        wanted = self._settings.format
        return () if wanted is Format.NONE else (self._standard(wanted),)

    def _on_state(self, output: OutputSettings) -> OnState | None:
        """Who wants to know how an output fares."""
        if scheme_of(output).startswith("otlp"):
            return self._fallback.watch(output.name, filter_of(output))
        return None

    def _standard(self, wanted: Format) -> Output:
        is_text = wanted is Format.TEXT or (wanted is Format.AUTO and is_terminal(1))
        messages = _shown(Text(colour=should_colour(1))) if is_text else list
        carrier = DescriptorCarrier(1, "stdout", messages)
        pace = Pace(queue=self._settings.queue_limit, longest_pause=1.0)
        return Output("stdout", carrier, pace=pace, is_there=True)

    def _tick(self) -> None:
        """Called by the pipeline's thread again and again."""
        self._report_overflow(pause=_REPORT_EVERY)
        self._fallback.tick()
        if self._journal is not None:
            self._journal.tick()

    def _report_unsent(self) -> None:
        """Say what OpenTelemetry outputs could not send before the end."""
        for settings, output in self.outputs.running.items():
            kept, lost = output.unsent
            if scheme_of(settings).startswith("otlp") and (kept or lost):
                fate = f"{kept} records wait in the spool of {output.name}, {lost} are lost"
                shutdown_failed(f"{fate}: {output.trouble or 'the collector did not answer in time'}")

    def _report_overflow(self, *, pause: float) -> None:
        dropped, dropped_audit = self._reported
        now = time.monotonic()
        if pipeline.dropped > dropped and now - self._reported_at >= pause:
            self._reported_at = now
            self._reported = (pipeline.dropped, pipeline.dropped_audit)
            overflowed(dropped=self._reported[0] - dropped, dropped_audit=self._reported[1] - dropped_audit)


def _writes_standard(settings: TelemetrySettings) -> bool:
    """Whether standard output has all that is said, or what the operator chose."""
    return settings.format is not Format.NONE or any(each.to == "stdout" for each in settings.output)


def _limits(settings: TelemetrySettings, audit: AuditSettings) -> Limits:
    return Limits(
        segment_size=settings.segment_size,
        retention=Retention(
            age=settings.retention.total_seconds(),
            audit_age=audit.retention.total_seconds(),
            size=settings.retention_size,
        ),
        sync=audit.sync,
        checkpoint_every=audit.checkpoint_interval.total_seconds(),
        checkpoint_records=audit.checkpoint_records,
    )


def _shown(text: Text) -> Callable[[Sequence[bytes]], list[bytes]]:
    """Lines as people at a terminal read them."""
    return lambda lines: [text.render(msgspec.json.decode(line)).encode() for line in lines]
