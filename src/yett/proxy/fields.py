"""Looking at the header lines of a request or a response, and changing them."""

import re
from collections.abc import Iterable

from yett.net.http import Reply

_ETAG = re.compile(rb'"[\x21\x23-\x7e\x80-\xff]*"')


def joined(lines: Iterable[bytes], name: bytes) -> bytes | None:
    """The values of all fields of that (lower case) name as one list (RFC 9110, 5.3); None without any."""
    size = len(name)
    found = [
        line[size + 1 :].strip(b" \t")
        for line in lines
        if line[:size].lower() == name and line[size : size + 1] == b":"
    ]
    return b", ".join(found) if found else None


def members(value: bytes | None) -> list[bytes]:
    """The members of a comma-separated list of tokens, in lower case."""
    return [member.strip(b" \t").lower() for member in value.split(b",")] if value else []


def media_type(value: bytes | None) -> bytes:
    """The type and subtype of a Content-Type, in lower case."""
    return value.partition(b";")[0].strip(b" \t").lower() if value else b""


def without(reply: Reply, names: frozenset[bytes]) -> None:
    """Remove all fields of these (lower case) names."""
    reply.lines = [line for line in reply.lines if line.partition(b":")[0].lower() not in names]


def add_to_vary(reply: Reply, name: bytes) -> None:
    """Tell caches that the response depends on that request field."""
    known = members(joined(reply.lines, b"vary"))
    if b"*" not in known and name.lower() not in known:
        reply.lines.append(b"Vary: " + name)


DIGESTS = frozenset({b"content-md5", b"digest", b"repr-digest", b"content-digest", b"accept-ranges"})
"""What no longer holds for a body that was changed."""


def changed_body(reply: Reply) -> None:
    """Take back what the head says about a body that is going to be another one, byte for byte.

    A strong entity tag becomes a weak one (RFC 9110, 8.8.3.3): a later If-None-Match still finds it.
    """
    without(reply, DIGESTS)
    weaken_tag(reply)
    reply.content_length = -1


def weaken_tag(reply: Reply) -> None:
    """Make a strong entity tag a weak one."""
    tag = reply.value(b"etag")
    if tag is not None and _ETAG.fullmatch(tag):
        without(reply, frozenset({b"etag"}))
        reply.lines.append(b"ETag: W/" + tag)


def weaken_known_tag(reply: Reply, condition: bytes | None) -> None:
    """In a 304: name the tag as the client knows it, so that it finds what it has stored."""
    tag = reply.value(b"etag")
    if tag is not None and condition is not None and b"W/" + tag in condition:
        weaken_tag(reply)
