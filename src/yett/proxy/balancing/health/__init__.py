"""Active health checks: asking backends, in their own protocol, whether they are well.

Read `model` (with the thresholds), `wire` (what is said), `probe` (one check), `checks` (when).
"""

from yett.proxy.balancing.health.model import (
    CheckKind,
    CheckResult,
    Failed,
    HealthRules,
    HealthState,
    Passed,
    judge,
)
from yett.proxy.balancing.health.probe import probe

__all__ = [
    "CheckKind",
    "CheckResult",
    "Failed",
    "HealthRules",
    "HealthState",
    "Passed",
    "judge",
    "probe",
]
