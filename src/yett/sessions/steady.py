"""Time that does not go back."""

from yett.kernel import Clock


class SteadyTime:
    """Seconds since the epoch as the wall clock has them, except that they never go back.

    A wall clock that is stepped forward is followed, so sessions end early rather than late. One
    that is stepped back is not: time goes on at the monotonic clock's pace, and no session lasts
    longer by the step.
    """

    __slots__ = ("_clock", "ahead")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead = clock.now() - clock.monotonic()
        """How far the epoch's seconds are ahead of the monotonic ones; refreshed by `now`."""

    def now(self) -> float:
        """This instant, with a look at the wall clock."""
        # The wall clock is read first: a pause between the two readings then makes the
        # difference too small, and too small a difference is ignored.
        wall = self._clock.now()
        monotonic = self._clock.monotonic()
        self.ahead = max(self.ahead, wall - monotonic)
        return monotonic + self.ahead
