"""Running the gateway: the admin socket, the commands, the printed references and the demo.

`shell` makes a command line out of the registry; `admin/` carries commands to a running gateway;
`status`, `settings`, `history`, `data`, `record` and `reference` are commands; `health` is for load
balancers.
"""

from yett.ops import reference, store
from yett.ops.data import DataCommands
from yett.ops.health import health_routes
from yett.ops.history import ConfigHistory
from yett.ops.recent import RecentCommands
from yett.ops.record import RecordCommands
from yett.ops.settings import ConfigCommands
from yett.ops.status import StatusCommands

__all__ = [
    "ConfigCommands",
    "ConfigHistory",
    "DataCommands",
    "RecentCommands",
    "RecordCommands",
    "StatusCommands",
    "health_routes",
    "reference",
    "store",
]
