"""Syslog: messages as RFC 5424 has them, by UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425).

What must stay true of a stream:
  a frame that was begun on a connection is ended on it, or the connection is closed;
  lines count as taken when the other machine has them; those of a connection that broke before
  that are sent again on the next, so that some may arrive twice, but none is lost unnoticed.
"""

import errno
import socket
import time
from collections.abc import Sequence

from yett.events.fields import describe
from yett.events.outputs.model import Refused, Unreachable
from yett.events.outputs.stream import TLS, Ended, Slow, Stream
from yett.events.outputs.words import Words


def framed(message: bytes) -> bytes:
    """A message with its length before it: line breaks inside are no end of it (RFC 6587, section 3.4.1)."""
    return b"%d %b" % (len(message), message)


class StreamCarrier:
    """Messages over one connection, which is kept."""

    def __init__(
        self, host: str, port: int, words: Words, *, timeout: float = 10.0, tls: TLS | None = None
    ) -> None:
        self.address = f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"
        self._host, self._port = host, port
        self._words = words
        self._timeout = timeout
        self._tls = tls
        self._stream: Stream | None = None
        self._written: list[bytes] = []
        """Lines that were given to the present connection and are not settled yet."""
        self._rest = b""
        """Of the frames of those lines, what the connection did not take yet."""

    def carry(self, lines: Sequence[bytes]) -> None:
        deadline = time.monotonic() + self._timeout
        try:
            stream = self._ready()
            self._write(stream, lines, deadline)
            stream.confirm(deadline)
        except Slow as problem:
            raise Unreachable(str(problem)) from problem
        except OSError as problem:
            self.close()
            raise Unreachable(describe(problem)) from problem
        del self._written[: len(lines)]

    def close(self) -> None:
        stream, self._stream = self._stream, None
        self._written, self._rest = [], b""
        if stream is not None:
            stream.close()

    def _ready(self) -> Stream:
        """A connection that is not known to be closed."""
        if self._stream is not None:
            try:
                is_closed = self._stream.is_closed()
            except Ended:
                is_closed = True
            if is_closed:
                # Nothing that counts as taken is lost with it: connect again, and no word about it.
                self.close()
        if self._stream is None:
            self._stream = Stream(self._host, self._port, timeout=self._timeout, tls=self._tls)
        return self._stream

    def _write(self, stream: Stream, lines: Sequence[bytes], deadline: float) -> None:
        """Give the connection what it has not been given yet. Raises Slow when it does not take all."""
        known = min(len(self._written), len(lines))
        if self._written[:known] == list(lines[:known]):
            # From the disk they may come in smaller batches than before: those that follow are not written twice.
            fresh = lines[known:]
        else:
            # Those of an earlier try that are not offered again were dropped meanwhile.
            fresh, self._written = lines, []
        self._rest += b"".join(map(framed, self._words.messages(fresh)))
        self._written.extend(fresh)
        if self._rest:
            done = stream.send(memoryview(self._rest), deadline)
            self._rest = self._rest[done:]
            if self._rest:
                raise Slow("it does not take what it is sent")


class DatagramCarrier:
    """One message in each datagram. What the network loses is lost: nobody is told."""

    def __init__(self, host: str, port: int, words: Words) -> None:
        self.address = f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"
        self._host, self._port = host, port
        self._words = words
        self._socket: socket.socket | None = None

    def carry(self, lines: Sequence[bytes]) -> None:
        done = too_long = 0
        try:
            connection = self._ready()
            for line in lines:
                message = self._words.message(line)
                if message is not None:
                    too_long += not _sent(connection, message)
                done += 1
        except OSError as problem:
            self.close()
            raise Unreachable(describe(problem), taken=done) from problem
        if too_long:
            raise Refused("longer than a datagram can be", taken=len(lines) - too_long, whole=True)

    def close(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def _ready(self) -> socket.socket:
        if self._socket is None:
            family, kind, protocol, _, address = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_DGRAM
            )[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.settimeout(10.0)
            # Connected, so that a port where nobody listens is told by the other machine, if it tells at all.
            self._socket.connect(address)
        return self._socket


def _sent(connection: socket.socket, message: bytes) -> bool:
    """Whether a datagram can be so long; the next ones may be shorter."""
    try:
        connection.send(message)
    except OSError as problem:
        if problem.errno != errno.EMSGSIZE:
            raise
        return False
    return True
