"""Writing down which events a process emitted: names only, for whoever checks what a run has covered."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from yett.events.declare import ConsoleDeclaration
from yett.events.pipeline import Record, pipeline

VARIABLE = "YETT_EVENTS_HEARD"


def keep_witness(environment: Mapping[str, str]) -> Callable[[], None] | None:
    """Begin when the variable YETT_EVENTS_HEARD names a directory; the answer ends it.

    Each name is written once, at its first appearance, so that nothing is lost when the process
    is killed.
    """
    directory = environment.get(VARIABLE, "")
    if not directory:
        return None
    path = Path(directory) / f"{os.getpid()}.heard"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    seen: set[str] = set()

    def note(line: str) -> None:
        if line not in seen:
            seen.add(line)
            os.write(descriptor, f"{line}\n".encode())

    def hear(record: Record) -> None:
        note(f"event {record.declaration.code}")

    def hear_line(declaration: ConsoleDeclaration, _text: str) -> None:
        note(f"console {declaration.template}")

    stops = [pipeline.listen(hear), pipeline.listen_to_console(hear_line)]

    def stop() -> None:
        for each in stops:
            each()
        os.close(descriptor)

    return stop
