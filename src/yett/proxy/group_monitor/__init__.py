"""Sessions follow changes of their person's groups; what is open and no longer allowed is cut.

Whoever may enter is decided anew for each request, by the directory as it is then. What remains
is what was let in before: a WebSocket, a long download. And sessions keep the groups of their
person for those who look at them (`GROUPS`).

Read `model`, `rules`, then `service`.
"""

from yett.proxy.group_monitor.config import GroupMonitorSettings
from yett.proxy.group_monitor.model import GROUPS
from yett.proxy.group_monitor.rules import written
from yett.proxy.group_monitor.service import GroupMonitor

__all__ = ["GROUPS", "GroupMonitor", "GroupMonitorSettings", "written"]
