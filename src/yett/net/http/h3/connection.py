"""One end, ours, of an HTTP/3 connection (RFC 9114) without sockets and without a clock.

QUIC's events are taken from aioquic; what is to be sent is given to it. A request is a stream that we open. It is
kept in `streams` until its response has ended or either side gave it up; what comes for it later is thrown away.
Upstreams open streams in one direction only: one for control, two for the compression of fields, and any number that
we do not know and do not want.

Fields are compressed without a table that changes (RFC 9204, 3.2.2): we allow none, and use none. So each block can
be read, or left unread, by itself; a small one cannot grow beyond what the fixed table holds; and nothing ever waits
for another stream.

What must stay true:
  what breaks the rules of framing ends the connection (RFC 9114, 8), what is no response ends its stream only;
  a stream's owner hears of its end at most once, and nothing after its own `forget`;
  a push is never accepted: none was ever allowed (RFC 9114, 7.2.7).
"""

from typing import Final, Protocol

import pylsqpack
from aioquic.quic.events import (
    HandshakeCompleted,
    QuicEvent,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)

from yett.net.http.h2.hpack import Field
from yett.net.http.h3.flow import Quic
from yett.net.http.h3.frames import (
    RESERVED,
    Code,
    Frames,
    Kind,
    Violation,
    frame,
    integer,
    read_integer,
    read_settings,
    settings,
)

ALPN: Final = "h3"
_CONTROL, _PUSH, _ENCODER, _DECODER = range(4)
"""Streams of one direction (RFC 9114, 6.2; RFC 9204, 4.2)."""
_CRITICAL: Final = frozenset({_CONTROL, _ENCODER, _DECODER})
_MAX_FIELD_SECTION_SIZE: Final = 0x6
_LONGEST_CONTROL: Final = 4096
_WHOLE_IN_RESPONSES: Final = frozenset({int(Kind.HEADERS)})
_WHOLE_IN_CONTROL: Final = frozenset({int(Kind.SETTINGS), int(Kind.GOAWAY)})
_NOT_IN_RESPONSES: Final = RESERVED | {Kind.CANCEL_PUSH, Kind.SETTINGS, Kind.GOAWAY, Kind.MAX_PUSH_ID}
_NOT_IN_CONTROL: Final = RESERVED | {Kind.DATA, Kind.HEADERS, Kind.PUSH_PROMISE, Kind.MAX_PUSH_ID}
_OVERHEAD: Final = 32
"""What a field counts besides its name and value (RFC 9114, 4.2.2)."""


class Stream(Protocol):
    """A request, as the machine sees it."""

    frames: Frames
    remote_ended: bool

    def head(self, fields: list[Field] | None, *, end: bool) -> None:
        """A block of fields came; None when it was too large."""
        ...

    def data(self, payload: bytes, *, end: bool) -> None:
        """Some of the body came, or just the end."""
        ...

    def stopped(self) -> None:
        """The peer reads no more of the request; it may answer all the same (RFC 9114, 4.1.1)."""
        ...

    def lost(self, code: int, detail: str) -> None:
        """The stream is over before its time, by the peer or with the connection."""
        ...


class Owner(Protocol):
    """Whoever has the connection."""

    def greeted(self) -> None: ...
    def going_away(self) -> None: ...
    def has_room(self) -> None: ...


class _Way:
    """A stream on which only the peer sends."""

    __slots__ = ("frames", "head", "kind")

    def __init__(self) -> None:
        self.kind = -1
        self.head = b""
        self.frames = Frames(_WHOLE_IN_CONTROL, _LONGEST_CONTROL)


class Machine:
    """What is known of one connection."""

    __slots__ = (
        "_decoder",
        "_encoder",
        "_last",
        "_max_list",
        "_owner",
        "_ways",
        "is_closed",
        "is_greeted",
        "quic",
        "streams",
    )

    def __init__(self, quic: Quic, owner: Owner, max_list: int) -> None:
        self.quic = quic
        self.streams: dict[int, Stream] = {}
        self.is_greeted = False
        """Whether the peer's settings came."""
        self.is_closed = False
        self._owner = owner
        self._max_list = max_list
        self._encoder = pylsqpack.Encoder()
        self._decoder = pylsqpack.Decoder(0, 0)
        self._ways: dict[int, _Way] = {}
        self._last = -1
        """The first request that the peer will not answer, if it said so."""

    # Requests.

    def open(self, stream: Stream) -> int:
        """A number for a request that begins now."""
        number = self.quic.get_next_available_stream_id()
        self.streams[number] = stream
        return number

    def frames(self) -> Frames:
        """What cuts a response into frames."""
        return Frames(_WHOLE_IN_RESPONSES, self._max_list)

    def head(self, number: int, fields: list[Field]) -> bytes:
        """Fields as a HEADERS frame."""
        _, block = self._encoder.encode(number, fields)
        return frame(Kind.HEADERS, block)

    def forget(self, number: int) -> None:
        """A request is over; what may still come for it has no reader."""
        stream = self.streams.pop(number, None)
        if stream is None:
            return
        if stream.remote_ended:
            self.quic.held.discard(number)
        else:
            self.quic.held.add(number)
        self._owner.has_room()

    def close(self, code: int, detail: str) -> None:
        """The connection is over: tell everybody."""
        self.is_closed = True
        streams, self.streams = self.streams, {}
        for stream in streams.values():
            stream.lost(code, detail)

    # Events.

    def hear(self) -> None:
        """Take in whatever QUIC has understood by now."""
        quic = self.quic
        try:
            event = quic.next_event()
            while event is not None and not self.is_closed:
                if isinstance(event, StreamDataReceived):
                    event = self._gather(event)
                    continue
                if isinstance(event, StreamReset):
                    self._reset(event)
                elif isinstance(event, StopSendingReceived):
                    self._stopped(event)
                elif isinstance(event, HandshakeCompleted):
                    self._greet(event)
                event = quic.next_event()
        except Violation as problem:
            quic.close(problem.code, reason_phrase=problem.detail)
            self.close(problem.code, problem.detail)

    def _gather(self, event: StreamDataReceived) -> QuicEvent | None:
        """Take in what came on one stream in several packets; the event after it."""
        number, pieces, end = event.stream_id, [event.data], event.end_stream
        following = self.quic.next_event()
        while isinstance(following, StreamDataReceived) and following.stream_id == number:
            pieces.append(following.data)
            end = following.end_stream
            following = self.quic.next_event()
        data = b"".join(pieces)
        if number & 2:
            self._one_way(number, data, end=end)
        else:
            self._answer(number, data, end=end)
        return following

    def _greet(self, event: HandshakeCompleted) -> None:
        if event.alpn_protocol != ALPN:
            raise Violation(Code.GENERAL_PROTOCOL_ERROR, "another protocol than HTTP/3")
        number = self.quic.get_next_available_stream_id(is_unidirectional=True)
        self.quic.send_stream_data(
            number, integer(_CONTROL) + settings({_MAX_FIELD_SECTION_SIZE: self._max_list})
        )

    def _reset(self, event: StreamReset) -> None:
        number = event.stream_id
        way = self._ways.pop(number, None)
        if way is not None and way.kind in _CRITICAL:
            raise Violation(Code.CLOSED_CRITICAL_STREAM, "a critical stream was reset")
        stream = self.streams.get(number)
        if stream is None:
            self.quic.held.discard(number)
            return
        stream.remote_ended = True
        self._give_up(number, event.error_code, f"the stream was reset ({event.error_code:#x})")

    def _give_up(self, number: int, code: int, detail: str) -> None:
        """The peer will not answer: tell it, and send no more of the request."""
        self.streams[number].lost(code, detail)
        self.quic.reset_stream(number, Code.REQUEST_CANCELLED)
        self.forget(number)

    def _stopped(self, event: StopSendingReceived) -> None:
        if event.stream_id & 2:
            raise Violation(Code.CLOSED_CRITICAL_STREAM, "a critical stream was stopped")
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            stream.stopped()

    # Responses.

    def _answer(self, number: int, data: bytes, *, end: bool) -> None:
        stream = self.streams.get(number)
        if stream is None:
            if end:
                self.quic.held.discard(number)
            return
        pieces = [piece for piece in stream.frames.feed(data) if _is_message(piece[0])]
        if end and stream.frames.is_inside:
            raise Violation(Code.FRAME_ERROR, "a frame that ends too early")
        stream.remote_ended = end
        if end and not pieces:
            stream.data(b"", end=True)
        for left, (kind, payload) in zip(range(len(pieces) - 1, -1, -1), pieces, strict=True):
            if kind == Kind.HEADERS:
                stream.head(self._fields(number, payload), end=end and not left)
            else:
                stream.data(payload or b"", end=end and not left)
            if number not in self.streams:
                return

    def _fields(self, number: int, block: bytes | None) -> list[Field] | None:
        if block is None:
            return None
        try:
            _, fields = self._decoder.feed_header(number, block)
        except (pylsqpack.DecompressionFailed, pylsqpack.StreamBlocked) as problem:
            raise Violation(Code.DECOMPRESSION_FAILED, "a block of fields that cannot be read") from problem
        size = sum(len(name) + len(value) + _OVERHEAD for name, value in fields)
        return fields if size <= self._max_list else None

    # The peer's own streams.

    def _one_way(self, number: int, data: bytes, *, end: bool) -> None:
        way = self._ways.get(number)
        if way is None:
            way = self._ways[number] = _Way()
        if way.kind < 0:
            way.head += data
            kind = read_integer(way.head, 0)
            if kind is None:
                data = b""
            else:
                data, way.head = way.head[kind[1] :], b""
                self._meet(number, way, kind[0], end=end)
        if way.kind == _CONTROL:
            for piece in way.frames.feed(data):
                self._control(*piece)
        elif way.kind == _ENCODER:
            try:
                self._decoder.feed_encoder(data)
            except pylsqpack.EncoderStreamError as problem:
                raise Violation(Code.ENCODER_STREAM_ERROR, "a table was used that is not there") from problem
        if end:
            del self._ways[number]
            if way.kind in _CRITICAL:
                raise Violation(Code.CLOSED_CRITICAL_STREAM, "a critical stream was ended")

    def _meet(self, number: int, way: _Way, kind: int, *, end: bool) -> None:
        """A stream says what it is."""
        if kind == _PUSH:
            raise Violation(Code.ID_ERROR, "a push that was not allowed")
        if kind in _CRITICAL and any(other.kind == kind for other in self._ways.values()):
            raise Violation(Code.STREAM_CREATION_ERROR, "a second stream of its kind")
        way.kind = kind
        if kind not in _CRITICAL and not end:
            self.quic.stop_stream(number, Code.STREAM_CREATION_ERROR)

    def _control(self, kind: int, payload: bytes | None) -> None:
        if not self.is_greeted and kind != Kind.SETTINGS:
            raise Violation(Code.MISSING_SETTINGS, "no SETTINGS at the beginning")
        if kind in _NOT_IN_CONTROL:
            raise Violation(Code.FRAME_UNEXPECTED, "a frame that does not belong to the control stream")
        if kind == Kind.CANCEL_PUSH:
            raise Violation(Code.ID_ERROR, "a push that there is not")
        if kind not in _WHOLE_IN_CONTROL:
            return
        if payload is None:
            raise Violation(Code.EXCESSIVE_LOAD, "a control frame that is too long")
        if kind == Kind.GOAWAY:
            self._go_away(payload)
        elif self.is_greeted:
            raise Violation(Code.FRAME_UNEXPECTED, "SETTINGS for a second time")
        else:
            read_settings(payload)
            self.is_greeted = True
            self._owner.greeted()

    def _go_away(self, payload: bytes) -> None:
        """No request from that number on is looked at (RFC 9114, 5.2)."""
        last = read_integer(payload, 0)
        if last is None or last[1] != len(payload):
            raise Violation(Code.FRAME_ERROR, "GOAWAY without a number")
        if last[0] & 3 or 0 <= self._last < last[0]:
            raise Violation(Code.ID_ERROR, "GOAWAY with a number that it cannot have")
        self._last = last[0]
        for number in [number for number in self.streams if number >= self._last]:
            self._give_up(number, Code.REQUEST_REJECTED, "the connection is going away")
        self._owner.going_away()


def _is_message(kind: int) -> bool:
    """Whether a frame on a request's stream is part of the response; Violation if it must not be there."""
    if kind == Kind.PUSH_PROMISE:
        raise Violation(Code.ID_ERROR, "a push that was not allowed")
    if kind in _NOT_IN_RESPONSES:
        raise Violation(Code.FRAME_UNEXPECTED, "a frame that does not belong to a response")
    return kind in {Kind.DATA, Kind.HEADERS}
