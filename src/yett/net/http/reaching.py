"""A connected socket for one of several addresses: whichever answers first, with the earlier ones ahead."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from typing import Final

_AHEAD: Final = 0.25
"""Seconds that an address is ahead of the next one (RFC 8305, 5)."""


async def reach(addresses: Sequence[str], port: int) -> socket.socket:
    """Connect to one of these (at least one) addresses. Raises the first OSError when all fail.

    Whatever else was connected meanwhile is closed.
    """
    if len(addresses) == 1:
        return await connected(*_place(addresses[0], port))
    waiting = list(addresses)
    running: set[asyncio.Task[socket.socket]] = set()
    problem: OSError | None = None
    try:
        while waiting or running:
            if waiting:
                family, place = _place(waiting.pop(0), port)
                running.add(asyncio.create_task(connected(family, place)))  # noqa: TID251 - awaited or cancelled right here
            done, running = await asyncio.wait(
                running,
                timeout=_AHEAD if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                failed = task.exception()
                if failed is None:
                    running |= done - {task}
                    return task.result()
                if not isinstance(failed, OSError):
                    raise failed
                problem = problem or failed
    finally:
        for task in running:
            task.cancel()
        for late in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(late, socket.socket):
                late.close()
    raise problem or OSError("no address")


async def connected(
    family: int, place: tuple[object, ...] | str, kind: int = socket.SOCK_STREAM, protocol: int = 0
) -> socket.socket:
    """A connected socket. Raises OSError."""
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, place)
        if family != socket.AF_UNIX:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _place(address: str, port: int) -> tuple[int, tuple[object, ...]]:
    return (socket.AF_INET6 if ":" in address else socket.AF_INET), (address, port)
