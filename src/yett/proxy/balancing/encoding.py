"""How pools and states are written down: JSON, strict when read; and under which keys.

    pools/<pool>                            the pool
    health/<pool>/<backend>                 one record per backend, for each of these three
    circuit/<pool>/<backend>[/<protocol>]
    outlier/<pool>/<backend>
    connections/<node>/<pool>               how many requests that node has open
    limit/<pool>/<bucket>                   what is in a shared bucket
    lease/<what>/<pool>[/<backend>]         which node does what only one should
    nodes/<node>                            who is there

States carry the node that wrote them and when, in seconds since the epoch. The newest one counts.
"""

import hashlib
from typing import TypeVar
from urllib.parse import quote, unquote

import msgspec

from yett.proxy.balancing.circuit import CircuitState
from yett.proxy.balancing.health import HealthState
from yett.proxy.balancing.model import BackendProtocol

POOLS, HEALTH, CIRCUIT, OUTLIER = "pools/", "health/", "circuit/", "outlier/"
CONNECTIONS, LIMIT, LEASE, NODES = "connections/", "limit/", "lease/", "nodes/"


T = TypeVar("T")
WAYS = tuple(BackendProtocol)


class Unreadable(Exception):
    """What was stored is not what belongs there."""


class StoredHealth(msgspec.Struct, frozen=True):
    """One backend's health."""

    node: str
    at: float
    state: HealthState


class StoredCircuit(msgspec.Struct, frozen=True):
    """One circuit. `until` is in seconds since the epoch."""

    node: str
    at: float
    state: CircuitState = CircuitState.CLOSED
    until: float = 0.0


class StoredOutlier(msgspec.Struct, frozen=True):
    """One backend's standing, with the figures of the last interval."""

    node: str
    at: float
    ejected_until: float = 0.0
    ejections: int = 0
    total: int = 0
    requests: int = 0
    failures: int = 0


class StoredConnections(msgspec.Struct, frozen=True):
    """The open requests of one node in one pool."""

    counts: dict[str, int]


class StoredLimit(msgspec.Struct, frozen=True):
    """A shared bucket: its level at a moment, in seconds since the epoch."""

    node: str
    at: float
    level: float


encode = msgspec.json.Encoder().encode


def decode(value: bytes, kind: type[T]) -> T:
    """What was stored, if it is of that kind. Raises Unreadable."""
    try:
        return msgspec.json.decode(value, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise Unreadable(str(problem)) from problem


# Keys. Names of backends may hold anything, so they are quoted.


def pool_key(pool_id: str) -> str:
    """The key of a pool."""
    return POOLS + quote(pool_id, safe="")


def state_key(kind: str, pool_id: str, *more: str) -> str:
    """The key of a state of a kind, for a backend or a protocol of one."""
    return kind + "/".join(quote(part, safe="") for part in (pool_id, *more))


def bucket_name(user: str) -> str:
    """A bucket's name in keys: people's names do not belong there, and may be long."""
    return (
        hashlib.blake2b(user.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest() if user else "all"
    )


def parts_of(key: str, kind: str) -> tuple[str, ...]:
    """What a key names, after its kind."""
    return tuple(unquote(part) for part in key.removeprefix(kind).split("/"))


def protocol_of(text: str) -> BackendProtocol:
    """The protocol in a circuit's key. Raises Unreadable."""
    try:
        return BackendProtocol(text)
    except ValueError as problem:
        raise Unreadable(f"unknown protocol {text!r}") from problem
