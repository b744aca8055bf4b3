"""The settings of the group monitor."""

from datetime import timedelta

from yett.config import item, setting


@item()
class GroupMonitorSettings:
    """How live sessions follow the groups of their persons."""

    interval: timedelta = setting(
        timedelta(seconds=60),
        "How often all sessions are compared with the directory; a change that it tells of is acted upon at once.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(hours=1),
    )
    wait: timedelta = setting(
        timedelta(seconds=5),
        "How long writing down one session may take before the others go first.",
        at_least=timedelta(milliseconds=10),
        at_most=timedelta(minutes=1),
    )
