"""Yett, an identity-aware access gateway.

Read ARCHITECTURE.md first; `app/gateway.py` shows how the rooms are joined.
"""

from yett import native

__version__ = "0.1.0.dev0"

native.install()
