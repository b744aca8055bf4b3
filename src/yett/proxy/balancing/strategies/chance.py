"""Random numbers by the handful: one system call serves five hundred draws."""

import os
from array import array

_HANDFUL = 512
_SCALE = 2.0**-64


class Chance:
    """Draws a number from [0, 1)."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = array("Q")

    def __call__(self) -> float:
        if not self._left:
            self._left.frombytes(os.urandom(8 * _HANDFUL))
        # The product of the largest number rounds up to 1.
        return min(self._left.pop() * _SCALE, 1.0 - 2.0**-53)
