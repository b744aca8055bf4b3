"""The reverse proxy: whom a request is for, whether its sender may, and what the upstream is told.

Read `config`, `routes` (with `matching` and `conditions`, which choose; `compiling` makes them),
then `gate`, which holds the order of decisions. `pooled` and `balancing` spread requests over
several backends; `plan` is for requests that may be sent more than once or changed on their way
(`steps`, and what `delivery` compiles: `retrying`, `hedging`, `canary`, `shadow`); `own` and
`assets` answer in place of one; `edits` change headers; `reauth` asks for a recent sign-in; `vouching` tells
services more (`bearer`, `request_signing`), `proofs` lets them check it, and `group_monitor` follows groups; `login`
is the trip to the sign-in page and back, `signing` the identity headers, `endpoints` our pages on
application hosts. `rehearsal` tells what would become of a request. `metering` and `tracing` stand around the gate
where somebody wants to know.
"""

from yett.proxy.compiling import BadMapping, compile_routes
from yett.proxy.config import MappingSettings, ProxySettings
from yett.proxy.cookies import session_token
from yett.proxy.gate import ProxyGate
from yett.proxy.matching import Miss
from yett.proxy.metering import Meter, MeteredGate, in_flight
from yett.proxy.reauth import signed_in_at
from yett.proxy.routes import Route, RouteTable
from yett.proxy.service import Proxy, check_proxy
from yett.proxy.signing import HeaderSigner, verify_headers
from yett.proxy.tracing import TracedGate

__all__ = [
    "BadMapping",
    "HeaderSigner",
    "MappingSettings",
    "Meter",
    "MeteredGate",
    "Miss",
    "Proxy",
    "ProxyGate",
    "ProxySettings",
    "Route",
    "RouteTable",
    "TracedGate",
    "check_proxy",
    "compile_routes",
    "in_flight",
    "session_token",
    "signed_in_at",
    "verify_headers",
]
