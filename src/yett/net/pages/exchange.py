"""Between our own applications and HTTP: strict reading of what people send, safe answering.

Reading gives a value or a `Fault`; nothing that comes from outside raises.
"""

import enum
import re
import urllib.parse
from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from yett.net.pages.errors import Action, error_page
from yett.net.pages.page import Page

MAX_FORM = 16 * 1024
SIGN_ON_COOKIE = "__Host-yett-sso"
"""Carries the sign-on session's token at the sign-in host: set when signing in, read by the provider."""
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

_SENTENCES = {
    400: ("This request could not be understood", "Go back and try again."),
    404: ("There is nothing here", "The address may be mistyped, or the page is gone."),
    405: ("This cannot be done here", "The page exists, but not for this kind of request."),
    413: ("That was too much", "What was sent is larger than this page accepts."),
    415: ("That kind of data is not understood", "Use the form of the page."),
}


class Fault(enum.Enum):
    """Why a form could not be read."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    CONTENT_TYPE = "content_type"
    INCOMPLETE = "incomplete"

    @property
    def status(self) -> int:
        """The HTTP status that says so."""
        return {Fault.TOO_LARGE: 413, Fault.CONTENT_TYPE: 415}.get(self, 400)


Fields = tuple[tuple[str, str], ...]


def parse_fields(raw: bytes, *, most: int = 32) -> Fields | None:
    """The fields of a query or a form (WHATWG URL, section 5) in order, or None when they are not well formed.

    Names may repeat; whoever reads them decides about that.
    """
    if not raw:
        return ()
    try:
        text = raw.decode("ascii")
        if _BROKEN_ESCAPE.search(text):
            return None
        if text.count("&") >= most:
            return None
        pairs = [piece.partition("=") for piece in text.split("&")]
        if not all(equals for _, equals, _ in pairs):
            return None
        return tuple((_unescaped(name), _unescaped(value)) for name, _, value in pairs)
    except ValueError:
        return None


def _unescaped(text: str) -> str:
    """What a name or a value stands for. Raises UnicodeDecodeError."""
    if "+" in text:
        text = text.replace("+", " ")
    return urllib.parse.unquote(text, errors="strict") if "%" in text else text


def once(fields: Fields) -> dict[str, str] | None:
    """Fields by name; None when a name repeats."""
    table = dict(fields)
    return table if len(table) == len(fields) else None


def sign_on_token(request: Request) -> str:
    """The token of the browser's sign-on session; empty without one."""
    return request.cookies.get(SIGN_ON_COOKIE, "")


async def read_form(request: Request, *, limit: int = MAX_FORM, most: int = 16) -> dict[str, str] | Fault:
    """The fields of a posted form, each name at most once."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return Fault.CONTENT_TYPE
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                return Fault.TOO_LARGE
    except ClientDisconnect:
        return Fault.INCOMPLETE
    fields = parse_fields(bytes(body), most=most)
    table = None if fields is None else once(fields)
    return Fault.MALFORMED if table is None else table


def request_id(request: Request) -> str:
    """The id that the engine gave the request; empty outside of it."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def client_address(request: Request) -> str:
    """Where the request comes from, as the engine knows it; empty outside of it."""
    return str(request.scope.get("state", {}).get("client_address", ""))


def client_certificate(request: Request) -> bytes:
    """The certificate (DER) that the client proved to have, or a trusted proxy vouches for; empty without one."""
    return bytes(request.scope.get("state", {}).get("certificate", b""))


class PageResponse(Response):
    """A page as an answer; HEAD gets the head of what GET would get."""

    media_type = "text/html"

    def __init__(self, page: Page, status: int = 200, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(page.body, status)
        self.raw_headers += _lines(page.headers)
        for name, value in (headers or {}).items():
            self.headers[name] = value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            self.body = b""
        await super().__call__(scope, receive, send)


def _lines(headers: bytes) -> list[tuple[bytes, bytes]]:
    pairs = (line.partition(b": ") for line in headers.split(b"\r\n") if line)
    return [(name.lower(), value) for name, _, value in pairs]


def redirect(location: str) -> Response:
    """Go to `location` with GET. It is not cached, and the next page does not hear where it came from."""
    headers = {"Location": location, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status_code=303, headers=headers)


def problem(
    request: Request,
    status: int,
    heading: str,
    sentence: str,
    *,
    actions: Sequence[Action] = (),
    headers: dict[str, str] | None = None,
) -> PageResponse:
    """An error page as an answer to `request`."""
    page = error_page(
        status, heading=heading, sentence=sentence, request_id=request_id(request), actions=actions
    )
    return PageResponse(page, status, headers=headers)


def plain_problem(request: Request, status: int, *, headers: dict[str, str] | None = None) -> PageResponse:
    """An error page with the common words for its status."""
    heading, sentence = _SENTENCES.get(status, _SENTENCES[400])
    return problem(request, status, heading, sentence, headers=headers)


async def http_error(request: Request, error: Exception) -> Response:
    """For `exception_handlers` of an application of ours: what routing turned away, as a page."""
    if not isinstance(error, HTTPException):
        raise error
    known: dict[str, Any] = dict(error.headers or {})
    return plain_problem(request, error.status_code, headers=known)
