"""Signing in and out at the gateway's own host, and the pages for it.

Read `rules` (every decision, without I/O), then `service` (what a sign-in does), then `routes`.
`memory` keeps when and from where somebody signed in, `language` reads what a browser prefers.
"""

from yett.signin.config import SignInSettings
from yett.signin.routes import SignIn

__all__ = ["SignIn", "SignInSettings"]
