"""What a proxy is told, before it is put into its form: a status, fields, perhaps a body."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from yett.net.http import Answer
from yett.proxy.forward_auth.model import Limited

JSON = b"application/json"
_UNFIT = re.compile(r"[\x00-\x1f\x7f]")

Pair = tuple[bytes, bytes]


@dataclass(slots=True)
class Told:
    """An answer to a proxy."""

    status: int
    headers: list[Pair] = field(default_factory=list)
    body: bytes = b""
    kind: bytes = JSON
    withdrawn: tuple[bytes, ...] = ()
    """(Lower case) names of the request's own fields that must not be handed on, for proxies that can be told."""

    def to_answer(self) -> Answer:
        """The same for the engine."""
        lines = b"".join([b"%b: %b\r\n" % pair for pair in self.headers])
        return Answer(self.status, self.body, self.kind, lines)


@lru_cache(maxsize=4096)
def value_of(text: str) -> bytes:
    """A text as the value of a field. A line break in somebody's name must not begin another field."""
    return _UNFIT.sub(" ", text).strip().encode("utf-8", "replace")


def quota_fields(limited: Limited) -> list[Pair]:
    """How much of a quota is left, as GitHub says it."""
    return [
        (b"X-RateLimit-Limit", b"%d" % limited.limit),
        (b"X-RateLimit-Remaining", b"%d" % limited.remaining),
        (b"X-RateLimit-Reset", b"%d" % int(limited.reset)),
        (b"X-RateLimit-Resource", value_of(limited.resource)),
        (b"X-RateLimit-Used", b"%d" % limited.used),
    ]
