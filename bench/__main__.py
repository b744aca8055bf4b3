"""Run everything: interleaved rounds, medians, ratios to plain nginx."""

import argparse
import contextlib
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from bench import events, peers
from bench.gateway import HOST, yett
from bench.load import CONNECTIONS, Run, measure

PLAIN = "nginx proxy_pass"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    # How Python was built matters: without profile-guided optimisation it is a quarter slower.
    print(f"Python {platform.python_version()} ({sys.executable})")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("bench: two processors are needed: one for the measured program, one for load and origin")
        return 1
    results = http(options.rounds, options.seconds, load_core=cores[0], core=cores[1])
    results |= events.measure()
    Path("build").mkdir(exist_ok=True)
    Path("build/bench.json").write_text(json.dumps(results, indent=2) + "\n")
    print("\nwritten to build/bench.json")
    return 0


def http(rounds: int, seconds: float, *, load_core: int, core: int) -> dict[str, dict[str, object]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        origin, _ = stack.enter_context(peers.nginx(peers.ORIGIN, folder / "origin", core=load_core))
        systems: dict[str, tuple[str, dict[str, str], list[int]]] = {}
        for name, body, headers in (
            (PLAIN, peers.PLAIN, {}),
            ("nginx proxy_pass with a JSON access log", peers.LOGGED, {}),
            ("nginx auth_request answered by nginx", peers.AUTHORISED, {"Cookie": "session=good"}),
        ):
            port, pid = stack.enter_context(
                peers.nginx(body, folder / name.replace(" ", "_"), core=core, origin=origin)
            )
            systems[name] = (f"http://127.0.0.1:{port}", {"Host": HOST, **headers}, [pid])
        gateway = stack.enter_context(yett(folder / "yett", core=core, origin=origin))
        systems["yett, signed in, group checked, signed, logged"] = (
            f"http://127.0.0.1:{gateway.port}",
            {"Host": HOST, "Cookie": gateway.cookie},
            [gateway.pid],
        )
        results: dict[str, dict[str, object]] = {}
        for size, path in (("1 KiB", "small/page"), ("100 KiB", "large/page")):
            runs: dict[str, list[Run]] = {name: [] for name in systems}
            for number in range(rounds):
                for name, (origin_url, headers, pids) in systems.items():
                    progress(f"{size}, round {number + 1} of {rounds}: {name}")
                    runs[name].append(
                        measure(
                            f"{origin_url}/{path}",
                            headers=headers,
                            seconds=seconds,
                            pids=pids,
                            core=load_core,
                            folder=folder,
                        )
                    )
            results |= report(size, runs)
        return results


def report(size: str, runs: dict[str, list[Run]]) -> dict[str, dict[str, object]]:
    progress("")
    print(f"\nHTTP/1.1, {size}, {CONNECTIONS} keep-alive connections, one core (medians)\n")
    print(f"{'system':<50}{'req/s':>9}{'ratio':>8}{'CPU µs':>9}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}")
    plain = runs[PLAIN]
    results = {}
    for name, measured in runs.items():
        # The machine's speed drifts, so each round is compared with plain nginx in the same round.
        ratio = statistics.median(one.rate / other.rate for one, other in zip(measured, plain, strict=True))
        rate = statistics.median(run.rate for run in measured)
        row = [
            statistics.median(getattr(run, what) for run in measured)
            for what in ("cpu_us", "p50_ms", "p99_ms")
        ]
        errors = sum(run.errors for run in measured)
        print(f"{name:<50}{rate:>9.0f}{ratio:>8.2f}{row[0]:>9.1f}{row[1]:>9.2f}{row[2]:>9.2f}{errors:>8}")
        results[f"http {size}: {name}"] = {
            "ours": round(rate),
            "peer": round(statistics.median(run.rate for run in plain)),
            "ratio": round(ratio, 3),
            "unit": "requests/s",
            "cpu_us": round(row[0], 1),
            "p99_ms": round(row[2], 2),
            "errors": errors,
        }
    return results


def progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
