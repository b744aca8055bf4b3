"""Identifiers: UUID version 7 (RFC 9562, section 5.7), so that they sort by time."""

import os
import secrets
import time
import uuid


class _Maker:
    """Makes request ids cheaply: random bits are drawn many at a time.

    Within one millisecond the 12 bits after the version count up, so that ids of one process
    never go back (RFC 9562, section 6.2, method 1).
    """

    __slots__ = ("_counter", "_millisecond", "_pid", "_pool", "_position")

    def __init__(self) -> None:
        self._millisecond = 0
        self._counter = 0
        self._pool = ""
        self._position = 0
        self._pid = 0

    def next(self) -> str:
        """A new id in canonical text form."""
        now = time.time_ns() // 1_000_000
        if now > self._millisecond:
            self._millisecond = now
            self._counter = 0
        else:
            self._counter += 1
            if self._counter > 0xFFF:
                self._millisecond += 1
                self._counter = 0
        position = self._position
        if position + 16 > len(self._pool) or self._pid != os.getpid():
            self._pool = os.urandom(8 * 256).hex()
            self._pid = os.getpid()
            position = 0
        tail = self._pool[position : position + 16]
        self._position = position + 16
        stamp = f"{self._millisecond:012x}"
        # The variant's two bits are "10": the first digit is one of 8, 9, a, b.
        variant = "89ab"[int(tail[0], 16) & 3]
        return f"{stamp[:8]}-{stamp[8:]}-7{self._counter:03x}-{variant}{tail[1:4]}-{tail[4:]}"


new_id = _Maker().next
"""A new time-ordered id. It names things; it is not a secret."""


def new_secret(size: int = 32) -> str:
    """A new unguessable value of `size` random bytes, URL-safe."""
    return secrets.token_urlsafe(size)


def time_of(identifier: str) -> float | None:
    """When a version 7 id was made, in seconds since the epoch; None for anything else."""
    try:
        value = uuid.UUID(identifier)
    except ValueError:
        return None
    if value.version != 7:
        return None
    return (value.int >> 80) / 1000.0
