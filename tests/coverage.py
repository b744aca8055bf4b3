"""Which documented log entries are declared, and which were heard during this run.

An event counts as heard only when code of `src/yett` emitted it, in this process or in a server
that a journey started (those write what they emitted to the folder in YETT_EVENTS_HEARD).
"""

import importlib
import json
import os
import pkgutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from tests.outcomes import UNLEVELLED, Outcome, fits, outcomes

import yett
from yett.events import TRACE, Declaration, Record, catalogue, pipeline
from yett.events.declare import ConsoleDeclaration

HERE = Path(__file__).resolve().parent
ENTRIES = [json.loads(line) for line in (HERE / "catalogue" / "events.jsonl").read_text("utf-8").splitlines()]
MODULES_WITHOUT_ENTRIES = ("Git Configuration Management", "Hot Reload")

_SOURCE = str(Path(yett.__file__).resolve().parent) + os.sep
_TESTS = str(HERE) + os.sep
_MACHINERY = (_SOURCE + "events/declare.py", _SOURCE + "events/pipeline.py")

Key = tuple[int, int]
"""An outcome: the position of its entry, and its own inside the entry."""


class Recorder:
    """Listens to the whole run and sums it up."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._codes: set[str] = set()
        self._templates: set[str] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="yett-heard-")
        os.environ["YETT_EVENTS_HEARD"] = self._folder.name
        self._stops = [pipeline.listen(self._hear), pipeline.listen_to_console(self._hear_line)]
        # Everything is enabled for the whole run, or a debug event could never be heard.
        pipeline.set_level(TRACE)

    def _hear(self, record: Record) -> None:
        if record.declaration.code not in self._codes and _is_said_by_us():
            self._codes.add(record.declaration.code)

    def _hear_line(self, declaration: ConsoleDeclaration, _text: str) -> None:
        if declaration.template not in self._templates and _is_said_by_us():
            self._templates.add(declaration.template)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self) -> None:
        if pipeline.level is not TRACE or pipeline.overrides:
            pipeline.set_level(TRACE)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        is_whole = _is_whole_run(self._config)
        for problem in import_everything() if is_whole else ():
            terminalreporter.write_line(f"events: {problem}", red=True)
        self._collect_from_servers()
        declared = match(list(catalogue.events.values()), list(catalogue.console.values()))
        heard = {
            key
            for key, sources in declared.items()
            if any(source in self._codes or source in self._templates for source in sources)
        }
        summary = summarise(set(declared), heard)
        total = summary["total"]
        line = f"events: {total['entries']} entries, {total['declared']} declared, {total['heard']} heard"
        if not is_whole:
            terminalreporter.write_line(line + " (by what ran)")
            return
        build = self._config.rootpath / "build"
        build.mkdir(exist_ok=True)
        (build / "event-coverage.json").write_text(json.dumps(summary, indent=1) + "\n", "utf-8")
        (build / "event-gaps.txt").write_text(gaps(declared, heard), "utf-8")
        terminalreporter.section("documented log entries")
        for row in table(summary):
            terminalreporter.write_line(row)

    def pytest_unconfigure(self) -> None:
        for stop in self._stops:
            stop()
        os.environ.pop("YETT_EVENTS_HEARD", None)
        self._folder.cleanup()

    def _collect_from_servers(self) -> None:
        for path in Path(self._folder.name).iterdir():
            for line in path.read_text("utf-8").splitlines():
                kind, _, name = line.partition(" ")
                (self._codes if kind == "event" else self._templates).add(name)


def _is_said_by_us() -> bool:
    """Whether the nearest caller that is ours or the tests' is ours."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_TESTS):
            return False
        if name.startswith(_SOURCE) and name not in _MACHINERY:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _is_whole_run(config: pytest.Config) -> bool:
    option = config.option
    if option.keyword or option.markexpr or option.deselect or option.collectonly or option.ignore:
        return False
    root = config.rootpath
    wanted = {str(root), str(root / "tests")}
    return all(str((config.invocation_params.dir / each).resolve()) in wanted for each in config.args)


def import_everything() -> list[str]:
    """Import every module, so that all declarations are there; what went wrong, if anything."""
    problems = []
    for module in pkgutil.walk_packages(yett.__path__, "yett.", onerror=lambda _name: None):
        if module.name.endswith(".__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except Exception as problem:  # noqa: BLE001 - a module that does not load declares nothing; it is reported
            problems.append(f"{module.name} does not load: {problem}")
    return problems


OUTCOMES: dict[Key, Outcome] = {
    (position, index): outcome
    for position, entry in enumerate(ENTRIES)
    for index, outcome in enumerate(outcomes(entry))
}


def match(events: list[Declaration], lines: list[ConsoleDeclaration]) -> dict[Key, set[str]]:
    """Each outcome that is declared, with the codes (or templates) that declare it.

    An event stands for the outcomes that cover most of its message, so that "DNS resolution
    failed, fallback to system DNS" is not taken for "DNS resolution failed".
    """
    by_component = defaultdict(list)
    for key in OUTCOMES:
        component = ENTRIES[key[0]]["component"]
        by_component[component.split(".")[0]].append(key)
    found: dict[Key, set[str]] = defaultdict(set)
    for event in events:
        if event.module.startswith("yett."):
            keys = [
                key
                for key in by_component[event.component.split(".")[0]]
                if fits(ENTRIES[key[0]], event.component, event.level.name, audit=event.audit)
            ]
            _credit(found, keys, event.message, event.code)
    printed = [key for name in UNLEVELLED for key in by_component[name]]
    for line in lines:
        if line.module.startswith("yett."):
            keys = [key for key in printed if OUTCOMES[key].patterns or "Admin socket" in line.template]
            _credit(found, keys, line.template, line.template)
    return dict(found)


def _credit(found: dict[Key, set[str]], keys: list[Key], message: str, source: str) -> None:
    reaches = {key: OUTCOMES[key].reach(message) for key in keys}
    best = max(reaches.values(), default=-1)
    if best >= 0:
        for key, reach in reaches.items():
            if reach == best:
                found[key].add(source)


def summarise(declared: set[Key], heard: set[Key]) -> dict[str, Any]:
    """Counts per module; an entry counts when each of its outcomes does."""
    modules: dict[str, dict[str, int]] = {}
    for position, entry in enumerate(ENTRIES):
        row = modules.setdefault(entry["module"], {"entries": 0, "declared": 0, "heard": 0})
        keys = {(position, index) for index in range(len(outcomes(entry)))}
        row["entries"] += 1
        row["declared"] += keys <= declared
        row["heard"] += keys <= heard
    for name in MODULES_WITHOUT_ENTRIES:
        modules.setdefault(name, {"entries": 0, "declared": 0, "heard": 0})
    total = {what: sum(row[what] for row in modules.values()) for what in ("entries", "declared", "heard")}
    return {"total": total, "modules": modules}


def table(summary: dict[str, Any]) -> list[str]:
    """The summary in rows."""
    rows = [f"{'module':<50} {'entries':>8} {'declared':>9} {'heard':>6}"]
    for name, row in [*summary["modules"].items(), ("total", summary["total"])]:
        rows.append(f"{name:<50} {row['entries']:>8} {row['declared']:>9} {row['heard']:>6}")
    return rows


def gaps(declared: dict[Key, set[str]], heard: set[Key]) -> str:
    """What is missing, for whoever closes the gap: declared but unheard, and ours beside the catalogue."""
    unheard = sorted(key for key in declared if key not in heard)
    known = {source for sources in declared.values() for source in sources}
    documented = {entry["component"] for entry in ENTRIES}
    strangers = sorted(
        f"{event.code}: {event.level.name}{' AUDIT' if event.audit else ''} {event.message}"
        for event in catalogue.events.values()
        if event.module.startswith("yett.") and event.component in documented and event.code not in known
    )
    return "\n".join(
        [
            "Declared, never heard:",
            *(f"  n={ENTRIES[p]['n']} {ENTRIES[p]['component']}: {OUTCOMES[p, i].words}" for p, i in unheard),
            "",
            "At a documented component, but no documented entry:",
            *(f"  {stranger}" for stranger in strangers),
            "",
        ]
    )
