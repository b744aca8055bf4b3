"""Lines to standard output or standard error, whoever reads it there."""

import contextlib
import errno
import os
import select
import stat
import time
from collections.abc import Callable, Sequence

from yett.events.outputs.model import Refused, Unreachable

_GONE = {errno.EPIPE, errno.EBADF, errno.EIO, errno.ENXIO}


class DescriptorCarrier:
    """Writes to a descriptor that is open already. A line that was begun is ended before anything else."""

    def __init__(
        self,
        descriptor: int,
        name: str,
        messages: Callable[[Sequence[bytes]], list[bytes]],
        *,
        timeout: float = 1.0,
    ) -> None:
        self.address = name
        self._messages = messages
        self._timeout = timeout
        self._descriptor, self._is_own = _without_waiting(descriptor)
        self._rest = b""

    def carry(self, lines: Sequence[bytes]) -> None:
        deadline = time.monotonic() + self._timeout
        try:
            self._rest = self._push(self._rest, deadline)
            if self._rest:
                raise Unreachable("nobody reads it")
            parts = [b"".join(b"%b\n" % each for each in self._messages((line,))) for line in lines]
            data = b"".join(parts)
            rest = self._push(data, deadline)
        except OSError as problem:
            if problem.errno in _GONE:
                raise Refused("its reader is gone", whole=True) from problem
            raise Unreachable(f"{problem.strerror}") from problem
        if not rest:
            return
        written, taken = len(data) - len(rest), 0
        for part in parts:
            if written < len(part):
                break
            written -= len(part)
            taken += 1
        if written:
            # The rest of a line that was begun.
            self._rest = parts[taken][written:]
            taken += 1
        raise Unreachable("nobody reads it", taken=taken)

    def close(self) -> None:
        if self._is_own:
            self._is_own = False
            with contextlib.suppress(OSError):
                os.close(self._descriptor)

    def _push(self, data: bytes, deadline: float) -> bytes:
        """Write what is taken within the time; the rest is the answer."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self._descriptor, select.POLLOUT)
                left = deadline - time.monotonic()
                if left <= 0 or not poll.poll(left * 1000):
                    break
        return bytes(view)


def _without_waiting(descriptor: int) -> tuple[int, bool]:
    """A descriptor of our own for the same pipe or terminal, on which a write does not wait.

    Setting the flag on the given one would set it for everybody who shares it, the shell included.
    """
    with contextlib.suppress(OSError):
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
            return os.open(f"/proc/self/fd/{descriptor}", flags), True
    return descriptor, False
