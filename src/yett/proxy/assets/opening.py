"""From a request's path to an open file below a directory, and never to one outside it.

Each name is opened relative to the directory before it, links are followed by hand, and ".." of
a link goes back to a directory that was opened on the way. So nothing that is renamed or linked
meanwhile can lead out: what has been opened was inside when it was.
"""

import enum
import os
import re
import stat
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_BAD = re.compile(r"[\x00-\x1f\x7f/\\]")
_CLIMB = re.compile(r"(?:^|[/\\])\.\.(?:[/\\;]|$)")
_MOST_LINKS = 40
"""As many as the kernel follows (path_resolution(7))."""
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""A pipe must not hold anybody up."""


class Wrong(enum.Enum):
    """Why there is no file."""

    MISSING = "missing"
    TRAVERSAL = "traversal"
    INVALID = "invalid"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file or directory that is open; whoever has it closes it."""

    handle: int
    facts: os.stat_result
    name: str
    """As asked for; a link may lead to another."""

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.facts.st_mode)


def is_climbing(path: str) -> bool:
    """Whether a path that was refused has ".." in any reading."""
    for _ in range(3):
        if _CLIMB.search(path):
            return True
        path = unquote_to_bytes(path).decode("utf-8", "replace")
    return False


def names_of(below: str) -> tuple[str, ...] | Wrong:
    """The names in what stands behind a route's path, percent-escapes undone once.

    Names that begin with a dot are not shown (".git", ".env"), apart from RFC 8615's ".well-known".
    """
    below = below.removeprefix("/").removesuffix("/")
    if not below:
        return ()
    found = []
    for segment in below.split("/"):
        try:
            name = unquote_to_bytes(segment).decode("utf-8")
        except UnicodeDecodeError:
            return Wrong.INVALID
        if not name or _BAD.search(name):
            return Wrong.INVALID
        if name in {".", ".."}:
            return Wrong.TRAVERSAL
        if name.startswith(".") and name != ".well-known":
            return Wrong.MISSING
        found.append(name)
    return tuple(found)


def open_below(directory: str, names: Sequence[str]) -> Opened | Wrong:
    """The file or directory of that name inside `directory`."""
    try:
        opened = [os.open(directory, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)]
    except OSError as problem:
        return _wrong(problem)
    try:
        found = _walk(opened, deque(names))
        if isinstance(found, Wrong):
            return found
        facts = os.fstat(opened[-1])
        if not stat.S_ISREG(facts.st_mode) and not stat.S_ISDIR(facts.st_mode):
            return Wrong.MISSING
        return Opened(opened.pop(), facts, names[-1] if names else "")
    except OSError as problem:
        return _wrong(problem)
    finally:
        for handle in opened:
            os.close(handle)


def _walk(opened: list[int], ahead: deque[str]) -> Wrong | None:
    """Open what is ahead, one after the other; the last one of `opened` is the result."""
    links = 0
    while ahead:
        name = ahead.popleft()
        if name in {"", "."}:
            continue
        if name == "..":
            if len(opened) == 1:
                return Wrong.TRAVERSAL
            os.close(opened.pop())
            continue
        target = _link(name, opened[-1])
        if target is None:
            opened.append(os.open(name, _FLAGS, dir_fd=opened[-1]))
            continue
        links += 1
        if links > _MOST_LINKS:
            return Wrong.MISSING
        if target.startswith("/"):
            return Wrong.TRAVERSAL
        ahead.extendleft(reversed(target.split("/")))
    return None


def _link(name: str, directory: int) -> str | None:
    """Where a link leads; None for anything else. What becomes a link after this look is not opened."""
    if stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
        return os.readlink(name, dir_fd=directory)
    return None


def _wrong(problem: OSError) -> Wrong:
    return Wrong.UNREADABLE if isinstance(problem, PermissionError) else Wrong.MISSING
