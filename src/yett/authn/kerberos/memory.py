"""Keeping memory out of swap, where the system allows all of it.

A limit that is not "unlimited" would be worse than none: the pages of later would count against it,
and the gateway would be refused memory in the middle of its work. So it is all or nothing.
"""

import ctypes
import os
import resource
from pathlib import Path

_CURRENT, _FUTURE, _ON_FAULT = 1, 2, 4
"""MCL_CURRENT, MCL_FUTURE and MCL_ONFAULT: pages are locked as they are touched, not before (mlockall(2))."""
_IPC_LOCK = 14
"""CAP_IPC_LOCK, which is above the limit (capabilities(7))."""
_STATUS = Path("/proc/self/status")


def lock_memory() -> str:
    """Keep every page of this process in memory, also those to come; else why that is not so."""
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit != resource.RLIM_INFINITY and not is_exempt(_STATUS):
        return f"the limit for locked memory is {limit} bytes, not unlimited"
    return _call("mlockall", _CURRENT | _FUTURE | _ON_FAULT)


def unlock_memory() -> str:
    """Undo it."""
    return _call("munlockall")


def is_exempt(status: Path) -> bool:
    """Whether a process with this status may lock memory whatever the limit says."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return False
    found = next((line.partition(":")[2] for line in lines if line.startswith("CapEff:")), "0")
    return bool(int(found, 16) >> _IPC_LOCK & 1)


def _call(name: str, *arguments: int) -> str:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) == 0:
        return ""
    return os.strerror(ctypes.get_errno())
