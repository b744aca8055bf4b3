"""What operators can type: one registry for the shell, the admin socket and the printed reference.

A command is a typed function or method with a docstring. Methods belong to a class that takes
its collaborators in the constructor, so help and parsing work without a running server, and
`app` binds the class to an instance inside it.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Place(enum.Enum):
    """Where a command runs."""

    HERE = "here"
    """In the process that was started."""
    SERVER = "server"
    """In the running gateway, reached through the admin socket."""


@dataclass(frozen=True, slots=True)
class Command:
    """One declared command. `path` is what is typed: ("sessions", "list")."""

    path: tuple[str, ...]
    function: Callable[..., Any]
    place: Place
    writes: bool
    owner: str
    """The qualified name of the class whose method it is; empty for a plain function."""


@dataclass(frozen=True, slots=True)
class Table:
    """An answer in rows. Values are plain: text, numbers, booleans, None, lists of text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    empty: str = "Nothing to show."
    """What to say when there are no rows."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer that is yes or no. A no ends the command with 1, although it did what was asked."""

    is_yes: bool
    facts: dict[str, Any]
    """For programs: plain values, as JSON can hold them."""
    text: str
    """For people."""


class CommandFailed(Exception):
    """The command could not do what was asked; the text says why and what to do."""


commands: dict[tuple[str, ...], Command] = {}
"""Every declared command by its path; filled as modules are imported."""


def command(path: str, *, place: Place = Place.SERVER, writes: bool = False) -> Callable[[F], F]:
    """Declare a command. The function's signature is its arguments, its docstring is its help."""

    def declare(function: F) -> F:
        words = tuple(path.split())
        owner = function.__qualname__.rpartition(".")[0]
        for known in commands.values():
            if known.path == words and not _is_same(known.function, function):
                raise TypeError(f"command {path!r} is declared twice")
            shorter = min(len(known.path), len(words))
            if known.path != words and known.path[:shorter] == words[:shorter]:
                raise TypeError(f"command {path!r} and {' '.join(known.path)!r}: one cannot hold the other")
        if not function.__doc__:
            raise TypeError(f"command {path!r} has no help")
        commands[words] = Command(words, function, place, writes, owner)
        return function

    return declare


def _is_same(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether two functions come from the same declaration, which is read again when a module is reloaded."""
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)
