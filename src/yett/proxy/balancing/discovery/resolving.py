"""Asking the system for a name's addresses."""

import asyncio
import socket
from typing import Protocol

from yett.events import describe
from yett.net.http import LookUp
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


class LookedUp:
    """Whoever knows the addresses of backends, and the system where that one has nothing to say."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._system = SystemResolver()

    async def resolve(self, hostname: str, port: int) -> Resolved | Unresolved:
        """Every address of the name, each once, in order."""
        try:
            found = await self._look_up(hostname)
        except OSError as problem:
            return answer_of(problem)
        return Resolved(tuple(sorted(set(found)))) if found else await self._system.resolve(hostname, port)


def answer_of(problem: Exception) -> Resolved | Unresolved:
    """What a failed look-up means: the name has nothing, or nobody knows."""
    if isinstance(problem, socket.gaierror) and problem.errno in _NO_ADDRESSES:
        # A name server did answer, and its answer is that there is nothing.
        return Resolved(())
    return Unresolved(describe(problem))
