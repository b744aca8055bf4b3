"""The nouns of health checks."""

import enum
from dataclasses import dataclass, replace


class CheckKind(enum.Enum):
    """What is said to a backend to see whether it is well."""

    TCP = "tcp"
    HTTP = "http"
    HTTP3 = "http3"
    GRPC = "grpc"
    MYSQL = "mysql"
    POSTGRESQL = "postgresql"
    REDIS = "redis"


@dataclass(frozen=True, slots=True)
class HealthRules:
    """How and how often a backend is checked."""

    kind: CheckKind = CheckKind.HTTP
    interval: float = 10.0
    timeout: float = 3.0
    healthy_after: int = 2
    unhealthy_after: int = 3
    path: str = "/"
    host: str = ""
    """The Host to send; empty sends the backend's own."""
    expect: tuple[tuple[int, int], ...] = ((200, 399),)
    """Ranges of status codes that pass."""
    name: str = ""
    """The gRPC service to ask about, or the user to introduce as to a database."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The backend is well."""

    latency: float


@dataclass(frozen=True, slots=True)
class Failed:
    """It is not, or it could not be reached."""

    problem: str


CheckResult = Passed | Failed


@dataclass(frozen=True, slots=True)
class HealthState:
    """What all nodes know about one backend's health."""

    is_healthy: bool | None = None
    """None until the first check has ended; requests are sent meanwhile."""
    consecutive_ok: int = 0
    consecutive_fails: int = 0
    is_draining: bool = False
    """Takes no new requests, and keeps those it has."""
    latency: float = 0.0
    problem: str = ""


def judge(state: HealthState, result: CheckResult, rules: HealthRules) -> HealthState:
    """The state after one more check. The very first one decides alone."""
    if isinstance(result, Passed):
        passes = state.consecutive_ok + 1
        is_healthy = state.is_healthy or state.is_healthy is None or passes >= rules.healthy_after
        return replace(
            state,
            is_healthy=is_healthy,
            consecutive_ok=passes,
            consecutive_fails=0,
            latency=result.latency,
            problem="",
        )
    fails = state.consecutive_fails + 1
    is_healthy = state.is_healthy is True and fails < rules.unhealthy_after
    return replace(
        state, is_healthy=is_healthy, consecutive_ok=0, consecutive_fails=fails, problem=result.problem
    )
