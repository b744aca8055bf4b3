"""Decide whether a response may be compressed.

Compression lets lengths speak. If a page holds a secret together with something that another page
could have chosen, that page can guess the secret by having the browser ask again and again and by
watching lengths (BREACH). It needs the browser to send the person's cookies along, so a response
is compressed only if none were sent, or if the browser says that no other origin asked.
"""

from yett.net.http import Reply, Request
from yett.proxy.fields import joined, media_type, members

_SAME = frozenset({b"same-origin", b"none"})
"""Who a browser says has asked: a page of this very host, or the person (Fetch Metadata, 2.3)."""
_WITHOUT_WHOLE_BODY = frozenset({204, 205, 206, 304})


def may_be_watched(request: Request) -> bool:
    """Whether a page elsewhere might have caused this request with what proves the person's identity.

    A browser never adds a bearer token by itself. One too old to say who asked is not believed.
    """
    authorization = request.authorization
    is_ambient = (
        bool(request.cookie)
        or bool(request.connection.certificate)
        or (bool(authorization) and authorization[:7].lower() != b"bearer ")
    )
    return is_ambient and request.field(b"sec-fetch-site") not in _SAME


def is_compressible(reply: Reply, types: frozenset[bytes], minimum: int) -> bool:
    """Whether anybody may get this response compressed."""
    lines = reply.lines
    return (
        reply.status >= 200
        and reply.status not in _WITHOUT_WHOLE_BODY
        and (reply.content_length < 0 or reply.content_length >= minimum)
        and media_type(reply.value(b"content-type")) in types
        and joined(lines, b"content-encoding") in {None, b"identity"}
        and joined(lines, b"content-range") is None
        and b"no-transform" not in members(joined(lines, b"cache-control"))
    )
