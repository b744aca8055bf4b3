"""Clients that register themselves (RFC 7591), without anything being kept of them.

Read `model`, then `rules` and `names` (what may be registered, and called how), `ids` (how an id carries it), `shelf`
(the little that is kept: tokens to register with, and who was revoked), `service` and `routes`.
"""

from yett.oidc.registration.commands import RegistrationCommands
from yett.oidc.registration.config import Mode, RegistrationSettings
from yett.oidc.registration.names import Place
from yett.oidc.registration.routes import REGISTER, RegistrationEndpoint
from yett.oidc.registration.service import Registrations

__all__ = [
    "REGISTER",
    "Mode",
    "Place",
    "RegistrationCommands",
    "RegistrationEndpoint",
    "RegistrationSettings",
    "Registrations",
]
