"""The admin socket: a Unix socket that only its owner can use, carrying one command per connection.

One line of JSON goes in (`{"argv": ["sessions", "list"]}`), one comes out (`{"ok": true,
"answer": …}`). Read `server`, then `client`.
"""

from yett.ops.admin.client import NoGateway, ask
from yett.ops.admin.config import AdminSettings, socket_path
from yett.ops.admin.server import AdminServer

__all__ = ["AdminServer", "AdminSettings", "NoGateway", "ask", "socket_path"]
