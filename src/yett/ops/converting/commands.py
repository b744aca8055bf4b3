"""What is typed."""

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter

from yett.events.dialects import DIALECTS, instant
from yett.kernel import CommandFailed, Place, command
from yett.ops.converting.files import KeptAside, must_be_free, target
from yett.ops.converting.outcome import Outcome
from yett.ops.converting.sorting import Sorter
from yett.ops.converting.work import AUTO, Converter
from yett.ops.shell import printable

_BUFFER = 1 << 18
_EVERY = 0.5
"""Seconds between two words on the progress."""
_STDIN = "-"
_BACK = "\r\x1b[K"
"""Writes over the line that is there."""


@command("logs convert", place=Place.HERE)
def convert(
    *files: Annotated[
        str,
        Parameter(
            help="Files, also compressed ones (gzip, zstd); - is standard input.", allow_leading_hyphen=True
        ),
    ],
    source: Annotated[
        str, Parameter(name="--from", help=f"The dialect of the lines: {AUTO}, {', '.join(DIALECTS)}.")
    ] = AUTO,
    to: Annotated[str, Parameter(help="The dialect to write.")] = "native",
    out: Annotated[str, Parameter(help="The file to write; it must not exist. Else standard output.")] = "",
    rejected: Annotated[
        str, Parameter(help="Where lines go that cannot be read. Else <file>.rejected beside each file.")
    ] = "",
    sort: Annotated[bool, Parameter(help="Write in the order of time.", negative=())] = False,
) -> None:
    """Convert logs of other systems, so that they can be searched, or ours into what another system reads.

    Every line is looked at on its own, so mixed streams will do. A line that cannot be read is kept aside,
    never lost. A summary goes to standard error.
    """
    if source != AUTO and source not in DIALECTS:
        raise CommandFailed(f"--from {source!r} is not a dialect: {AUTO}, {', '.join(DIALECTS)}")
    if to not in DIALECTS:
        raise CommandFailed(f"--to {to!r} is not a dialect: {', '.join(DIALECTS)}")
    for name in files:
        # A hyphen is let through for the sake of the one that stands alone.
        if name.startswith(_STDIN) and name != _STDIN:
            raise CommandFailed(f"there is no option {name[:64]!r}; a file of that name is ./{name[:64]}")
    names = files or (_STDIN,)
    sizes = [_size_of(name) for name in names]
    if rejected:
        must_be_free(Path(rejected), "--rejected")
    start = time.monotonic()
    with contextlib.ExitStack() as held:
        file = held.enter_context(target(out))
        sorter = held.enter_context(Sorter(Path(out).absolute().parent if out else None)) if sort else None
        put = sorter.add if sorter is not None else _writer(file)
        converter = Converter(put, source=source, target=to, on_progress=_progress(sum(sizes)))
        try:
            _convert_all(names, converter, rejected)
            if sorter is not None:
                file.writelines(line + b"\n" for line in sorter)
            file.flush()
        except BrokenPipeError:
            raise
        except OSError as problem:
            raise CommandFailed(f"cannot write: {problem.strerror or problem}") from problem
    told = printable(converter.outcome.told(time.monotonic() - start))
    sys.stderr.write(f"{_BACK if sys.stderr.isatty() else ''}{told}\n")
    if converter.outcome.damaged:
        raise CommandFailed("not everything could be read: a file is damaged")


def _convert_all(names: tuple[str, ...], converter: Converter, rejected: str) -> None:
    """Convert each file. Lines that cannot be read go to one file for all, or to one for each."""
    with contextlib.ExitStack() as held:
        shared = held.enter_context(KeptAside(Path(rejected), is_exact=True)) if rejected else None
        for name in names:
            beside = Path("stdin.rejected" if name == _STDIN else f"{name}.rejected")
            aside = shared or held.enter_context(KeptAside(beside, is_exact=False))
            with _opened(name) as stream:
                converter.convert(stream, name, aside, otherwise=_time_of(stream))
            if aside.path is not None and str(aside.path) not in converter.outcome.kept_in:
                converter.outcome.kept_in.append(str(aside.path))


def _size_of(name: str) -> int:
    """The bytes of a file that is there and is one; told before anything is written."""
    if name == _STDIN:
        return 0
    try:
        path = Path(name)
        if path.is_dir():
            raise CommandFailed(f"{name} is a directory; name the files in it")
        with path.open("rb") if path.is_file() else contextlib.nullcontext():
            return path.stat().st_size
    except OSError as problem:
        raise CommandFailed(f"cannot read {name}: {problem.strerror}") from problem


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == _STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = Path(name).open("rb", buffering=_BUFFER)  # noqa: SIM115 - closed below
    except OSError as problem:
        raise CommandFailed(f"cannot read {name}: {problem.strerror}") from problem
    with stream:
        yield stream


def _time_of(stream: BinaryIO) -> str:
    """When a file was last written; for what is no file, now."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, io.UnsupportedOperation):
        return instant(time.time_ns())
    return instant(found.st_mtime_ns if found.st_size else time.time_ns())


def _writer(target: BinaryIO) -> Callable[[str, bytes], None]:
    write = target.write

    def put(_: str, line: bytes) -> None:
        write(line + b"\n")

    return put


def _progress(size: int) -> Callable[[Outcome], None] | None:
    """Tells how far it is, to people at a terminal."""
    if not sys.stderr.isatty():
        return None
    last = time.monotonic()

    def tell(outcome: Outcome) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY:
            last = now
            sys.stderr.write(f"{_BACK}{outcome.lines:,} lines of {size / 1e6:,.0f} MB …")
            sys.stderr.flush()

    return tell
