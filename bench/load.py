"""Driving wrk, and reading what a process has used."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 64

# Path, query and one header vary from request to request, so that nobody answers from memory.
SCRIPT = """
local counter = 0
function init(args) math.randomseed(os.time()) end
request = function()
  counter = counter + 1
  wrk.headers["X-Vary"] = tostring(counter)
  return wrk.format("GET", PATH .. "?n=" .. counter .. "&r=" .. math.random(1000000))
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    summary.errors.status, latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Run:
    """One measured run."""

    rate: float
    errors: int
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """User and system time of the measured processes per request."""


def measure(
    url: str, *, headers: dict[str, str], seconds: float, pids: list[int], core: int, folder: Path
) -> Run:
    """Requests to `url` as fast as they go, from processor `core`."""
    origin, _, path = url.partition("://")[2].partition("/")
    script = folder / "wrk.lua"
    script.write_text(SCRIPT.replace("PATH", f'"/{path}"'))
    before = sum(cpu_seconds(pid) for pid in pids)
    command = [
        "taskset",
        "-c",
        str(core),
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds:g}s",
        "-s",
        str(script),
    ]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    scheme = url.partition("://")[0]
    done = subprocess.run(
        [*command, f"{scheme}://{origin}/"], capture_output=True, text=True, check=True, timeout=seconds + 30
    )
    used = sum(cpu_seconds(pid) for pid in pids) - before
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if found is None:
        raise RuntimeError(f"wrk said: {done.stdout}{done.stderr}")
    requests, micros, broken, bad, p50, p99 = map(int, found.groups())
    return Run(requests / (micros / 1e6), broken + bad, p50 / 1000, p99 / 1000, used / max(requests, 1) * 1e6)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
