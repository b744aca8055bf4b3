"""Requests that nobody sent, for those who want to know what would happen to one.

They go through the very parser that those of clients go through, so what would be refused there is
refused here, and the path and host that rules are applied to are the same.
"""

import re
from collections.abc import Iterable

from yett.events import Scope
from yett.net.http.head import Refused, RequestParser
from yett.net.http.limits import Limits
from yett.net.http.model import Connection, Refusal, Request

_URL = re.compile(r"(https?)://([^/?#]+)([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_LENGTH = "Content-Length: "


class Unimaginable(ValueError):
    """No client could send this; the text says why. `refusal` is what one who tried would get."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        self.refusal = refusal
        super().__init__(detail)


def imagine(
    url: str,
    *,
    method: str = "GET",
    headers: Iterable[str] = (),
    client_address: str = "",
    body_size: int = 0,
    limits: Limits,
) -> Request:
    """The request that a client at an address would send for a URL. Raises Unimaginable."""
    match = _URL.fullmatch(url)
    if match is None:
        raise Unimaginable(Refusal.MALFORMED, "it is no URL that begins with https:// or http://")
    scheme, authority, rest = match.groups()
    target = rest if rest.startswith("/") else f"/{rest}"
    lines = [f"Host: {authority}", *headers, *([f"{_LENGTH}{body_size}"] if body_size else [])]
    try:
        line = f"{method} {target} HTTP/1.1".encode("ascii")
        block = "\r\n".join(lines).encode("latin-1")
    except UnicodeEncodeError as problem:
        detail = "it holds characters that are no ASCII: write them as browsers send them (%XX, xn--)"
        raise Unimaginable(Refusal.MALFORMED, detail) from problem
    # A line break in what was typed would make two lines of one.
    if any(each in line for each in b"\r\n") or len(block.split(b"\r\n")) != len(lines):
        raise Unimaginable(Refusal.MALFORMED, "it holds a line break")
    parser = RequestParser(limits)
    parsed = parser.line(line, len(line))
    if isinstance(parsed, Refused):
        raise Unimaginable(parsed.refusal, parsed.detail)
    name, raw, path, minor, absolute, is_even = parsed
    fields = parser.fields(block, minor, absolute)
    if isinstance(fields, Refused):
        raise Unimaginable(fields.refusal, fields.detail)
    is_tls = scheme.lower() == "https"
    connection = Connection(client_address, 0, is_tls=is_tls, server_name=fields.host if is_tls else "")
    return Request(
        connection,
        Scope(client_address=client_address),
        name,
        raw,
        path,
        fields.host,
        fields.port,
        fields.lines,
        minor,
        fields.cookie,
        fields.authorization,
        fields.content_length,
        fields.is_chunked,
        fields.upgrade,
        is_even=is_even,
    )
