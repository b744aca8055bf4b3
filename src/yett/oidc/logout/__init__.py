"""Signing out: asked for by clients (RP-Initiated Logout 1.0), and told to them (Back-Channel Logout 1.0).

Read `model` and `rules`, then `service` and `routes`, then `telling`, which works off what clients have to hear
whatever ended a session.
"""

from yett.oidc.logout.config import LogoutSettings
from yett.oidc.logout.routes import LogoutPages
from yett.oidc.logout.rules import facts
from yett.oidc.logout.service import Logout
from yett.oidc.logout.telling import BackChannel

__all__ = ["BackChannel", "Logout", "LogoutPages", "LogoutSettings", "facts"]
