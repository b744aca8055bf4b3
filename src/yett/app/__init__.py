"""Builds every room and joins them. Nothing imports this but the command line.

Read `gateway` (a running gateway, from the store to the listener), then `people` (who is who and
how they sign in), `cosigning` (the small program beside gateways), then `checking` (what settings
of several rooms have to agree on).
"""

from yett.app.checking import check
from yett.app.cosigning import cosign
from yett.app.gateway import Yett, serve

__all__ = ["Yett", "check", "cosign", "serve"]
