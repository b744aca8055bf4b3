"""Moving bytes: listeners, TLS by name, the HTTP engine and its adapter for our own applications.

`config` holds the front door's settings, `interfaces` says where to listen; `http` is the
engine, `pages` what people see of it, `trust` believes proxies in front of it, `dns` looks names up.
"""

from yett.net.config import HOST_NAME, ClientCertificate, ForwardedFor, ProxyMode, ServiceSettings
from yett.net.interfaces import addresses_of

__all__ = [
    "HOST_NAME",
    "ClientCertificate",
    "ForwardedFor",
    "ProxyMode",
    "ServiceSettings",
    "addresses_of",
]
