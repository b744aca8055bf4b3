"""What the audit log costs: records written and chained, checked, and opened again."""

import enum
import statistics
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from yett.events import (
    INFO,
    Journal,
    Limits,
    Scope,
    Sync,
    Trust,
    enter_scope,
    event,
    leave_scope,
    pipeline,
    verify,
)
from yett.events import fields as f

_NUMBER = 50_000
_GOAL = 20_000


class _Why(enum.Enum):
    NO_GROUP = "no_group"


@event("bench.audit", INFO, "Access denied", audit=True)
def denied(app: f.App, host: f.Host, path: f.Path, reason: _Why, groups: f.Groups) -> None:
    """Only the benchmark says this."""


class _Key:
    def __init__(self):
        self._private = Ed25519PrivateKey.generate()
        self.public_key = self._private.public_key().public_bytes_raw().hex()

    def sign(self, data):
        return self._private.sign(data)


def measure() -> dict[str, dict[str, object]]:
    """Records a second of one core, by processor time: through the real pipeline, chained and signed, and checked."""
    key = _Key()
    pipeline.set_level(INFO)
    token = enter_scope(Scope("01a203e0-efd1-7000-8dd5-246db58d1161", "", "s-123456", "ada", "203.0.113.9"))
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        journal = Journal(directory, Limits(sync=Sync.NONE))
        journal.open()
        pipeline.start((journal.records,), journal.audit, tick=journal.tick, limit=2 * _NUMBER)
        journal.audit.sign_with(key)
        written = statistics.median(_write() for _ in range(5))
        lost = pipeline.dropped_audit or pipeline.audit_failed
        pipeline.stop()
        journal.close()
        began = time.process_time()
        report = verify(directory, Trust(frozenset({key.public_key})))
        checked = report.lines / (time.process_time() - began)
    leave_scope(token)
    if lost or not report.holds or report.lines < 5 * _NUMBER:
        raise RuntimeError("the audit log is not whole, so what it cost says nothing")
    print(f"\naudit records of one core: {written:.0f}/s written and chained, {checked:.0f}/s checked")
    return {
        "audit records written": {
            "ours": round(written),
            "peer": _GOAL,
            "ratio": round(written / _GOAL, 3),
            "goal": _GOAL,
            "unit": "records/s",
        },
        "audit records checked": {
            "ours": round(checked),
            "peer": _GOAL,
            "ratio": round(checked / _GOAL, 3),
            "unit": "records/s",
        },
    }


def _write() -> float:
    """Emitted one by one, each on disk (as far as this process is concerned) before the next, by processor time."""
    began = time.process_time()
    for _ in range(_NUMBER):
        denied("wiki", "wiki.example.org", "/page", _Why.NO_GROUP, ("staff", "editors"))
    pipeline.flush(60)
    return _NUMBER / (time.process_time() - began)
