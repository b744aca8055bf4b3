"""Binding and reaching a Unix socket by a path of any length."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

LONGEST = 107
"""Bytes that the kernel takes as the address of a Unix socket (unix(7))."""


@contextlib.contextmanager
def address_of(path: Path) -> Iterator[str]:
    """What to give to bind or connect while the block lasts: a long path is reached through its folder."""
    if len(os.fsencode(path)) <= LONGEST:
        yield os.fspath(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
