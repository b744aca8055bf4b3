"""Looking through a log of five million records: how long it takes, in processor time."""

import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench.report import Results
from yett.events import (
    INFO,
    WARN,
    Journal,
    Level,
    Limits,
    Query,
    Record,
    Search,
    Sync,
    event,
    parse_condition,
)
from yett.events import fields as f

RECORDS = 5_000_000
_DAYS = 7
_ROOM = 4 << 30
_PEOPLE = 20_000
_SECOND = 1_000_000_000
_NOW = 1_790_000_000
_BATCH = 5_000
_GOALS = {"user and hour": 1.0, "full text": 5.0}
_FOR_GREP = {
    "user and hour": ['"auth.user_id":"person7001"'],
    "user": ['"auth.user_id":"person7001"'],
    "full text": ["-i", "quarterly-report"],
    "full text, nothing there": ["-i", "nobody said this"],
    "full text, no letters": ["10.77.3.9"],
    "errors": ['"level":"ERROR"'],
}


@event("http.access", INFO, "Request completed", code="bench_completed")
def served(method: f.Method, host: f.Host, path: f.Path, status: int, duration_ms: float, app: f.App) -> None:
    """Only the benchmark says this."""


@event("access", WARN, "Access denied", code="bench_denied", audit=True)
def denied(app: f.App, host: f.Host, path: f.Path, rule: f.Name, groups_needed: f.Groups) -> None:
    """Only the benchmark says this."""


def measure(records: int = RECORDS) -> Results:
    """Seconds of processor time for each kind of search, and what writing all of it cost."""
    with tempfile.TemporaryDirectory(prefix="yett-bench-") as name:
        folder = Path(name)
        free = shutil.disk_usage(folder).free
        if free < _ROOM:
            raise SystemExit(
                f"bench: the log of {records} records needs {_ROOM >> 30} GiB in {folder.parent}, which has "
                f"{free >> 30}; set TMPDIR to a folder with room"
            )
        began = time.process_time()
        size = _write(folder, records)
        writing = time.process_time() - began
        print(f"\na log of {records:,} records ({size / 1e9:.2f} GB), searched; seconds of processor time\n")
        results = {
            f"record: {what}": _entry(what, *_searched(folder, query), _grepped(folder, what))
            for what, query in _questions().items()
        }
        print(f"  {'writing it':<36}{writing:>8.2f}  ({writing / records * 1e6:.2f} µs a record)")
    return results


def _questions() -> dict[str, Query]:
    begin = _NOW - _DAYS * 86_400 + 3 * 86_400
    return {
        "user and hour": Query(user="person7001", since=begin, until=begin + 3600),
        "hour, everything": Query(since=begin, until=begin + 3600),
        "request": Query(request=_number(RECORDS // 2)),
        "user": Query(user="person7001"),
        "full text": Query(text="Quarterly-Report"),
        "full text, nothing there": Query(text="nobody said this"),
        "full text, no letters": Query(text="10.77.3.9"),
        "audit, a field in a list": Query(is_audit=True, where=(parse_condition("groups_needed=board"),)),
        "status of 500 and more": Query(where=(parse_condition("status>=500"),)),
        "errors": Query(level=Level.ERROR),
        "two applications, not one path": Query(
            component=("access", "signin"), without=(parse_condition("app=wiki"),), limit=1000
        ),
    }


def _searched(folder: Path, query: Query) -> tuple[float, int]:
    began = time.process_time()
    found = sum(1 for _ in Search(folder, query))
    return time.process_time() - began, found


def _grepped(folder: Path, what: str) -> float | None:
    """What grep takes for the bytes alone, without time, order or fields; None where it cannot ask that."""
    if what not in _FOR_GREP:
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        ["grep", "-cF", *_FOR_GREP[what], *sorted(str(each) for each in folder.glob("*.jsonl"))],
        env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,  # into nowhere it would stop at the first
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _entry(what: str, seconds: float, found: int, grep: float | None) -> dict[str, object]:
    beside = f"grep {grep:.2f}" if grep is not None else ""
    print(f"  {what:<36}{seconds:>8.2f}  {found:>6} found  {beside}")
    entry: dict[str, object] = {"ours": round(seconds, 3), "unit": "s"}
    if grep is not None:
        entry |= {"peer": round(grep, 3), "ratio": round(seconds / grep, 3) if grep else 0.0}
    goal = _GOALS.get(what)
    return entry | ({"goal": goal, "bound": "≤"} if goal else {})


def _number(index: int) -> str:
    return f"01a203c8-{index >> 16 & 0xFFFF:04x}-7000-92e1-{index:012x}"


def _write(folder: Path, records: int) -> int:
    """The log, written as the gateway writes it; every twentieth record is an audit record."""
    journal = Journal(folder, Limits(sync=Sync.NONE))
    journal.open()
    step = _DAYS * 86_400 * _SECOND // records
    start = (_NOW - _DAYS * 86_400) * _SECOND
    for first in range(0, records, _BATCH):
        batch = []
        for index in range(first, min(first + _BATCH, records)):
            record = _record(index, start + index * step)
            if record.declaration.audit:
                journal.audit.append(record)
            else:
                batch.append(record)
        journal.records.write(batch)
    journal.close()
    return sum(each.stat().st_size for each in folder.glob("*.jsonl"))


def _record(index: int, at: int) -> Record:
    # Multiplied by a prime, so that neighbours differ as those of a real log do.
    dice = index * 2_654_435_761 % 4_294_967_296
    person = f"person{dice % _PEOPLE}"
    client = f"10.{dice >> 8 & 127}.{dice >> 3 & 63}.{dice & 255}"
    app = ("wiki", "mail", "code", "files")[dice >> 5 & 3]
    scope = (_number(index), "", f"01a203c7-0000-7000-a6bf-{dice % 60_000:012x}", person, client)
    if not index % 20:
        needed = ("board",) if not index % 10_000 else ("staff", app)
        values = (app, f"{app}.example.org", f"/pages/{dice % 5000}", app, needed)
        return Record(denied.declaration, at, *scope, values)
    path = "/files/quarterly-report.pdf" if not index % 50_001 else f"/pages/{dice % 9000}/edit"
    status = 502 if not index % 9_999 else 200
    values = ("GET", f"{app}.example.org", path, status, (dice % 10_000) / 100, app)
    return Record(served.declaration, at, *scope, values)
