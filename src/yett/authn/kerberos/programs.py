"""Running MIT's own programs. Passwords go to them on a pipe: arguments and environment are for all to see."""

import asyncio
import enum
import io
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yett.events import describe

_LONGEST_OUTPUT = 16 * 1024
_GRACE = 1.0
"""Seconds that a program which reads no more has to come to its end."""
_KEPT = ("KRB5_CONFIG", "PATH")


class Step(enum.Enum):
    """Where running a program failed."""

    PIPE = "pipe"
    START = "start"
    WRITE = "write"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Ended:
    """The program came to its end."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class NotRun:
    """It did not, or was stopped."""

    step: Step
    error: str


async def run(
    program: Path,
    arguments: Sequence[str],
    lines: Sequence[str],
    environ: Mapping[str, str],
    *,
    patience: float = 15.0,
) -> Ended | NotRun:
    """The same as `run_here`, in a thread."""
    return await asyncio.to_thread(run_here, program, arguments, lines, environ, patience)


def run_here(
    program: Path,
    arguments: Sequence[str],
    lines: Sequence[str],
    environ: Mapping[str, str],
    patience: float = 15.0,
) -> Ended | NotRun:
    """Run a program that asks for lines; it has ended when this returns. Blocks."""
    kept = {"LC_ALL": "C", **{name: environ[name] for name in _KEPT if name in environ}}
    return _run([str(program), *arguments], lines, kept, patience)


def _run(
    command: Sequence[str], lines: Sequence[str], environ: Mapping[str, str], patience: float
) -> Ended | NotRun:
    try:
        reading, writing = os.pipe2(os.O_CLOEXEC)
    except OSError as problem:
        return NotRun(Step.PIPE, describe(problem))
    with os.fdopen(writing, "wb", buffering=0) as told:
        try:
            process = subprocess.Popen(  # noqa: S603 - a program that the settings name, and no shell
                command, stdin=reading, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ
            )
        except (OSError, ValueError) as problem:
            return NotRun(Step.START, describe(problem))
        finally:
            os.close(reading)
        try:
            return _talk(process, told, lines, time.monotonic() + patience)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _talk(
    process: subprocess.Popen[bytes], told: io.FileIO, lines: Sequence[str], deadline: float
) -> Ended | NotRun:
    # The first prompt shows that it is up to it. What it then reads fits into the pipe, so writing never waits.
    output = _read(process, deadline) if lines else b""
    problem = ""
    try:
        told.write("".join(f"{line}\n" for line in lines).encode())
    except OSError as fault:
        # It may have come to its end without wanting to hear more, which is an answer, too.
        problem = describe(fault)
        deadline = min(deadline, time.monotonic() + _GRACE)
    told.close()
    while chunk := _read(process, deadline):
        output = (output + chunk)[-_LONGEST_OUTPUT:]
    try:
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return NotRun(Step.WRITE, problem) if problem else NotRun(Step.WAIT, "it did not end in time")
    return Ended(code, output.decode(errors="replace"))


def _read(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """What the program says next; empty at its end, or when there is no time left."""
    if process.stdout is None:
        return b""
    ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
    return os.read(process.stdout.fileno(), _LONGEST_OUTPUT) if ready else b""
