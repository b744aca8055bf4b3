"""Pushed authorization requests (RFC 9126): a client sends its request itself, and browsers bring a reference to it.

Read `model`, then `shelf` (what is kept, and how it is used once), then `routes`.
"""

from yett.oidc.par.model import PREFIX, Pushed, Use
from yett.oidc.par.routes import PAR, PushedRequests
from yett.oidc.par.shelf import Shelf

__all__ = ["PAR", "PREFIX", "Pushed", "PushedRequests", "Shelf", "Use"]
