"""How an exchange and a way to an upstream see one another.

A `Channel` carries one exchange at a time: an HTTP/1.1 connection is one, and so is a stream of
an HTTP/2 connection. The exchange speaks in heads and payload only; how they are framed, which
fields a connection needs for itself, and when it can be used again is the channel's business.
A `Source` hands channels out: it is the pool of one upstream.
"""

from collections.abc import Sequence
from typing import Protocol

from yett.net.http.head import Fields
from yett.net.http.model import Failure, Forward, Request
from yett.net.http.response import ResponseHead


class Clock:
    """The coarse clock that a sweep turns."""

    __slots__ = ("now",)

    def __init__(self, now: float = 0.0) -> None:
        self.now = now


class Receiver:
    """What a channel tells about the response it reads: the exchange, as a channel sees it.

    A channel says nothing more after `respond` or `more` with `done`, `lost`, `rejected` or a
    failure; and nothing at all once it was abandoned or closed.
    """

    __slots__ = ("method", "request_done", "touched")

    def __init__(self, method: bytes) -> None:
        self.method = method
        self.touched = 0.0
        """The coarse time of the last byte, set by the channel whenever something came."""
        self.request_done = False
        """Whether the request was handed over whole."""

    def interim(self, head: ResponseHead) -> None:
        """An interim response (1xx, without 101)."""
        raise NotImplementedError

    def respond(self, head: ResponseHead, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """The response's head, with what is there of its body.

        With `done` that was all, and the channel is given back already.
        """
        raise NotImplementedError

    def more(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """More of the response's body; `trailers` may come with its end: valid, permitted header lines."""
        raise NotImplementedError

    def upgraded(self, head: ResponseHead, early: bytes) -> None:
        """The upstream accepted the upgrade that `begin` asked for; from here on bytes are bytes."""
        raise NotImplementedError

    def tunnelled(self, data: bytes) -> None:
        """Bytes from the upstream, after the upgrade."""
        raise NotImplementedError

    def tunnel_ended(self) -> bool:
        """The upstream will send no more; whether the channel stays open for what the client sends."""
        raise NotImplementedError

    def lost(self, problem: Exception | None, *, fresh: bool) -> None:
        """The channel is gone before the response was complete; `fresh` if not a byte of it had come."""
        raise NotImplementedError

    def rejected(self, detail: str) -> None:
        """The upstream assures that it did nothing about the request (RFC 9113, 8.7): it may be sent again."""
        raise NotImplementedError

    def fail(self, failure: Failure, detail: str) -> None:
        """What came makes no sense, or came too late; the receiver abandons the channel."""
        raise NotImplementedError

    def upstream_paused(self) -> None:
        """The upstream takes no more of the request for the moment."""
        raise NotImplementedError

    def upstream_resumed(self) -> None:
        """The upstream takes more."""
        raise NotImplementedError


class Channel(Protocol):
    """One request on its way to an upstream, and its response on the way back."""

    is_paused: bool
    """Whether reading the response stands still, because the client does not keep up."""

    def begin(
        self,
        receiver: Receiver,
        request: Request,
        forward: Forward,
        fields: Fields,
        forwarded: bytes,
        payload: bytes,
        done: bool,
        upgrade: bool,
        trailers: Sequence[bytes] = (),
    ) -> None:
        """Send the request's head, with what is there of its body; `forwarded` are the X-Forwarded lines.

        `upgrade` asks for a WebSocket. Nothing is told to the receiver before this returns.
        """
        ...

    def send(self, payload: bytes, done: bool, trailers: Sequence[bytes] = ()) -> None:
        """Send more of the request's body, or of what a tunnel carries."""
        ...

    def send_eof(self) -> bool:
        """In a tunnel: nothing more will be sent; whether that could be said and the other way stays open."""
        ...

    def pause(self) -> None:
        """Read nothing more: the client cannot keep up."""
        ...

    def resume(self) -> None:
        """Read on."""
        ...

    def abandon(self) -> None:
        """The exchange is over before its time: give the request up at once, and tell nothing more."""
        ...

    def close(self) -> None:
        """A tunnel is over: end it once what was sent went out, and tell nothing more."""
        ...


class ConnectFailed(Exception):
    """No channel to an upstream could be had."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = detail


class Source:
    """The channels to one upstream."""

    __slots__ = ("is_closed",)

    def __init__(self) -> None:
        self.is_closed = False
        """Ask for a new source: this one was given up."""

    def take(self) -> Channel | None:
        """A channel that can be had at once, None when one has to be waited for."""
        raise NotImplementedError

    async def connect(self) -> Channel:
        """A channel on a fresh connection, or on one that had to be waited for; ConnectFailed otherwise."""
        raise NotImplementedError
