"""Which fields may come after a body (RFC 9110, 6.5.1).

What was checked at the head must not be said again behind the body: many a server merges both.
So everything that frames, routes, authenticates or controls is dropped from trailers, and so is
everything in which a gateway or proxy speaks.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from yett.net.http.head import HOP_BY_HOP, RequestParser
from yett.net.http.model import Request
from yett.net.http.response import comparable

_FORBIDDEN: Final = HOP_BY_HOP | frozenset(
    b"accept accept-charset accept-encoding accept-language age authentication-info authorization cache-control "
    b"connection content-disposition content-encoding content-language content-length content-location "
    b"content-range content-security-policy content-type cookie cookie2 date expect expires forwarded from host "
    b"if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards "
    b"origin pragma range referer refresh retry-after set-cookie set-cookie2 "
    b"strict-transport-security transfer-encoding upgrade user-agent vary via www-authenticate x-real-ip".split()
)
_FORBIDDEN_BEGINNINGS: Final = (
    b":",
    b"access-control-",
    b"proxy-",
    b"sec-",
    b"x-forwarded-",
    b"x-http-method",
)


def permitted(lines: Iterable[bytes]) -> tuple[bytes, ...]:
    """Those of the (valid) lines that may stand in trailers."""
    return tuple(
        line
        for line in lines
        if (name := comparable(line.partition(b":")[0])) not in _FORBIDDEN
        and not name.startswith(_FORBIDDEN_BEGINNINGS)
    )


def permitted_from_client(lines: Sequence[bytes], parser: RequestParser) -> tuple[bytes, ...]:
    """The same for a request's: nobody speaks in the gateway's voice, wherever they do it."""
    return tuple(line for line in permitted(lines) if not parser.is_private(line))


def without(lines: Sequence[bytes], names: frozenset[bytes]) -> tuple[bytes, ...]:
    """Those whose (lower case) name is not among `names`.

    What a decision takes out of a head has no place behind the body either.
    """
    unwanted = {comparable(name) for name in names}
    return tuple(line for line in lines if comparable(line.partition(b":")[0]) not in unwanted)


def announced(lines: Sequence[bytes], request: Request) -> tuple[bytes, ...]:
    """Those that the request's head names in Trailer, as upstreams of HTTP/1.1 expect of who sends some."""
    names = {comparable(name.strip(b" \t")) for name in (request.field(b"trailer") or b"").split(b",")}
    return tuple(line for line in lines if comparable(line.partition(b":")[0]) in names)
