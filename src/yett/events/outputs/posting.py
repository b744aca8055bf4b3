"""Posting to a collector over HTTP/1.1, for a thread that may wait, but not for ever.

What must stay true:
  an exchange ends within its time, however slowly the other side speaks: one deadline holds for
  finding, connecting, shaking hands, sending and reading together;
  no more of an answer is kept than asked for;
  nothing is sent to anybody but the address given: no redirect is followed, no proxy is asked.
"""

import email.utils
import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_LONGEST_ANSWER = 1 << 16
_LONGEST_HEAD = 1 << 16
_LONGEST_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    """Its beginning, when it was longer than anybody reads."""
    retry_after: float = 0.0
    """How many seconds the other side asked to be left alone."""


class Poster:
    """One address, and the connection that is kept to it. Not for several threads at once."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,
        context: Callable[[], ssl.SSLContext] | None = None,
        server_name: str = "",
    ) -> None:
        """`context` is asked at each new connection, so that renewed files are noticed; None means no TLS."""
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_tls else 80)
        self.address = parts.netloc
        """Host and port, as they were given."""
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = dict(headers)
        self._timeout = timeout
        self._context = context or ssl.create_default_context
        self._server_name = server_name or self._host
        self._connection: http.client.HTTPConnection | None = None
        self._socket: _Timed | None = None

    def post(self, body: bytes, *, longest: int = _LONGEST_ANSWER) -> Answer:
        """One exchange. Raises OSError or http.client.HTTPException, and then nothing is known of the body's fate."""
        deadline = time.monotonic() + self._timeout
        try:
            connection = self._ready(deadline, longest + _LONGEST_HEAD)
            connection.request("POST", self._target, body, self._headers)
            response = connection.getresponse()
            text = response.read(longest + 1)
            if len(text) > longest or response.will_close or not response.isclosed():
                self.close()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        except ValueError as problem:
            # What the library makes of names and answers that are none.
            self.close()
            raise http.client.HTTPException(str(problem)) from problem
        after = retry_after(response.getheader("Retry-After", ""), now=time.time())
        return Answer(response.status, text[:longest], after)

    def close(self) -> None:
        """Let go of the connection; the next exchange makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if self._socket is not None:
            self._socket.let_go()
            self._socket = None

    def _ready(self, deadline: float, longest: int) -> http.client.HTTPConnection:
        if self._connection is None or self._socket is None or self._socket.was_left():
            self.close()
            self._socket = self._connect(deadline)
            self._connection = http.client.HTTPConnection(self._host, self._port)
            self._connection.auto_open = 0
            self._connection.sock = self._socket
        self._socket.begin(deadline, longest)
        return self._connection

    def _connect(self, deadline: float) -> "_Timed":
        problem: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self._host, self._port, type=socket.SOCK_STREAM
        ):
            raw = socket.socket(family, kind, protocol)
            try:
                raw.settimeout(_left(deadline))
                raw.connect(address)
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._is_tls:
                    raw.settimeout(_left(deadline))
                    raw = self._context().wrap_socket(raw, server_hostname=self._server_name)
            except OSError as found:
                problem = found
                raw.close()
            except BaseException:
                raw.close()
                raise
            else:
                return _Timed(raw)
        raise problem


def retry_after(text: str, *, now: float) -> float:
    """A Retry-After in seconds, at most an hour (RFC 9110, section 10.2.3); anything else is as good as none."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), _LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return 0.0
    return min(max(moment - now, 0.0), _LONGEST_WAIT)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("it did not answer in time")
    return left


class _Timed:
    """A socket as http.client needs one, each of whose steps ends at one deadline.

    A time-out of the socket alone would begin anew with every byte that dribbles in.
    """

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._deadline = 0.0
        self._budget = 0

    def begin(self, deadline: float, longest: int) -> None:
        """The next exchange: when it has to be over, and how much may be read in it."""
        self._deadline, self._budget = deadline, longest

    def was_left(self) -> bool:
        """Whether the other side closed the connection meanwhile, or said something that nobody asked."""
        poll = select.poll()
        poll.register(self._raw, select.POLLIN)
        return bool(poll.poll(0))

    def sendall(self, data: bytes) -> None:
        self._raw.settimeout(_left(self._deadline))
        self._raw.sendall(data)

    def recv_into(self, buffer: Any) -> int:
        self._raw.settimeout(_left(self._deadline))
        size = self._raw.recv_into(buffer)
        self._budget -= size
        if self._budget < 0:
            # Framing that lies can make the library read until the end, whatever was asked for.
            raise ConnectionError("the answer is too long")
        return size

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Nothing: http.client closes before it has read an answer that ends with the connection."""

    def let_go(self) -> None:
        """Close the socket."""
        self._raw.close()


class _Incoming(io.RawIOBase):
    """The reading side of such a socket, as a file."""

    def __init__(self, connection: _Timed) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.recv_into(buffer)
