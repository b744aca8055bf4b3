"""How the running gateway is."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from yett.events import Level, catalogue, pipeline
from yett.kernel import CommandFailed, LogLevel, Readiness, Table, command
from yett.kernel.telemetry import levels_set

Facts = Callable[[], Mapping[str, Any]]


class StatusCommands:
    """The commands that look, and the one that changes how much is recorded."""

    def __init__(self, readiness: Readiness, facts: Facts) -> None:
        self._readiness = readiness
        self._facts = facts
        self._since = time.monotonic()

    @command("status")
    def status(self) -> dict[str, Any]:
        """Show how the gateway is: version, uptime, connections, sessions, records."""
        missing = self._readiness.missing()
        return {
            "state": "ready" if not missing else f"not ready: {', '.join(missing)}",
            "process": os.getpid(),
            "uptime": _span(time.monotonic() - self._since),
            **self._facts(),
            "records written": pipeline.processed,
            "records dropped": pipeline.dropped,
            "audit log": "failing" if pipeline.audit_failed else "writing",
        }

    @command("readiness")
    def readiness(self) -> Table:
        """Show each readiness check and whether it passes."""
        return Table(
            ("check", "passes"), tuple((name, state) for name, state in self._readiness.states().items())
        )

    @command("log level", writes=True)
    def log_level(
        self,
        level: Annotated[
            str, Parameter(help="trace, debug, info, warn or error; left out, only shows.")
        ] = "",
        *,
        component: Annotated[str, Parameter(help="Only for this component and those below it.")] = "",
    ) -> Table:
        """Show or set which events are recorded, until the next restart or change of telemetry settings."""
        if component and not any(_is_below(each.component, component) for each in catalogue.events.values()):
            raise CommandFailed(f"no event has the component {component!r}; `yett reference log` shows all")
        if level:
            try:
                wanted = LogLevel(level.lower())
            except ValueError:
                raise CommandFailed(f"{level!r} is not a level: trace, debug, info, warn or error") from None
            _set_level(wanted, component)
        rows = [("everything", pipeline.level.name)]
        rows += [(name, own.name) for name, own in sorted(pipeline.overrides.items())]
        return Table(("component", "level"), tuple(rows))


def _set_level(wanted: LogLevel, component: str) -> None:
    level = Level[wanted.name]
    if component:
        pipeline.set_level(pipeline.level, {**pipeline.overrides, component: level})
    else:
        pipeline.set_level(level, pipeline.overrides)
    levels_set(
        log_level=LogLevel[pipeline.level.name],
        overrides=tuple(f"{name}={own.name}" for name, own in sorted(pipeline.overrides.items())),
    )


def _is_below(component: str, prefix: str) -> bool:
    return f"{component}.".startswith(f"{prefix}.")


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        f"{days}d" if days else "",
        f"{hours}h" if hours else "",
        f"{minutes}m" if minutes else "",
        f"{rest}s",
    ]
    return " ".join(part for part in parts if part)
