"""Answers of ours as bytes."""

from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from yett.net.http.model import Answer

STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii") for status in HTTPStatus
}
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE: Final = b"Connection: close\r\n"
KEEP_ALIVE: Final = b"Connection: keep-alive\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
UPGRADE: Final = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
)
"""For a connection too many: nobody is asked, nothing is rendered."""


def status_line(status: int) -> bytes:
    """The first line of a response."""
    return STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def date_line(now: float) -> bytes:
    """The Date field; made once per sweep, not per answer."""
    return f"Date: {formatdate(now, usegmt=True)}\r\n".encode("ascii")


def has_no_body(status: int, method: bytes) -> bool:
    """Whether a response ends with its head whatever the head says (RFC 9112, 6.3)."""
    return status == 304 or status == 204 or method == b"HEAD" or status < 200  # noqa: PLR1714 - faster so


def compose(answer: Answer, method: bytes, date: bytes, connection: bytes) -> bytes:
    """A whole answer; `connection` is the Connection line or nothing."""
    status, body = answer.status, answer.body
    parts = [status_line(status), date]
    if status not in {204, 304} and status >= 200:
        if answer.content_type and body:
            parts.append(b"Content-Type: %b\r\n" % answer.content_type)
        parts.append(b"Content-Length: %d\r\n" % len(body))
    parts += (answer.headers, connection, b"\r\n")
    if body and not has_no_body(status, method):
        parts.append(body)
    return b"".join(parts)


def plain(status: int, text: str) -> Answer:
    """A bare page, for when nobody better can be asked."""
    return Answer(status, text.encode() + b"\n", b"text/plain; charset=utf-8", b"Cache-Control: no-store\r\n")
