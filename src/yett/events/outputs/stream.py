"""A connection to a collector that never answers: TCP, or TLS over it.

Syslog has no acknowledgement. What can be known is asked of the kernel: whether the other machine's
TCP has everything, and whether the other side has closed. A collector that closes between two
batches would otherwise swallow the first of them without anybody noticing.
"""

import contextlib
import fcntl
import os
import select
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PIECE = 1 << 16
_TOO_SLOW = "it takes too slowly what it is sent"
_FIRST_WORD = 300
"""Milliseconds to wait for what a server of TLS 1.3 says first: new tickets, or that it will not have us."""
_GOODBYE = 2.0
"""Seconds that the other side gets to read what it was sent, at the end."""
_SHORTEST, _LONGEST = 1, 20
"""Milliseconds between two looks at whether everything has arrived."""


class Ended(OSError):
    """The other side has closed the connection, or it broke."""


class Slow(OSError):
    """The other side did not take everything within the time; the connection stands."""


@dataclass(frozen=True, slots=True)
class TLS:
    """Whom to trust, and who we are. Files are read at each new connection, so that renewed ones are noticed."""

    ca_file: Path | None = None
    """Authorities that vouch for the destination; None trusts the system's."""
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str = ""
    """The name that its certificate has to have; that of the address when empty."""

    def context(self) -> ssl.SSLContext:
        """How connections are secured. Raises OSError when a file cannot be used."""
        made = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file is not None else None)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert_file is not None:
            # A key with a passphrase would be asked for at the terminal.
            made.load_cert_chain(self.cert_file, self.key_file, password="")
        return made


class Stream:
    """One connection. Not for several threads at once."""

    def __init__(self, host: str, port: int, *, timeout: float, tls: TLS | None = None) -> None:
        """Connect. Raises OSError; that of a certificate that is not good is an `ssl.SSLError`."""
        self._socket: socket.socket = socket.create_connection((host, port), timeout=timeout)
        self._poll = select.poll()
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                self._socket = tls.context().wrap_socket(
                    self._socket, server_hostname=tls.server_name or host
                )
            self._socket.setblocking(False)
            self._poll.register(self._socket, select.POLLIN)
            if isinstance(self._socket, ssl.SSLSocket) and self._socket.version() == "TLSv1.3":
                # To a client the handshake is over before the server has looked at its certificate
                # (RFC 8446, section 4.4); what is sent before its refusal arrives would seem to be taken.
                self._poll.poll(_FIRST_WORD)
                self.is_closed()
        except BaseException:
            self._socket.close()
            raise

    def send(self, data: memoryview, deadline: float) -> int:
        """How many of the bytes were written before the deadline. Raises Ended."""
        done = 0
        while done < len(data):
            wanted = self._step(lambda: self._socket.send(data[done : done + _PIECE]))  # noqa: B023 - called at once
            if wanted > 0:
                done += wanted
            elif not wanted:
                raise Ended("it takes no more")
            elif not self._wait(select.POLLIN if wanted == _READ else select.POLLOUT, deadline):
                break
        return done

    def confirm(self, deadline: float) -> None:
        """Wait until the other machine has everything. Raises Ended, or Slow at the deadline.

        Who closes in good order has read what it was sent: TCP resets the connection otherwise
        (RFC 2525, section 2.17).
        """
        pause = _SHORTEST
        while True:
            is_closed = self.is_closed()
            if not self._unconfirmed():
                # What was reset while it was on its way is gone from the queue as well.
                self.is_closed()
                return
            if time.monotonic() >= deadline:
                raise Slow(_TOO_SLOW)
            self._poll.modify(self._socket, 0 if is_closed else select.POLLIN)
            self._poll.poll(pause)
            pause = min(pause * 2, _LONGEST)

    def is_closed(self) -> bool:
        """Whether the other side sends no more. Raises Ended when the connection broke.

        What it says is read and thrown away: unread, it would turn our own end into a reset.
        """
        for _ in range(16):
            got = self._step(lambda: len(self._socket.recv(_PIECE)))
            if got <= 0:
                break
        problem = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            raise Ended(os.strerror(problem))
        return got == 0

    def close(self) -> None:
        """End the connection in good order: TLS says so (RFC 5425, section 4.4), and the other side reads to the end.

        Whoever closes while something that it was sent is unread resets the connection, and the other
        machine then throws away what its program has not read yet.
        """
        with contextlib.suppress(OSError, ValueError):
            if isinstance(self._socket, ssl.SSLSocket):
                with contextlib.suppress(OSError, ValueError):
                    self._socket.unwrap()
            self._socket.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + _GOODBYE
            while self._wait(select.POLLIN, deadline) and self._socket.recv(_PIECE):
                pass
        with contextlib.suppress(OSError):
            self._socket.close()

    def _step(self, work: Callable[[], int]) -> int:
        """What one call did, or _READ or _WRITE for what it waits for. Raises Ended."""
        try:
            return work()
        except (BlockingIOError, ssl.SSLWantWriteError):
            return _WRITE
        except ssl.SSLWantReadError:
            return _READ
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return 0
        except OSError as problem:
            raise Ended(str(problem.strerror or problem)) from problem

    def _wait(self, what: int, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        self._poll.modify(self._socket, what)
        return bool(self._poll.poll(left * 1000))

    def _unconfirmed(self) -> int:
        """Bytes that the other side's kernel has not acknowledged yet (tcp(7), SIOCOUTQ)."""
        try:
            answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except OSError:
            return 0
        return int(struct.unpack("i", answer)[0])


_READ, _WRITE = -1, -2
