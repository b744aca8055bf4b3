"""The reverse proxy: whom a request is for, whether its sender may, and what the upstream is told.

Read `config`, `routes`, then `gate`, which holds the order of decisions; `pooled` and `balancing`
spread requests over several backends; `login` is the trip to
the sign-in page and back, `signing` the identity headers, `endpoints` our pages on application
hosts.
"""

from yett.proxy.config import MappingSettings, ProxySettings
from yett.proxy.cookies import session_token
from yett.proxy.gate import ProxyGate
from yett.proxy.routes import BadMapping, Miss, Route, RouteTable, compile_routes
from yett.proxy.service import Proxy, check_proxy
from yett.proxy.signing import HeaderSigner, verify_headers

__all__ = [
    "BadMapping",
    "HeaderSigner",
    "MappingSettings",
    "Miss",
    "Proxy",
    "ProxyGate",
    "ProxySettings",
    "Route",
    "RouteTable",
    "check_proxy",
    "compile_routes",
    "session_token",
    "verify_headers",
]
