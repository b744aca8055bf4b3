"""The device grant (RFC 8628): programs without a browser get a token once somebody confirmed them in one.

Read `config` (which programs), `rules` (every decision, without I/O), then `service` and `routes`.
"""

from yett.oidc.device.config import DeviceClientSettings, DeviceGrantSettings
from yett.oidc.device.routes import DEVICE_AUTHORIZATION, VERIFICATION, routes
from yett.oidc.device.rules import check_device_clients
from yett.oidc.device.service import KIND, DeviceGrant

__all__ = [
    "DEVICE_AUTHORIZATION",
    "KIND",
    "VERIFICATION",
    "DeviceClientSettings",
    "DeviceGrant",
    "DeviceGrantSettings",
    "check_device_clients",
    "routes",
]
