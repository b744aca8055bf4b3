"""Responses that come on a stream of their own, by HTTP/2 or HTTP/3: what their fields mean."""

from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from yett.net.http.answers import has_no_body
from yett.net.http.channel import Clock, Receiver
from yett.net.http.h2.head import FieldReader, Malformed
from yett.net.http.h2.hpack import Field
from yett.net.http.head import Refused
from yett.net.http.response import ResponseHead, ResponseParser
from yett.net.http.trailers import permitted

_MAX_INTERIM: Final = 16


class Understanding:
    """Turns the fields of one connection's responses into heads: the newest one is remembered, for they repeat."""

    __slots__ = ("_fields", "_head", "_parser", "_reader")

    def __init__(self, reader: FieldReader, parser: ResponseParser) -> None:
        self._reader = reader
        self._parser = parser
        self._fields: list[Field] = []
        self._head: ResponseHead | None = None

    def head(self, fields: list[Field]) -> ResponseHead | str:
        """A response's head; what is wrong with it otherwise."""
        head = self._head
        if head is not None and fields == self._fields:
            return head
        block = self._reader.response(fields)
        if isinstance(block, Malformed):
            return block.detail
        parsed = self._parser.head(block)
        if isinstance(parsed, Refused):
            return parsed.detail
        self._fields, self._head = fields, parsed
        return parsed

    def trailers(self, fields: list[Field]) -> Sequence[bytes] | None:
        """Those of the trailers that may be passed on; None when they are none."""
        lines = self._reader.trailers(fields)
        return None if isinstance(lines, Malformed) else permitted(lines)


class Kept(Protocol):
    """A pool, as far as it is needed here."""

    clock: Clock


class Carrying(Protocol):
    """The connection that a stream belongs to."""

    understanding: Understanding

    @property
    def pool(self) -> Kept: ...


C = TypeVar("C", bound=Carrying)


class Answering(Generic[C]):
    """The half of a channel that hears the response; the other half is a stream, which has the attributes."""

    __slots__ = ()

    _receiver: Receiver | None
    _connection: C
    _has_head: bool
    _interim: int
    expected: int
    """Bytes of the body that are still to come by Content-Length; -1 when nobody said."""

    def head(self, fields: list[Field] | None, *, end: bool) -> None:
        """A head of the response, or its trailers; None for one that was too large."""
        receiver = self._receiver
        if receiver is None:
            return
        receiver.touched = self._connection.pool.clock.now
        if fields is None:
            self._broken("response head too large")
        elif self._has_head:
            self._trailing(receiver, fields, end=end)
        else:
            head = self._connection.understanding.head(fields)
            if isinstance(head, str):
                self._broken(head)
            elif head.status < 200:
                self._informed(receiver, head, end=end)
            else:
                self._answered(receiver, head, end=end)

    def _informed(self, receiver: Receiver, head: ResponseHead, *, end: bool) -> None:
        self._interim += 1  # type: ignore[misc]  # the slots are the other half's
        if end or head.status == 101 or self._interim > _MAX_INTERIM:
            self._broken("an interim response out of place")
        else:
            receiver.interim(head)

    def _answered(self, receiver: Receiver, head: ResponseHead, *, end: bool) -> None:
        length = 0 if has_no_body(head.status, receiver.method) else head.content_length
        if end:
            if length > 0:
                self._broken("a response without the body it promised")
                return
            self._complete()
        else:
            self._has_head = True  # type: ignore[misc]  # as above
            self.expected = length  # type: ignore[misc]  # as above
        receiver.respond(head, b"", done=end)

    def _trailing(self, receiver: Receiver, fields: list[Field], *, end: bool) -> None:
        lines = self._connection.understanding.trailers(fields)
        if lines is None or not end or self.expected > 0:
            self._broken("trailers out of place")
            return
        self._complete()
        receiver.more(b"", done=True, trailers=lines)

    def _complete(self) -> None:
        """The response is here whole. A request that is not sent whole by now has no reader."""
        raise NotImplementedError

    def _broken(self, detail: str) -> None:
        """What came is no response."""
        raise NotImplementedError
