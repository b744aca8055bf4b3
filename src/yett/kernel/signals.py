"""Telling many: the owner publishes a typed signal, `app` connects listeners."""

from collections.abc import Callable
from typing import Generic, TypeVar

from yett.kernel import events

V = TypeVar("V")


class Signal(Generic[V]):
    """One thing that happens, told to every listener in the order they were connected.

    A listener that raises is recorded, and the others are still told.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._listeners: list[Callable[[V], None]] = []

    def connect(self, listener: Callable[[V], None]) -> None:
        self._listeners.append(listener)

    def send(self, value: V) -> None:
        """Tell everybody, now."""
        # A listener may connect another: that one is told from the next time on.
        for listener in tuple(self._listeners):
            try:
                listener(value)
            except Exception as problem:  # noqa: BLE001 - one listener's fault must not reach the others
                events.listener_failed(signal=self.name, error=events.describe(problem))
