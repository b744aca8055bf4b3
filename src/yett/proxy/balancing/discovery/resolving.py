"""Asking the system for a name's addresses."""

import asyncio
import socket
from typing import Protocol

from yett.events import describe
from yett.proxy.balancing.discovery.model import Resolved, Unresolved

_NO_ADDRESSES = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class Resolver(Protocol):
    """Whoever knows addresses."""

    async def resolve(self, hostname: str, port: int) -> Resolved | Unresolved: ...


class SystemResolver:
    """The system's own resolver: hosts file, DNS, whatever is set up."""

    async def resolve(self, hostname: str, port: int) -> Resolved | Unresolved:
        """Every IPv4 and IPv6 address of the name, each once, in order."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(hostname, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            return answer_of(problem)
        return Resolved(tuple(sorted({str(entry[4][0]) for entry in found})))


def answer_of(problem: Exception) -> Resolved | Unresolved:
    """What a failed look-up means: the name has nothing, or nobody knows."""
    if isinstance(problem, socket.gaierror) and problem.errno in _NO_ADDRESSES:
        # A name server did answer, and its answer is that there is nothing.
        return Resolved(())
    return Unresolved(describe(problem))
