"""The references, printed from the declarations: what the gateway says, can be told, and can be asked."""

import io
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from yett.config import example, markdown
from yett.events import Declaration, catalogue
from yett.kernel import Command, CommandFailed, Place, command, commands
from yett.kernel.metrics import Metric
from yett.kernel.metrics import catalogue as metrics
from yett.ops import shell

_LOG_HEAD = """\
# Log reference

Everything Yett can say. Printed from the declarations by `make reference`; a test compares.

A line shows component, level, audit mark, message and fields; below it stand the event's code and what to make of it.
Severity falls from ERROR to WARN, INFO, DEBUG and TRACE. **AUDIT** marks decisions about a person, a right, a
credential or a key: these records are hash-chained, written before the answer leaves, and recorded at every log level.
Fields in *italics* are sensitive (personal or internal). Each record also carries, where known, `time`, `node`,
`server.request.id`, `trace.id`, `session.ref`, `auth.user_id` and `server.request.client_ip`.
"""
_COMMANDS_HEAD = """\
# Command reference

Every command. Printed from the declarations by `make reference`; a test compares. Commands below `yett admin` run in
the gateway and are carried there by the admin socket; all others run where they are typed. `--config PATH` names the
configuration (else `YETT_CONFIG`, else `/etc/yett`); `--json` prints the answer as JSON. `yett help …` shows the same
as `yett … --help`. A command ends with 0 when it did what was asked, with 1 when it could not and with 2 when what was
typed is no command.
"""
_METRICS_HEAD = """\
# Metrics reference

Everything that can be measured. Printed from the declarations by `make reference`; a test compares. `[metrics]` in the
settings says where Prometheus reads it; `yett admin metrics` shows the same numbers. Labels take their values from the
configuration and from fixed sets, never from clients. Counters begin at 0 with the process.
"""


def log_reference(events: Iterable[Declaration]) -> str:
    """The log reference as Markdown, by room and component."""
    parts = [_LOG_HEAD]
    ordered = sorted(events, key=lambda each: (_room(each), each.component, -each.level, each.code))
    for room, said in groupby(ordered, key=_room):
        parts.append(f"\n## {room}\n")
        for component, alike in groupby(said, key=lambda each: each.component):
            parts.append(f"\n### `{component}`\n")
            parts.extend(_entry(declaration) for declaration in alike)
    if catalogue.console:
        parts.append("\n## Console lines\n\nPrinted only: they speak of the time before there is a log.\n\n")
        lines = sorted(catalogue.console.values(), key=lambda each: each.template)
        parts.extend(f"- `{line.template}` ({line.stream}). {line.advice}\n" for line in lines)
    return "".join(parts)


def _room(declaration: Declaration) -> str:
    return declaration.module.split(".")[1]


def _entry(declaration: Declaration) -> str:
    mark = " **AUDIT**" if declaration.audit else ""
    fields = ", ".join(
        f"*{field.name}*" if field.sensitivity.value == "sensitive" else field.name
        for field in declaration.fields
    )
    advice = " ".join(declaration.advice.split())
    shown = f" ({fields})" if fields else ""
    return (
        f"\n- {declaration.level.name}{mark} {declaration.message}{shown}\n  `{declaration.code}`. {advice}\n"
    )


def command_reference(declared: Iterable[Command]) -> str:
    """The command reference as Markdown: each command with its help, as a terminal shows it."""
    parts = [_COMMANDS_HEAD]
    for each in sorted(declared, key=lambda one: (one.place is Place.SERVER, one.path)):
        words = (("admin",) if each.place is Place.SERVER else ()) + each.path
        app = shell.build(" ".join(("yett", *words[: -len(each.path)])), "", [each])
        text = shell.help_text(app, each.path, out=io.StringIO())
        parts.append(f"\n## yett {' '.join(words)}\n\n```text\n{text}```\n")
    return "".join(parts)


def metrics_reference(declared: Iterable[Metric]) -> str:
    """The metrics reference as Markdown, by name."""
    parts = [_METRICS_HEAD, "\n| metric | kind | labels | what it is |\n|---|---|---|---|\n"]
    for metric in sorted(declared, key=lambda each: each.name):
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        parts.append(f"| `{metric.name}` | {metric.kind.value} | {labels} | {metric.help} |\n")
    return "".join(parts)


_PAGES: dict[str, tuple[str, Callable[[], str]]] = {
    "log": ("log.md", lambda: log_reference(catalogue.events.values())),
    "settings": ("settings.md", markdown),
    "commands": ("commands.md", lambda: command_reference(commands.values())),
    "metrics": ("metrics.md", lambda: metrics_reference(metrics.values())),
}


def _page(name: str) -> str:
    return _PAGES[name][1]()


@command("reference log", place=Place.HERE)
def print_log() -> str:
    """Print the log reference: every event with its code, fields and advice."""
    return _page("log")


@command("reference settings", place=Place.HERE)
def print_settings() -> str:
    """Print the settings reference: every key with its type, default and bounds."""
    return _page("settings")


@command("reference commands", place=Place.HERE)
def print_commands() -> str:
    """Print the command reference: every command with its help."""
    return _page("commands")


@command("reference metrics", place=Place.HERE)
def print_metrics() -> str:
    """Print the metrics reference: every metric with its kind and labels."""
    return _page("metrics")


@command("reference example", place=Place.HERE)
def print_example() -> str:
    """Print a configuration to start from: every key with its help and default, as comments."""
    return example()


@command("reference write", place=Place.HERE, writes=True)
def write(
    folder: Annotated[Path, Parameter(help="Where the pages go.")] = Path("docs/reference"),
) -> str:
    """Write all reference pages into a folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, make in _PAGES.values():
            (folder / file).write_text(make(), encoding="utf-8")
    except OSError as problem:
        raise CommandFailed(f"cannot write to {folder}: {problem.strerror}") from problem
    return f"wrote {', '.join(file for file, _ in _PAGES.values())} to {folder}"
