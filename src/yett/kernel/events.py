"""What starting, stopping and supervising say in the log."""

from yett.events import DEBUG, ERROR, INFO, WARN, describe, event
from yett.events.fields import Error, Name, Names

__all__ = ["describe"]


@event("kernel.start", INFO, "Part started")
def part_started(part: Name, seconds: float) -> None:
    """Parts start in order, each after those it needs. Nothing to do."""


@event("kernel.start", ERROR, "Part failed to start")
def part_failed(part: Name, error: Error) -> None:
    """The gateway does not run without this part. Mend what the error names and start again."""


@event("kernel.start", WARN, "Too few open files allowed")
def files_scarce(allowed: int, needed: int) -> None:
    """The system allows fewer open files than `service.max_connections` clients and their upstreams need.

    Raise the hard limit (LimitNOFILE= of a systemd unit, `ulimit -Hn`), or lower the setting: a
    gateway that runs out of files can accept nobody, and connect to nothing.
    """


@event("kernel.stop", INFO, "Part stopped")
def part_stopped(part: Name, seconds: float) -> None:
    """Parts stop in the reverse order of their start. Nothing to do."""


@event("kernel.stop", ERROR, "Part failed to stop")
def part_failed_to_stop(part: Name, error: Error) -> None:
    """The others are stopped all the same. What this part had in hand may not have been written down.

    Look at the error before the next start.
    """


@event("kernel.stop", WARN, "Part did not stop in time")
def part_stuck(part: Name, seconds: float) -> None:
    """The part was cut off. Work it had in hand may have been cut short; look at what it said before."""


@event("kernel.task", ERROR, "Background task failed")
def task_failed(task: Name, error: Error, restarts: int) -> None:
    """The task is started again with growing pauses. If this repeats, the error is the lead. Look at it."""


@event("kernel.task", DEBUG, "Background task ended")
def task_ended(task: Name) -> None:
    """A task came to its regular end. Nothing to do."""


@event("kernel.signal", ERROR, "Listener failed")
def listener_failed(signal: Name, error: Error) -> None:
    """One part could not react to something that happened in another. Its state may lag behind.

    Restart if it goes on, and report the error.
    """


@event("kernel.ready", INFO, "Gateway ready", audit=True)
def ready(checks: Names) -> None:
    """Every readiness check passes: for the first time since start, or again after one had failed."""


@event("kernel.ready", WARN, "Gateway not ready")
def not_ready(missing: Names) -> None:
    """A check that had passed fails now. Load balancers should send requests elsewhere meanwhile.

    Look at the named check.
    """


@event("kernel.ready", ERROR, "Readiness check failed to run")
def check_broken(check: Name, error: Error) -> None:
    """The check counts as not passed. Said once, until it can be run again; the error is the lead. Look at it."""


@event("kernel.signal_received", INFO, "Shutdown requested", audit=True)
def shutdown_requested(signal: Name) -> None:
    """Somebody (an operator, the service manager) asked the gateway to stop. It drains first."""
