"""From declared commands to a command line: parsing, help and showing what a command answered."""

import functools
import io
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

from cyclopts import App, CycloptsError
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable

from yett.kernel import Command, CommandFailed, Place, Table, Verdict

Binder = Callable[[Command], Callable[..., Any]]

_HELP_WIDTH = 100
_LONGEST_USAGE = 500
_CONTROL = re.compile(r"[^\n\t -~]")

FOLDERS: dict[tuple[str, ...], str] = {
    ("admin",): "Ask a running gateway, or tell it to do something, through its admin socket.",
    ("logs",): "Search the record, and convert other systems' logs.",
    ("audit",): "Check that the audit log is whole, and take it elsewhere.",
    ("import",): "Take over the settings of other gateways.",
    ("users",): "People in the local file.",
    ("directory",): "What is known of people and groups.",
    ("ldap",): "Servers of LDAP.",
    ("federation",): "Other providers that people sign in through.",
    ("threshold",): "Signing keys that co-signers hold shares of.",
    ("cosigner",): "A program beside gateways that holds shares of their signing keys.",
    ("oidc",): "The OpenID provider: its keys, its clients, and the tokens that it gave.",
    ("oidc", "clients"): "Applications that registered themselves.",
    ("oidc", "keys"): "What tokens are signed with.",
    ("oidc", "personal"): "Tokens that people made for their programs.",
    ("oidc", "tokens"): "What applications hold of people.",
    ("tokens",): "Scoped tokens.",
    ("otp",): "Codes by mail.",
    ("totp",): "Authenticator apps.",
    ("passkey",): "Passkeys of people.",
    ("onboarding",): "Invitations of people who sign in for the first time.",
    ("belongings",): "What people who are gone have left behind.",
    ("reference",): "Print the references from the declarations.",
    ("x509",): "Client certificates.",
    ("kerberos",): "The keys of the gateway's service, and people's tickets.",
    ("ca",): "The gateway's own certificate authority.",
    ("store",): "The store's file.",
    ("proxy",): "Pools of backends behind applications.",
    ("access",): "Who may reach what.",
    ("ratelimit",): "Clients that are kept out.",
    ("sessions",): "Who is signed in.",
    ("config",): "The settings in force.",
    ("certificates",): "Certificates by name.",
    ("log",): "How much is recorded.",
    ("telemetry",): "Where records go.",
    ("ech",): "The key that hides host names in TLS hellos.",
    ("data",): "What the gateway's modules keep about people.",
    ("mail",): "Mails to people.",
    ("notify",): "What operators are told of by mail and webhook.",
}


class UsageError(CommandFailed):
    """What was typed is not a command, or its arguments do not fit."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command that was found in what was typed."""

    function: Callable[..., Any]
    path: tuple[str, ...]
    positional: tuple[Any, ...]
    named: dict[str, Any]
    words: list[str] | None = None
    """When help was asked for: for which command; None when it was the version."""


def unbound(command: Command) -> Callable[..., Any]:
    """The command's function as help and parsing need it, without making its collaborators."""
    if not command.owner:
        return command.function
    # The place of `self` is filled with nothing: only the signature is looked at.
    return functools.partial(command.function, None)


def build(
    name: str, help_text: str, commands: Iterable[Command], *, bind: Binder = unbound, version: str = ""
) -> App:
    """A command line of these commands. SERVER commands stand below the others' names as given in `path`."""
    root = App(
        name=name,
        help=help_text,
        help_format="plaintext",
        version=version or "",
        version_flags=["--version"] if version else [],
        result_action="return_value",
    )
    folders: dict[tuple[str, ...], App] = {(): root}
    for command in sorted(commands, key=lambda each: each.path):
        for depth in range(1, len(command.path)):
            prefix = command.path[:depth]
            if prefix not in folders:
                folder = App(
                    name=prefix[-1], help=FOLDERS.get(prefix, ""), help_format="plaintext", version_flags=[]
                )
                folders[prefix[:-1]].command(folder)
                folders[prefix] = folder
        leaf = App(name=command.path[-1], help_format="plaintext", version_flags=[])
        leaf.default(bind(command))
        folders[command.path[:-1]].command(leaf)
    return root


def parse(app: App, words: list[str]) -> Parsed:
    """The command that was typed; UsageError says what does not fit and what would."""
    try:
        function, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
        path, _, left = app.parse_commands(words)
    except CycloptsError as problem:
        raise UsageError(f"{_one_line(problem)} Add --help to see what can be typed.") from problem
    tokens = bound.arguments.get("tokens") if is_of_app(function) else None
    if tokens is not None and left and not left[0].startswith("-") and _is_folder(app, path):
        # Help for what does not exist would be help for something else.
        parse(app, [*path, left[0]])
    return Parsed(function, path, bound.args, dict(bound.kwargs), None if tokens is None else list(tokens))


def _is_folder(app: App, path: tuple[str, ...]) -> bool:
    return app.parse_commands(list(path))[1][-1].default_command is None


def _one_line(problem: CycloptsError) -> str:
    """What does not fit. What was typed is repeated only as far as somebody would read it."""
    text = " ".join(str(problem).split())
    return text if len(text) <= _LONGEST_USAGE else text[: _LONGEST_USAGE - 1] + "…"


def help_text(app: App, words: Iterable[str], *, out: TextIO) -> str:
    """The help for a command or a folder of commands, as wide and coloured as `out` can show it."""
    text = io.StringIO()
    width = min(_width_of(out) or _HELP_WIDTH, _HELP_WIDTH)
    app.help_print(list(words), console=_console(text, width, is_terminal=out.isatty()))
    return "\n".join(line.rstrip() for line in text.getvalue().strip("\n").split("\n")) + "\n"


def is_of_app(function: Callable[..., Any]) -> bool:
    """Whether a function is the command line's own: its help, or its version."""
    return isinstance(getattr(function, "__self__", None), App)


# Showing answers.


def plain(answer: Any) -> Any:
    """An answer as JSON can hold it."""
    if isinstance(answer, Table):
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return answer.facts if isinstance(answer, Verdict) else answer


def show(answer: Any, *, as_json: bool, out: TextIO) -> None:
    """Write an answer for people, or as JSON.

    An iterator is written as it comes, one line an element; bytes are written as they are.
    """
    if answer is None:
        return
    if isinstance(answer, Iterator):
        for each in answer:
            if isinstance(each, bytes):
                # In a format of its own, which whoever made it has made safe to show.
                out.write(each.decode())
                out.flush()
                continue
            is_object = as_json and not isinstance(each, str)
            out.write((json.dumps(each, default=str) if is_object else printable(str(each))) + "\n")
            out.flush()
        return
    if as_json:
        json.dump(plain(answer), out, indent=2, default=str)
        out.write("\n")
    elif isinstance(answer, Table):
        out.write(_table_text(answer, _width_of(out)))
    elif isinstance(answer, Verdict):
        show(answer.text, as_json=False, out=out)
    elif isinstance(answer, Mapping):
        width = max((len(str(key)) for key in answer), default=0)
        out.writelines(f"{key!s:<{width}}  {_cell(value)}\n" for key, value in answer.items())
    else:
        text = printable(str(answer))
        out.write(text if text.endswith("\n") else text + "\n")


def printable(text: str) -> str:
    """A text that a terminal shows and does not obey: much of what is recorded was written by strangers."""
    return _CONTROL.sub(lambda found: _escaped(found.group()), text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def _table_text(table: Table, width: int | None) -> str:
    """Rows under their columns. A terminal gets its own width, a pipe whole lines, whatever their length."""
    if not table.rows:
        return printable(table.empty) + "\n"
    rows = [tuple(_cell(value) for value in row) for row in table.rows]
    if width is None:
        widths = [max(map(cell_len, column)) for column in zip(table.columns, *rows, strict=True)]
        return "".join(_aligned(row, widths) for row in (table.columns, *rows))
    shown = RichTable(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in table.columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*row)
    text = io.StringIO()
    _console(text, width, is_terminal=True).print(shown)
    return text.getvalue()


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
    return "  ".join(padded).rstrip() + "\n"


def _console(text: TextIO, width: int, *, is_terminal: bool) -> Console:
    """Writes into `text`. What is written is taken as it is, and nothing depends on the environment but colour."""
    return Console(
        file=text,
        width=width,
        force_terminal=is_terminal,
        color_system="auto" if is_terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def _width_of(out: TextIO) -> int | None:
    """The width of the terminal; None for everything that is none."""
    return shutil.get_terminal_size().columns if out.isatty() else None


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(each) for each in value) or "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    # A line break inside a cell would make a row of its own.
    return printable(str(value)).replace("\n", "\\n").replace("\t", "\\t")


def places(commands: Iterable[Command], place: Place) -> list[Command]:
    """The commands that run at a place."""
    return [command for command in commands if command.place is place]
