"""Driving wrk and h2load, and reading what a program has used.

Path, query and one header vary from request to request, so that nobody answers from memory.
h2load cannot vary a header; there the path and the query do.
"""

import os
import re
import statistics
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 64
STREAMS = 4
"""Requests at a time on one HTTP/2 connection; there are fewer connections in return."""

_SCRIPT = """
local counter = 0
function init(args) math.randomseed(os.time()) end
request = function()
  counter = counter + 1
  wrk.headers["X-Vary"] = tostring(counter)
  return wrk.format("GET", PATH .. counter .. "?r=" .. math.random(1000000))
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    summary.errors.status, latency:percentile(50), latency:percentile(99), summary.bytes))
end
"""
_SCRIPT_RESULT = re.compile(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)")
_FINISHED = re.compile(r"finished in .*?, ([0-9.]+) req/s")
_REQUESTS = re.compile(r"requests: .*? (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored")
_RECEIVED = re.compile(r"\((\d+)\) data")
_STATUS = re.compile(r"status codes: (\d+) 2xx")


class NotSpoken(Exception):
    """A system does not speak this protocol."""


@dataclass(frozen=True)
class System:
    """Something that is measured."""

    name: str
    url: str
    """Scheme, address and port."""
    host: str
    pids: Callable[[], Collection[int]]
    """Every process that works for it."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One measured run."""

    rate: float
    errors: int
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """User and system time of the measured processes per request."""


class Wrk:
    """HTTP/1.1 from one thread of wrk."""

    name = "HTTP/1.1"
    connections = f"{CONNECTIONS} connections"

    def __init__(self, core: int, folder: Path) -> None:
        self._core = core
        self._script = folder / "wrk.lua"

    def run(self, system: System, path: str, size: int, seconds: int) -> Run:
        self._script.write_text(_SCRIPT.replace("PATH", f'"/{path}/"'))
        command = ["taskset", "-c", str(self._core), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
        command += ["-s", str(self._script), "-H", f"Host: {system.host}"]
        for name, value in system.headers.items():
            command += ["-H", f"{name}: {value}"]
        output, used = timed([*command, system.url], system.pids, seconds)
        found = _SCRIPT_RESULT.search(output)
        if found is None:
            raise RuntimeError(f"wrk said: {output}")
        requests, micros, broken, bad, p50, p99, received = map(int, found.groups())
        if received < requests * size * 0.98:  # what was still under way at the end is counted, too
            raise RuntimeError(f"{system.name} sent {received} bytes for {requests} requests: not the file")
        rate = requests / (micros / 1e6)
        return Run(rate, broken + bad, p50 / 1000, p99 / 1000, used / max(requests, 1) * 1e6)


class H2Load:
    """HTTP/2 from one thread of h2load."""

    name = "HTTP/2"
    connections = f"{CONNECTIONS // STREAMS} connections with {STREAMS} streams each"
    _TARGETS = 5000

    def __init__(self, core: int, folder: Path) -> None:
        self._core = core
        self._folder = folder

    def run(self, system: System, path: str, size: int, seconds: int) -> Run:
        scheme, _, address = system.url.partition("://")
        origin = f"{scheme}://{system.host}:{address.partition(':')[2]}"
        targets, log = self._folder / "targets", self._folder / "h2load.log"
        targets.write_text(
            "".join(f"{origin}/{path}/{n}?r={n * 7919 % 100_003}\n" for n in range(self._TARGETS))
        )
        log.unlink(missing_ok=True)
        command = ["taskset", "-c", str(self._core), "h2load", "-t1", f"-c{CONNECTIONS // STREAMS}"]
        command += [f"-m{STREAMS}", f"-D{seconds}", f"--connect-to={address}", f"--log-file={log}"]
        for name, value in system.headers.items():
            command += ["-H", f"{name.lower()}: {value}"]
        output, used = timed([*command, "-i", str(targets)], system.pids, seconds)
        if "Application protocol: h2" not in output:
            raise NotSpoken(system.name)
        finished, counts, good = _FINISHED.search(output), _REQUESTS.search(output), _STATUS.search(output)
        if finished is None or counts is None or good is None:
            raise RuntimeError(f"h2load said: {output}")
        done, _, failed, errored = map(int, counts.groups())
        if not done:
            raise RuntimeError(f"{system.name} answered nothing over HTTP/2: {output}")
        found = _RECEIVED.search(output)
        if found is None or int(found[1]) < done * size * 0.98:
            raise RuntimeError(f"{system.name} did not send the file: {output}")
        times = [int(line.split("\t")[2]) for line in log.read_text().splitlines()]
        cuts = statistics.quantiles(times, n=100)
        bad = max(done - int(good[1]), 0)  # answers of the last moment are good, but not done
        return Run(
            float(finished[1]), failed + errored + bad, cuts[49] / 1e3, cuts[98] / 1e3, used / done * 1e6
        )


def timed(command: list[str], pids: Callable[[], Collection[int]], seconds: int) -> tuple[str, float]:
    """A load program's output, and the processor time that `pids` used meanwhile."""
    measured = pids()
    before = sum(map(cpu_seconds, measured))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    used = sum(map(cpu_seconds, measured)) - before
    if done.returncode:
        raise RuntimeError(f"{command[3]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr, used


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and everything it started that still runs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def resident(pids: Collection[int]) -> float:
    """MB of memory that the processes occupy."""
    total = 0
    for pid in pids:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) if found else 0
    return total / 1024
