"""The references of commands and metrics, as Markdown."""

import io
from collections.abc import Iterable

from yett.kernel import Command, Place
from yett.kernel.metrics import Metric
from yett.ops import shell

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
