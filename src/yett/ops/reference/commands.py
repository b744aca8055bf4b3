"""The commands that print references, and the one that compares two."""

import enum
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from yett import __version__
from yett.config import example, markdown
from yett.events import catalogue
from yett.kernel import CommandFailed, Place, command, commands
from yett.kernel.metrics import catalogue as metrics
from yett.ops.reference.advice import faults_of
from yett.ops.reference.comparing import Change, compare
from yett.ops.reference.log import as_json, as_markdown, log_of
from yett.ops.reference.model import LogReference
from yett.ops.reference.pages import command_reference, metrics_reference
from yett.ops.reference.reading import Unreadable, read
from yett.ops.reference.schema import schema_of


class Format(enum.Enum):
    """How the log reference is printed."""

    MD = "md"
    JSON = "json"
    SCHEMA = "schema"


def this_version() -> LogReference:
    """What the program that runs can say."""
    return log_of(__version__, catalogue.events.values(), catalogue.console.values())


def _schema() -> str:
    text = msgspec.json.encode(schema_of(this_version()))
    return msgspec.json.format(text, indent=2).decode() + "\n"


_LOG: dict[Format, Callable[[], str]] = {
    Format.MD: lambda: as_markdown(catalogue.events.values(), catalogue.console.values()),
    Format.JSON: lambda: as_json(this_version()),
    Format.SCHEMA: _schema,
}
_PAGES: dict[str, Callable[[], str]] = {
    "log.md": _LOG[Format.MD],
    "log.json": _LOG[Format.JSON],
    "settings.md": markdown,
    "commands.md": lambda: command_reference(commands.values()),
    "metrics.md": lambda: metrics_reference(metrics.values()),
}


@command("reference log", place=Place.HERE)
def print_log(
    *,
    format: Annotated[  # noqa: A002 - the name of the option
        Format,
        Parameter(help="Markdown for people, JSON for `yett logs diff`, or a JSON Schema for records."),
    ] = Format.MD,
    json: Annotated[bool, Parameter(help="The same as --format json.", negative=())] = False,
) -> Iterator[str]:
    """Print the log reference: every event with its code, fields and advice."""
    # Line by line: JSON is not to be wrapped in JSON once more.
    return iter(_LOG[Format.JSON if json else format]().splitlines())


@command("reference settings", place=Place.HERE)
def print_settings() -> str:
    """Print the settings reference: every key with its type, default and bounds."""
    return _PAGES["settings.md"]()


@command("reference commands", place=Place.HERE)
def print_commands() -> str:
    """Print the command reference: every command with its help."""
    return _PAGES["commands.md"]()


@command("reference metrics", place=Place.HERE)
def print_metrics() -> str:
    """Print the metrics reference: every metric with its kind and labels."""
    return _PAGES["metrics.md"]()


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
        for file, make in _PAGES.items():
            (folder / file).write_text(make(), encoding="utf-8")
    except OSError as problem:
        raise CommandFailed(f"cannot write to {folder}: {problem.strerror}") from problem
    return f"wrote {', '.join(_PAGES)} to {folder}"


@command("reference check", place=Place.HERE)
def check() -> str:
    """Check that every event tells its operator what it means and what to do; for whoever declares some."""
    wanting = [
        f"{declaration.code}: {fault}"
        for declaration in sorted(catalogue.events.values(), key=lambda each: each.code)
        for fault in faults_of(declaration)
    ]
    if wanting:
        raise CommandFailed("advice that helps nobody:\n" + "\n".join(wanting))
    return f"all {len(catalogue.events)} events tell their operators what to do"


@command("logs diff", place=Place.HERE)
def diff(
    old: Annotated[
        Path,
        Parameter(
            help="What `yett reference log --format json` printed; - for standard input.",
            allow_leading_hyphen=True,
        ),
    ],
    new: Annotated[Path | None, Parameter(help="The same of another version; else this one's.")] = None,
    *,
    json: Annotated[bool, Parameter(help="One JSON object a line.", negative=())] = False,
) -> Iterator[Any]:
    """Show what changed in the log between two versions, what breaks alert rules first.

    It ends with 1 when something breaks: an event or a field is gone, or has another code,
    component, message, level, type or class, or lost its audit mark.
    """
    before = _read(old)
    after = this_version() if new is None else _read(new)
    return _shown(compare(before, after), before, after, json=json)


def _shown(
    changes: tuple[Change, ...], before: LogReference, after: LogReference, *, json: bool
) -> Iterator[Any]:
    breaking = sum(change.is_breaking for change in changes)
    if json:
        yield from (_plain(change) for change in changes)
    else:
        yield from map(_sentence, changes)
        harmless = len(changes) - breaking
        yield (
            f"{before.version} to {after.version}: {_counted(breaking, 'breaking change')}, "
            f"{_counted(harmless, 'other change')}"
        )
    if breaking:
        raise CommandFailed(f"{_counted(breaking, 'change')} may break alert rules")


def _read(path: Path) -> LogReference:
    try:
        return read(path)
    except Unreadable as problem:
        raise CommandFailed(f"{path}: {problem}") from problem
    except OSError as problem:
        raise CommandFailed(f"{path}: {problem.strerror}") from problem


def _plain(change: Change) -> dict[str, Any]:
    return {
        "breaking": change.is_breaking,
        "what": change.what.value,
        "code": change.code,
        "level": change.level.value,
        "before": change.before,
        "after": change.after,
    }


def _sentence(change: Change) -> str:
    mark = "BREAKS" if change.is_breaking else "      "
    detail = " → ".join(part for part in (change.before, change.after) if part)
    # Somebody else wrote the file: a line break in it must not begin a line here.
    return " ".join(f"{mark}  {change.what.value}: {change.code}  {detail}".rstrip().splitlines())


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
