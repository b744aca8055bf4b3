"""What access by time says in the log."""

from yett.events import INFO, event
from yett.events.fields import Host
from yett.guard.time.rules import Reason


@event("timeaccess.init", INFO, "Time access module initialized but DISABLED via config")
def disabled() -> None:
    """People may come at any hour. Set `enabled` in [protection.time] to change that."""


@event("timeaccess.init", INFO, "Time access module initialized and ENABLED")
def enabled(windows: int) -> None:
    """Access is open during the windows of [protection.time]; with no window, always."""


@event("timeaccess.check", INFO, "Request blocked by time restriction")
def blocked(host: Host, reason: Reason) -> None:
    """Somebody came while no window that speaks of them was open.

    `holiday` means that only a holiday keeps a window shut. If they should have come in, widen a
    window or give their group one of its own.
    """
