"""The nouns of load balancing."""

import enum
from dataclasses import dataclass

from yett.net.http import Upstream
from yett.proxy.balancing.circuit import CircuitRules
from yett.proxy.balancing.discovery import DiscoveryRules
from yett.proxy.balancing.health import HealthRules
from yett.proxy.balancing.limits import LimitRules
from yett.proxy.balancing.outliers import OutlierRules
from yett.proxy.balancing.strategies import StrategyName

MOST_BACKENDS = 512
_PLAIN = Upstream("", 0)


class BackendProtocol(enum.Enum):
    """What is spoken to a backend; with per-protocol circuits each has one of its own."""

    HTTP1 = "http/1.1"
    HTTP2 = "h2"
    HTTP3 = "h3"
    WEBSOCKET = "websocket"
    TCP = "tcp"


_SPOKEN = {"h2": BackendProtocol.HTTP2, "h3": BackendProtocol.HTTP3}


class Affinity(enum.Enum):
    """What makes requests belong together, so that they reach the same backend."""

    NONE = "none"
    SESSION = "session"
    USER = "user"
    COOKIE = "cookie"
    """A cookie of the application's own."""
    ADDRESS = "address"


class Origin(enum.Enum):
    """Where a pool comes from."""

    SETTINGS = "settings"
    RUNTIME = "runtime"


@dataclass(frozen=True, slots=True)
class Backend:
    """A place that requests can be sent to."""

    id: str
    upstream: Upstream
    address: str
    """The upstream as text, for the log."""
    weight: int = 1
    is_discovered: bool = False
    host: str = ""
    """What it is called in Host; its address when empty."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Backends that do the same, and how requests are spread over them. What is None is off."""

    id: str
    backends: tuple[Backend, ...] = ()
    strategy: StrategyName = StrategyName.ADAPTIVE
    affinity: Affinity = Affinity.NONE
    affinity_cookie: str = ""
    affinity_lifetime: float = 3600.0
    health: HealthRules | None = None
    circuit: CircuitRules | None = None
    outliers: OutlierRules | None = None
    limit: LimitRules | None = None
    discovery: DiscoveryRules | None = None
    template: Upstream = _PLAIN
    """What backends that come later are like: their time limits, authorities, connections kept."""
    origin: Origin = Origin.RUNTIME
    fingerprint: str = ""
    """Tells whether the settings it was made from have changed."""

    @property
    def protocol(self) -> BackendProtocol:
        """What its requests are sent by.

        What a backend that may choose will choose is not known before; that counts as HTTP/1.1.
        """
        return _SPOKEN.get(self.template.protocol, BackendProtocol.HTTP1)

    def backend(self, backend_id: str) -> Backend | None:
        """The backend of that name."""
        return next((backend for backend in self.backends if backend.id == backend_id), None)


class NoBackend(enum.Enum):
    """Why a selection failed."""

    POOL_NOT_FOUND = "pool_not_found"
    NO_HEALTHY_BACKENDS = "no_healthy_backends"
    ALGORITHM_RETURNED_NIL = "algorithm_returned_nil"
    """Everybody who could be chosen has been tried for this request already."""
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True)
class Selected:
    """The backend for one request. Hand it back when the request ends."""

    pool_id: str
    backend: Backend
    protocol: BackendProtocol = BackendProtocol.HTTP1
    trial: int = 0
    """The half-open spell that this request is a trial of; 0 for none."""


@dataclass(frozen=True, slots=True)
class NotSelected:
    """There is no backend for this request."""

    reason: NoBackend
    retry_after: float = 0.0
    """Seconds after which trying again makes sense; 0 when nobody knows."""
    is_circuit_open: bool = False
    """Whether an open circuit is all that keeps the backends away."""


class Refusal(enum.Enum):
    """Why a pool was not changed."""

    STORE = "the store did not answer"
    POOL_EXISTS = "there is a pool of that name"
    POOL_NOT_FOUND = "there is no such pool"
    BACKEND_EXISTS = "there is a backend of that name"
    BACKEND_NOT_FOUND = "there is no such backend"
    TOO_MANY = "the pool is full"
    CHANGED = "others keep changing it at the same time"


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that was not made."""

    reason: Refusal
