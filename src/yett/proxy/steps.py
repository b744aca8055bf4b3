"""What a route does with a request besides deciding, as a tuple of steps made when routes are compiled.

A step is shared by all requests of its route; what belongs to one request goes into its `Call`.
A route without steps costs nothing: its requests are sent once and streamed.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from yett.identity import Person
from yett.net.http import Answer, Attempt, BodyFilter, Forward, Reply, Request
from yett.sessions import Session


@dataclass(slots=True)
class Call:
    """One request that was let through, and who sent it."""

    request: Request
    app: str
    session: Session | None
    person: Person | None
    notes: dict[str, Any] = field(default_factory=dict)
    """What a step wants to find again; the key is the step's own name."""


class Step:
    """One thing a route does; a subclass overrides what it needs."""

    whole_body: int = 0
    """Bytes of request body that `prepare` needs to see whole; 0 for none."""

    def prepare(
        self,
        call: Call,  # noqa: ARG002 - the hook's signature
        forward: Forward,
        body: bytes | None,  # noqa: ARG002 - the hook's signature
    ) -> Forward | Answer | Awaitable[Forward | Answer]:
        """Change what is sent, or answer in its place. Asked in order, before the first attempt.

        `body` is None when nobody asked for it, or when it is larger than was asked for.
        """
        return forward

    def reply(self, call: Call, attempt: Attempt, reply: Reply) -> None:
        """Change the response's head in place, or set a filter for its body. Asked in order.

        Several filters of several steps follow one another in that order: see `chain`.
        """

    def ended(self, call: Call, attempt: Attempt) -> None:
        """Told once for each attempt, when nothing more comes of it."""


class _Chain:
    """Two body filters, one after the other."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: BodyFilter, second: BodyFilter) -> None:
        self._first = first
        self._second = second

    def feed(self, data: bytes) -> bytes:
        changed = self._first.feed(data)
        return self._second.feed(changed) if changed else b""

    def end(self) -> bytes:
        last = self._first.end()
        return (self._second.feed(last) if last else b"") + self._second.end()


def chain(reply: Reply, following: BodyFilter) -> None:
    """Have the body of `reply` go through `following` after the filters it has already."""
    reply.filter = following if reply.filter is None else _Chain(reply.filter, following)
