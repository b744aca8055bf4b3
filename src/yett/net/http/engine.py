"""How the parts of the engine see one another.

A client's connection has at most one `Work` at a time: a forwarded request or a run of one of
our applications. The work sees the connection as `Client`, and both share one `Engine`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from yett.net.http.head import Fields, RequestParser
from yett.net.http.limits import Limits
from yett.net.http.model import Failure, Gate, Outcome, Refusal, Request
from yett.net.http.pool import Pools

PAUSED_BY_UPSTREAM: Final = 1
PAUSED_BY_DECISION: Final = 2
PAUSED_BY_PIPELINE: Final = 4
PAUSED_BY_APPLICATION: Final = 8


class Spawn(Protocol):
    """Starts a task that somebody watches over."""

    def __call__(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[None]: ...


class Engine:
    """What all connections of one server share."""

    __slots__ = (
        "connections",
        "date",
        "emptied",
        "gate",
        "is_draining",
        "limits",
        "new_id",
        "now",
        "parser",
        "pools",
        "spawn",
        "turned_away",
    )

    def __init__(self, gate: Gate, limits: Limits, spawn: Spawn, new_id: Callable[[], str]) -> None:
        self.gate = gate
        self.limits = limits
        self.spawn = spawn
        self.new_id = new_id
        self.now = 0.0
        """The loop's time at the last sweep: asking the clock for each byte would cost too much."""
        self.date = b""
        self.parser = RequestParser(limits)
        self.pools = Pools(limits, self)
        self.is_draining = False
        self.connections: set[Any] = set()
        self.emptied = asyncio.Event()
        """Set when the last connection of a draining server is gone."""
        self.turned_away = 0
        """Connections refused since the limit was reached; 0 while it is not."""


class Client(Protocol):
    """A client's connection, as its work sees it."""

    engine: Engine
    transport: asyncio.Transport
    persistent: bool
    touched: float
    is_blocked: bool

    @property
    def is_paused(self) -> bool: ...
    def keeps_alive(self) -> bool: ...
    def forwarded(self, request: Request, fields: Fields) -> bytes: ...
    def pause(self, reason: int) -> None: ...
    def resume(self, reason: int) -> None: ...
    def tunnel(self) -> bytes: ...
    def answer_failure(self, failure: Failure, detail: str, bytes_in: int) -> None: ...
    def refuse(self, refusal: Refusal, detail: str) -> None: ...
    def finish(self, request: Request, outcome: Outcome, *, cut: bool = False) -> None: ...


class Work(Protocol):
    """What is being done about a request."""

    def take(self, payload: bytes, *, done: bool) -> None: ...
    def client_lost(self) -> None: ...
    def client_ended(self) -> bool: ...
    def client_paused(self) -> None: ...
    def client_resumed(self) -> None: ...
    def abort(self) -> int: ...
    def sweep(self, now: float) -> None: ...
