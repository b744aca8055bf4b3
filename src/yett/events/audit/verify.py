"""Checking the audit log of a directory, also while a gateway writes to it.

The head file is read before the segments: the log only grows, so what the head tells of is there by
then. A segment that retention removes meanwhile was sealed before, and the record of that is in a
segment that is there by now, so files are listed once more before the newest one is read.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from yett.events.audit import seals
from yett.events.audit.checkpoints import HEAD, KEYS
from yett.events.audit.model import Kind, Report
from yett.events.audit.verifier import Small, Trust, Verifier
from yett.events.segments import NotPlain, listed, open_plain

Progress = Callable[[int, int], None]
"""Called with the bytes that were looked at, and how many there are."""

_BLOCK = 1 << 20
_LARGEST_KEYS = 1 << 20
_TRIES = 20


def verify(directory: Path, trust: Trust = Trust(), progress: Progress | None = None) -> Report:  # noqa: B008 - it is frozen
    """Check every byte of the audit log in a directory. Raises OSError when it cannot be read."""
    verifier = Verifier(small_files(directory), trust)
    names, segments, sealed = _names(directory)
    if not names:
        verifier.report.find(str(directory), 0, Kind.REMOVED, "there is no audit log")
    newest = segments[-1:]
    total = sum(_size(directory / name) for name in segments)
    done = 0
    while names:
        if newest and names[0] >= newest[0]:
            begun, newest = newest[0], []
            names, now_there, sealed = _names(directory)
            names = [name for name in names if name >= begun]
            segments += [name for name in now_there if name > begun]
        name = names.pop(0)
        seal = None
        try:
            file = open_plain(directory / name)
        except FileNotFoundError:
            seal = read_small(directory / seals.name_of(name), seals.LARGEST)
            verifier.gone(name, seal or b"", is_just_now=name in segments)
            continue
        except NotPlain:
            verifier.report.find(name, 0, Kind.INSERTED, "it is no regular file")
            continue
        is_newest = name == segments[-1]
        with file:
            if not is_newest:
                seal = read_small(directory / seals.name_of(name), seals.LARGEST)
                if seal is None and name < max(sealed, default=""):
                    verifier.report.find(seals.name_of(name), 0, Kind.REMOVED, "the seal is missing")

            # A segment that is being written has no seal yet, and one that is sealed is not written any more.
            def counted(blocks: Iterator[bytes]) -> Iterator[bytes]:
                nonlocal done
                for block in blocks:
                    done += len(block)
                    yield block
                    if progress is not None:
                        progress(done, total)

            verifier.segment(
                name,
                counted(_growing(file) if is_newest else blocks_of(file)),
                seal,
                is_newest=is_newest,
            )
    verifier.meanwhile(small_files(directory))
    return verifier.finish()


def _names(directory: Path) -> tuple[list[str], list[str], list[str]]:
    """The names of all segments in their order; of those that are there; of those that have a seal."""
    segments = [path.name for path in listed(directory, "audit")]
    sealed = [seals.segment_of(path.name) for path in directory.glob(f"audit-*{seals.SUFFIX}")]
    return sorted({*segments, *sealed}), segments, sealed


def small_files(directory: Path) -> Small:
    """Everything of the log but its segments and seals."""
    head = read_small(directory / HEAD, seals.LARGEST)
    keys = read_small(directory / KEYS, _LARGEST_KEYS) or b""
    torn: dict[str, str] = {}
    for path in sorted([*directory.glob("audit-*.torn"), *directory.glob("audit-*.torn.new")]):
        try:
            digest = hashlib.sha256()
            with open_plain(path) as file:
                for block in blocks_of(file):
                    digest.update(block)
            torn[path.name] = digest.hexdigest()
        except FileNotFoundError:
            # It was given its final name, or it went with its segment.
            continue
        except NotPlain:
            torn[path.name] = ""
    return Small(head, keys, torn)


def read_small(path: Path, largest: int) -> bytes | None:
    """A small file, as far as it is small; None when there is none."""
    try:
        with open_plain(path) as file:
            return file.read(largest + 1)
    except FileNotFoundError:
        return None
    except NotPlain:
        return b""


def blocks_of(file: BinaryIO, size: int = -1) -> Iterator[bytes]:
    """The file in blocks, up to a size if one is given."""
    while size:
        block = file.read(_BLOCK if size < 0 else min(_BLOCK, size))
        if not block:
            return
        size -= len(block) if size > 0 else 0
        yield block


def _growing(file: BinaryIO) -> Iterator[bytes]:
    """What there is now of a file that may be written to, and the rest of the line that is just being written."""
    last = b"\n"
    for block in blocks_of(file, os.fstat(file.fileno()).st_size):
        yield block
        last = block
    tries = 0
    while not last.endswith(b"\n") and tries < _TRIES:
        more = file.read(_BLOCK)
        if not more:
            threading.Event().wait(0.01)
            tries += 1
            continue
        yield more[: more.find(b"\n") + 1] or more
        last = b"\n" if b"\n" in more else more


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
