"""Fuzz for a while: `python -m tests.fuzz [seconds] [parser …]`; `make fuzz SECONDS=600` does the same.

Each run throws new dice. What fails is told with its seed, which brings the input back:
`python -m tests.fuzz --seed request_heads:1a2b:77`.
"""

import asyncio
import secrets
import sys
import time
import traceback
from dataclasses import dataclass

import uvloop
from tests.fuzz import engine
from tests.fuzz.grammar import Dice
from tests.fuzz.parsers import PARSERS
from tests.strictness.stage import Stage

SLICE = 0.5
"""Seconds for one parser before it is the next one's turn."""
PROGRESS = 10.0
MOST_TOLD = 3
"""Failures told of each parser."""


@dataclass
class Tally:
    """What was seen of one parser."""

    inputs: int = 0
    failures: int = 0
    slowest: float = 0.0
    slowest_seed: str = ""


def say(text: str) -> None:
    """Print now."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Run:
    """Everything for some seconds, in turns."""

    def __init__(self, names: list[str]) -> None:
        self.seed = secrets.token_hex(4)
        self.parsers = [parser for parser in PARSERS if not names or parser.__name__ in names]
        self.with_engine = not names or "engine" in names
        self.tallies = {parser.__name__: Tally() for parser in self.parsers} | {"engine": Tally()}

    async def go(self, seconds: float) -> int:
        """Fuzz; the answer is the number of failures."""
        began = told = time.monotonic()
        stage = await Stage().start()
        say(f"seed {self.seed}")
        while time.monotonic() - began < seconds:
            for parser in self.parsers:
                until = time.monotonic() + SLICE
                while time.monotonic() < until:
                    tally = self.tallies[parser.__name__]
                    seed = f"{parser.__name__}:{self.seed}:{tally.inputs}"
                    at = time.thread_time()
                    try:
                        parser(Dice(seed))
                    except Exception:  # noqa: BLE001 - whatever it is, it is what was looked for
                        self._failed(parser.__name__, seed)
                    self._count(tally, seed, time.thread_time() - at)
                await asyncio.sleep(0)
            if self.with_engine:
                await self._engine(stage)
            if time.monotonic() - told > PROGRESS:
                told = time.monotonic()
                self.tell(told - began, seconds)
        await stage.stop()
        self.tell(time.monotonic() - began, seconds)
        for name, tally in self.tallies.items():
            if tally.inputs:
                say(
                    f"  {name:20} {tally.inputs:>9} inputs {tally.failures:>4} failures, "
                    f"slowest {tally.slowest * 1000:.1f} ms ({tally.slowest_seed})"
                )
        return sum(tally.failures for tally in self.tallies.values())

    async def _engine(self, stage: Stage) -> None:
        tally = self.tallies["engine"]
        until = time.monotonic() + SLICE
        while time.monotonic() < until:
            seed = f"engine:{self.seed}:{tally.inputs}"
            at = time.thread_time()
            try:
                await engine.requests(stage, seed)
            except Exception:  # noqa: BLE001 - the same
                self._failed("engine", seed)
                stage.recorder.broken.clear()
            self._count(tally, seed, time.thread_time() - at)

    @staticmethod
    def _count(tally: Tally, seed: str, took: float) -> None:
        tally.inputs += 1
        if took > tally.slowest:
            tally.slowest, tally.slowest_seed = took, seed

    def _failed(self, name: str, seed: str) -> None:
        tally = self.tallies[name]
        tally.failures += 1
        if tally.failures <= MOST_TOLD:
            say(f"FAILED {seed}\n{traceback.format_exc(limit=-3)}")

    def tell(self, passed: float, seconds: float) -> None:
        """One line of progress."""
        inputs = sum(tally.inputs for tally in self.tallies.values())
        failures = sum(tally.failures for tally in self.tallies.values())
        say(f"{passed:6.0f} of {seconds:.0f} s: {inputs} inputs, {failures} failures")


async def again(seed: str) -> None:
    """One input once more, with whatever it raises."""
    name = seed.partition(":")[0]
    if name == "engine":
        stage = await Stage().start()
        await engine.requests(stage, seed)
        await stage.stop()
    else:
        next(parser for parser in PARSERS if parser.__name__ == name)(Dice(seed))


def main(words: list[str]) -> int:
    """Run; the answer is the exit status."""
    if words[:1] == ["--seed"]:
        uvloop.run(again(words[1]))
        return 0
    seconds = float(words[0]) if words else 60.0
    return min(1, uvloop.run(Run(words[1:]).go(seconds)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
