"""A connected socket for one of several addresses: whichever answers first, with the earlier ones ahead."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, TypeVar

T = TypeVar("T")

_AHEAD: Final = 0.25
"""Seconds that an address is ahead of the next one (RFC 8305, 5)."""


async def reach(addresses: Sequence[str], port: int) -> socket.socket:
    """Connect to one of these (at least one) addresses. Raises the first OSError when all fail.

    Whatever else was connected meanwhile is closed.
    """
    if len(addresses) == 1:
        return await connected(*place_of(addresses[0], port))
    return await race(
        [partial(connected, *place_of(address, port)) for address in addresses], socket.socket.close
    )


async def race(tries: Sequence[Callable[[], Coroutine[Any, Any, T]]], undo: Callable[[T], object]) -> T:
    """What the first of these (at least one) to succeed gives. Raises the first OSError when all fail.

    Any other exception ends it at once. What others give meanwhile is undone.
    """
    waiting = list(tries)
    running: set[asyncio.Task[T]] = set()
    problem: OSError | None = None
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(waiting.pop(0)()))  # noqa: TID251 - awaited or cancelled right here
            done, running = await asyncio.wait(
                running,
                timeout=_AHEAD if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                failed = task.exception()
                if failed is None or not isinstance(failed, OSError):
                    running |= done - {task}
                    return task.result()
                problem = problem or failed
    finally:
        for task in running:
            task.cancel()
        for late in await asyncio.gather(*running, return_exceptions=True):
            if not isinstance(late, BaseException):
                undo(late)
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


def place_of(address: str, port: int) -> tuple[int, tuple[object, ...]]:
    """The family of an address, and what a socket connects to there."""
    return (socket.AF_INET6 if ":" in address else socket.AF_INET), (address, port)
