"""Running the gateway: the admin socket, the commands, the printed references and the demo.

`shell` makes a command line out of the registry; `admin/` carries commands to a running gateway;
`status`, `outputs`, `settings`, `history`, `data`, `record`, `audit`, `explain`, `access/`, `converting/`,
`importing/` and `reference` are commands; `health` is for load balancers.
"""

from yett.ops import converting, importing, reference, store
from yett.ops.access import AccessCommands
from yett.ops.audit import AuditCommands
from yett.ops.data import DataCommands
from yett.ops.explain import ExplainCommands
from yett.ops.health import health_routes
from yett.ops.history import ConfigHistory
from yett.ops.outputs import OutputCommands
from yett.ops.recent import RecentCommands
from yett.ops.record import RecordCommands
from yett.ops.settings import ConfigCommands
from yett.ops.status import StatusCommands

__all__ = [
    "AccessCommands",
    "AuditCommands",
    "ConfigCommands",
    "ConfigHistory",
    "DataCommands",
    "ExplainCommands",
    "OutputCommands",
    "RecentCommands",
    "RecordCommands",
    "StatusCommands",
    "converting",
    "health_routes",
    "importing",
    "reference",
    "store",
]
