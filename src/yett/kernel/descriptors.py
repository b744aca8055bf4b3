"""How many files and connections the process may have open."""

import contextlib
import resource

_RESERVED = 256
"""For what is no client's: the store, logs, listeners, checks of backends."""


def raise_open_files() -> int:
    """Allow as many open files as the system lets us have; the answer is how many.

    Shells and service managers begin with a small number for the sake of programs that use select().
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # Some systems have a limit below the limit; then everything stays as it was.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def open_files_for(connections: int) -> int:
    """How many open files so many clients need: each has a connection, and mostly one to an upstream."""
    return 2 * connections + _RESERVED
