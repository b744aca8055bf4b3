"""What makes a request belong to others."""

from yett.net.http import Request
from yett.proxy.balancing.model import Affinity, Pool
from yett.proxy.balancing.strategies import KEYED


def affinity_key(pool: Pool, request: Request) -> str:
    """The key to hand to `Balancer.select`; empty when any backend will do.

    Whoever has no session, name or cookie yet goes by address. The strategies that work by key go
    by address too when nothing else is asked for.
    """
    affinity, scope = pool.affinity, request.scope
    key = ""
    match affinity:
        case Affinity.NONE:
            if pool.strategy not in KEYED:
                return ""
        case Affinity.SESSION:
            key = scope.session
        case Affinity.USER:
            key = scope.user
        case Affinity.COOKIE:
            key = _cookie(request.cookie, pool.affinity_cookie.encode("ascii", "replace"))
        case Affinity.ADDRESS:
            pass
    # The trusted client address: a proxy in front has many clients behind one connection.
    return key or scope.client_address or request.connection.client_address


def _cookie(field: bytes, name: bytes) -> str:
    for pair in field.split(b";"):
        found, _, value = pair.strip().partition(b"=")
        if found == name:
            return value.decode("latin-1")
    return ""
