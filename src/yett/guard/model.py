"""What every guard is: asked once per request, at once, and answering with a reason or with nothing."""

import enum
from dataclasses import dataclass
from typing import Protocol

from yett.net.http import Request


@dataclass(frozen=True, slots=True)
class Blocked:
    """A request that goes no further: why, and what the person is told."""

    status: int
    reason: enum.Enum
    heading: str
    sentence: str
    """General on purpose, and without values: pages are rendered once for each sentence."""
    headers: bytes = b""
    """Complete header lines, each with its CRLF."""


class Guard(Protocol):
    """One check of requests. It never waits; what it cannot do, it raises, and the door decides."""

    @property
    def is_enabled(self) -> bool:
        """Whether there is anything to check by the settings in force."""
        ...

    def check(self, request: Request, now: float) -> Blocked | None:
        """Why the request is blocked; None lets it through. `now` is in seconds since the epoch."""
        ...
