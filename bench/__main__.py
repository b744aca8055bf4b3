"""Run everything: interleaved rounds, medians, p99, processor time, ratios."""

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from bench import audit, events, idle, record, report, systems, tokens
from bench.load import H2Load, NotSpoken, Run, System, Wrk
from bench.systems import (
    APACHE,
    ASKING_NGINX,
    ASKING_PYTHON,
    GOALS,
    GUARDED,
    LOGGED,
    NGINX,
    SHAPED_YETT,
    YETT,
)
from yett import native

_SIZES = (("1 KiB", "small", 1024), ("100 KiB", "large", 102_400))
_AT_100_KIB = (NGINX, LOGGED, ASKING_NGINX, ASKING_PYTHON, APACHE, YETT)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--only", default="", help="only what has these words in its title")
    options = parser.parse_args()
    # How Python was built matters: without profile-guided optimisation it is a quarter slower.
    print(f"Python {platform.python_version()} ({sys.executable}), hot path: {native.variant()}")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("bench: two processors are needed: one for the measured program, one for load and origin")
        return 1
    results = measure(options.rounds, options.seconds, options.only, load_core=cores[0], core=cores[1])
    results |= events.measure()
    results |= audit.measure()
    if not options.only or options.only in "record":
        results |= record.measure()
    if not options.only or options.only in "tokens":
        results |= tokens.measure(options.rounds, options.seconds, load_core=cores[0], core=cores[1])
    report.goals(results)
    Path("build").mkdir(exist_ok=True)
    Path("build/bench.json").write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    print("\nwritten to build/bench.json")
    return 0


def measure(rounds: int, seconds: int, only: str, *, load_core: int, core: int) -> report.Results:
    """Every table, one after another."""
    results: report.Results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # servers that give up root read their files there
        wrk, h2load = Wrk(load_core, folder), H2Load(load_core, folder)
        with systems.everything(folder, core=core, load_core=load_core) as running:
            results |= idle.measure(running.gateway)
            for size, path, length in _SIZES:
                plain = running.plain
                if length > 1024:
                    plain = {name: plain[name] for name in _AT_100_KIB}
                for client, of, words in (
                    (wrk, plain, "plain"),
                    (wrk, running.secure, "TLS"),
                    (h2load, running.secure, "TLS"),
                ):
                    title = f"{client.name}, {words}, {size}"
                    if only not in title:
                        continue
                    runs = _rounds(title, client, of, path, length, rounds, seconds)
                    if not runs:
                        continue
                    report.table(f"{title}, {client.connections}, one core", runs, yardstick=NGINX)
                    results |= _kept(title, runs, are_goals=title == "HTTP/1.1, plain, 1 KiB")
    return results


def _rounds(
    title: str,
    client: Wrk | H2Load,
    of: dict[str, System],
    path: str,
    length: int,
    rounds: int,
    seconds: int,
) -> dict[str, list[Run]]:
    """Every system once per round, every other round in the opposite order."""
    runs: dict[str, list[Run]] = {name: [] for name in of}
    for number in range(rounds):
        for name in reversed(of) if number % 2 else of:
            _progress(f"{title}, round {number + 1} of {rounds}: {name}")
            try:
                runs[name].append(client.run(of[name], path, length, seconds))
            except NotSpoken:
                _progress("")
                print(f"\n{title}: {name} does not speak it")
                return {}
    _progress("")
    return runs


def _kept(title: str, runs: dict[str, list[Run]], *, are_goals: bool) -> report.Results:
    results: report.Results = {}
    for name, measured in runs.items():
        if name != YETT and not name.startswith(YETT):
            goal = GOALS.get(name, 0.0) if are_goals else 0.0
            results |= report.compare(f"{title}: Yett beside {name}", runs[YETT], measured, goal)
    for name in (GUARDED, SHAPED_YETT):
        if name in runs:
            results |= report.compare(f"{title}: {name}, beside Yett without", runs[name], runs[YETT])
    return results


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
