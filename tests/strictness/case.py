"""What a row of a table is: bytes that a client sends, and what must come out of them."""

from dataclasses import dataclass

HOST = b"Host: a.example"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
"""Sent after each case. That it arrives as a request of its own proves where the case before it ended."""
SENTINEL_SENT = b"GET /sentinel HTTP/1.1\r\nHost: a.example\r\n\r\n"
"""The same, as an upstream has to see it."""


@dataclass(frozen=True)
class Case:
    """One request (or several), and its only right reading."""

    name: str
    rfc: str
    """Number and section of the document that says so."""
    sent: bytes
    upstream: tuple[bytes, ...] = ()
    """Requests as an upstream has to see them, to the byte, but for the lines that the gateway adds."""
    status: int = 0
    """The status of the refusal that ends the connection; 0 when there is none."""
    is_cut: bool = False
    """Whether the client stops in the middle: no answer, and nothing whole at the upstream."""

    @property
    def statuses(self) -> list[int]:
        """The answers that the client gets, the sentinel's included."""
        answers = [204] * len(self.upstream)
        if self.status:
            return [*answers, self.status]
        return answers if self.is_cut else [*answers, 204]

    @property
    def expected(self) -> list[bytes]:
        """The requests that the upstream gets, the sentinel included."""
        if self.status or self.is_cut:
            return list(self.upstream)
        return [*self.upstream, SENTINEL_SENT]


def passes(name: str, rfc: str, sent: bytes, *upstream: bytes) -> Case:
    """Forwarded as exactly these requests."""
    return Case(name, rfc, sent, upstream)


def refused(name: str, rfc: str, sent: bytes, status: int = 400, before: tuple[bytes, ...] = ()) -> Case:
    """Answered with that status after the requests `before`; whatever follows is not read as HTTP."""
    return Case(name, rfc, sent, before, status)


def cut(name: str, rfc: str, sent: bytes) -> Case:
    """Not complete when the client stops sending."""
    return Case(name, rfc, sent, is_cut=True)


def head(*lines: bytes) -> bytes:
    """A head of those lines, the request line first."""
    return b"\r\n".join(lines) + b"\r\n\r\n"


def get(*lines: bytes) -> bytes:
    """GET with Host and those lines."""
    return head(b"GET / HTTP/1.1", HOST, *lines)


def post(*lines: bytes, body: bytes = b"") -> bytes:
    """POST with Host, those lines and that body."""
    return head(b"POST / HTTP/1.1", HOST, *lines) + body


def chunked(body: bytes) -> bytes:
    """POST with a body in chunks, as it is on the wire."""
    return post(b"Transfer-Encoding: chunked", body=body)


HELLO = post(b"Content-Length: 5", body=b"hello")
HELLO_CHUNKED = chunked(b"5\r\nhello\r\n0\r\n\r\n")
EMPTY_CHUNKED = chunked(b"0\r\n\r\n")
