"""How upstreams are spoken to: TLS, a certificate of ours, and who they are told the client is.

Read `outfitting` (settings), `naming`, `resolving` and `rotation`. The connections themselves are the engine's.
"""

from yett.proxy.transport.naming import NamingStep
from yett.proxy.transport.outfitting import (
    BadTransport,
    Wishes,
    check_files,
    check_protocol,
    files_of,
    outfit,
)
from yett.proxy.transport.resolving import BackendNames
from yett.proxy.transport.rotation import Rotation

__all__ = [
    "BackendNames",
    "BadTransport",
    "NamingStep",
    "Rotation",
    "Wishes",
    "check_files",
    "check_protocol",
    "files_of",
    "outfit",
]
