"""A circuit breaker: after so many failures in a row a check is not tried again for a while."""


class Breaker:
    """Closed: the check is tried. Open: it is not. After the pause one try decides which it is next."""

    __slots__ = ("_failures", "_limit", "_pause", "_retry_at")

    def __init__(self, *, limit: int = 5, pause: float = 10.0) -> None:
        self._limit = limit
        self._pause = pause
        self._failures = 0
        self._retry_at = 0.0

    def is_open(self, now: float) -> bool:
        """Whether trying is pointless. Once in a pause the answer is no: that caller tries for all."""
        if self._failures < self._limit:
            return False
        # A clock that stepped back must not keep it open for longer than a pause.
        if 0.0 < self._retry_at - now <= self._pause:
            return True
        self._retry_at = now + self._pause
        return False

    def would_block(self, now: float) -> bool:
        """What `is_open` would say, for somebody who does not try."""
        return self._failures >= self._limit and 0.0 < self._retry_at - now <= self._pause

    def failed(self, now: float) -> None:
        """The check could not run."""
        self._failures += 1
        if self._failures >= self._limit:
            self._retry_at = now + self._pause

    def succeeded(self) -> None:
        """The check ran, whatever it said."""
        self._failures = 0
