"""One end of an HTTP/2 connection (RFC 9113) without sockets and without a clock.

Bytes go into `receive`, frames come out of `out`. Both ends are this machine: what differs is who
opens streams and what a header block means, and that a subclass says.

A stream is IDLE until its first HEADERS and is kept in `streams` until both directions have ended
or either side reset it. `_theirs` and `_ours` are the highest numbers seen; a stream at or below
them that is not kept is closed, or was passed over and can never be opened. Streams that we reset
are remembered for a while, because frames for them may be under way (section 5.1).

Windows, outwards: DATA leaves only as both windows and the transport allow. What cannot leave
waits in its stream; streams that wait take turns, one frame each.
Windows, inwards: bytes are credited when they are handed on. A stream that is held gets no
credit. From a client, nor does the connection for its bytes: what it can make us keep is bounded
by the connection's window, whatever it opens. From an upstream it does, because many people share
that connection, and those who read slowly must not stop the others.

What must stay true:
  every header block is decoded, in order, whatever becomes of its stream;
  a stream's owner hears of its end at most once: END_STREAM, or `lost`; nothing after its own `reset`;
  what a peer can make us do for nothing is bounded: see `Budget`.
"""

from collections import deque
from typing import Final

from yett.net.http.h2 import frames
from yett.net.http.h2.frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FRAME_SIZE,
    GOAWAY,
    HEADER,
    HEADERS,
    MAX_WINDOW,
    PADDED,
    PING,
    PRIORITISED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW,
    WINDOW_UPDATE,
    Code,
)
from yett.net.http.h2.hpack import FORGET, BadBlock, Decoder, Field

STREAM_WINDOW: Final = 256 * 1024
"""What a peer may send on a stream before it is credited."""
CONNECTION_WINDOW: Final = 4 * 1024 * 1024
"""The same for all streams of a connection together."""
HIGH_WATER: Final = 64 * 1024
"""Bytes that may wait in a stream before its source is told to pause."""
_REMEMBERED_RESETS: Final = 256
_REMEMBERED_GAPS: Final = 64
"""Nobody leaves numbers out often; whoever does is told another code for the older ones."""


class Violation(Exception):
    """The peer broke a rule in a way that ends the connection."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


_USEFUL: Final = 64
"""Bytes of a DATA frame from which on it makes good for needless ones."""


class Budget:
    """How much trouble a peer may cause for nothing.

    Each needless frame costs one, each reset of a request in progress costs `RESET`. Work that was
    done to its end, and time, earn it back. Rapid resets (CVE-2023-44487) and floods of SETTINGS,
    PING, empty or tiny frames all run into the same bound.
    """

    __slots__ = ("spent",)

    MOST: Final = 2000
    RESET: Final = 10
    PER_SECOND: Final = 100
    PER_STREAM: Final = 10

    def __init__(self) -> None:
        self.spent = 0

    def spend(self, cost: int) -> None:
        """Count needless work; too much of it ends the connection."""
        self.spent += cost
        if self.spent > self.MOST:
            raise Violation(Code.ENHANCE_YOUR_CALM, "too much work for nothing")

    def earn(self, gain: int) -> None:
        """Something useful was done, or time has passed."""
        self.spent = self.spent - gain if self.spent > gain else 0


class Stream:
    """One stream: its windows, its ends. A subclass gives its messages a meaning."""

    __slots__ = (
        "_end_after",
        "_held",
        "_owed",
        "_queue",
        "_trailers",
        "expected",
        "has_moved",
        "id",
        "is_blocked",
        "is_held",
        "local_ended",
        "machine",
        "queued",
        "receive_window",
        "remote_ended",
        "send_window",
    )

    def __init__(self, machine: "Machine", number: int) -> None:
        self.machine = machine
        self.id = number
        self.send_window = machine.initial_window
        self.receive_window = machine.stream_window
        self.expected = -1
        """Bytes of DATA that are still to come by Content-Length; -1 when nobody said."""
        self.local_ended = False
        """Whether our END_STREAM was said; it may still wait behind data."""
        self.remote_ended = False
        self.is_blocked = False
        """Whether more waits to be sent than should."""
        self.is_held = False
        """Whether what comes is not credited for the moment."""
        self.queued = 0
        self.has_moved = False
        """Whether something of what waited has left; whoever watches for a standstill takes it back."""
        self._queue: deque[bytes] | None = None
        self._end_after = False
        self._trailers = b""
        self._owed = 0
        self._held = 0

    # What a subclass hears.

    def head(self, fields: list[Field] | None, *, end: bool) -> None:
        """A header block came; None when it was too large. It may be a head or trailers."""
        raise NotImplementedError

    def data(self, payload: bytes, *, end: bool) -> None:
        """Some of the body came; empty only together with its end."""
        raise NotImplementedError

    def lost(self, code: int, detail: str) -> None:
        """The stream is over before its time, by the peer or with the connection."""
        raise NotImplementedError

    def blocked(self) -> None:
        """More waits to be sent than should."""

    def unblocked(self) -> None:
        """There is room again."""

    def ended_early(self) -> None:
        """Our side has ended, and the peer's has not."""

    def sweep(self, now: float) -> None:
        """Look at the clock, about once a second."""

    # Sending.

    def send_headers(self, block: bytes, *, end: bool) -> None:
        """Send an encoded header block: a head."""
        machine = self.machine
        if machine.is_closed or self.local_ended:
            return
        if machine.is_first:
            machine.is_first = False
            block = FORGET + block
        machine.out.append(frames.headers(self.id, block, end=end))
        if end:
            self._close_local()
        machine.wake()

    def send_data(self, payload: bytes, *, end: bool, trailers: bytes = b"") -> None:
        """Send some of the body, as far as windows allow; the rest waits.

        `trailers` is an encoded block that ends the message.
        """
        machine = self.machine
        size = len(payload)
        if machine.is_closed or self.local_ended:
            return
        if (
            size <= FRAME_SIZE
            and size <= self.send_window
            and size <= machine.send_window
            and not self.queued
            and not machine.is_choked
            and not trailers
        ):
            # The whole of it in one frame, as most are.
            if size or end:
                self.send_window -= size
                machine.send_window -= size
                machine.out.append(HEADER.pack(0, size, DATA, 1 if end else 0, self.id))
                machine.out.append(payload)
                if machine.budget.spent:
                    machine.budget.spent -= 1
                if end:
                    self._close_local()
                machine.wake()
            return
        if self._queue is None:
            self._queue = deque()
        if size:
            self._queue.append(payload)
            self.queued += size
        if end:
            self._end_after = True
            self._trailers = trailers
            self.local_ended = True
        machine.waiting[self.id] = self
        machine.pump()
        if self.queued > HIGH_WATER and not self.is_blocked:
            self.is_blocked = True
            self.blocked()

    def _piece(self, most: int) -> bytes:
        """Up to so many of the bytes that wait."""
        queue = self._queue
        assert queue is not None  # noqa: S101 - only a stream that waits is asked
        if not queue:
            return b""
        first = queue[0]
        if len(first) <= most:
            queue.popleft()
        else:
            queue[0] = first[most:]
            first = first[:most]
        self.queued -= len(first)
        return first

    def pump(self) -> bool:
        """Send one frame of what waits; whether anything is left that could go."""
        machine = self.machine
        if self.queued:
            most = min(self.send_window, machine.send_window, FRAME_SIZE)
            if most <= 0:
                return False
            piece = self._piece(most)
            size = len(piece)
            self.send_window -= size
            machine.send_window -= size
            ends = self._end_after and not self.queued and not self._trailers
            machine.out.append(HEADER.pack(0, size, DATA, END_STREAM if ends else 0, self.id))
            machine.out.append(piece)
            self.has_moved = True
            if self.queued:
                return True
        else:
            ends = False
        if self._end_after:
            if self._trailers:
                machine.out.append(frames.headers(self.id, self._trailers, end=True))
            elif not ends:
                machine.out.append(HEADER.pack(0, 0, DATA, END_STREAM, self.id))
            self._end_after = False
            self._close_local()
        return False

    @property
    def has_more_to_send(self) -> bool:
        """Whether something still waits to be sent, if only the end."""
        return self._end_after or self.queued > 0

    def _close_local(self) -> None:
        self.local_ended = True
        if self.remote_ended:
            self.machine.forget(self)
        else:
            self.ended_early()

    def reset(self, code: int) -> None:
        """End the stream now. Its owner is not told: it is who asks."""
        machine = self.machine
        if machine.streams.get(self.id) is not self:
            return
        machine.forget(self)
        machine.send_reset(self.id, code)

    # Receiving.

    def hold(self) -> None:
        """Give the peer no more credit than it has."""
        self.is_held = True

    def release(self) -> None:
        """Give credit again, and that which was kept back."""
        if not self.is_held:
            return
        self.is_held = False
        held, self._held = self._held, 0
        if held:
            if self.machine.is_server:
                self.machine.credit(held)
            self._credit(held)

    def _credit(self, size: int) -> None:
        """Bytes of this stream were handed on: leave to send as many again."""
        machine = self.machine
        if self.remote_ended:
            return
        self._owed += size
        if self._owed >= machine.stream_window >> 1:
            machine.out.append(frames.window_update(self.id, self._owed))
            self.receive_window += self._owed
            self._owed = 0
            machine.wake()

    def received(self, payload: bytes, size: int, *, end: bool) -> None:
        """DATA came; `size` is what it counts, padding included."""
        machine = self.machine
        if size > self.receive_window:
            machine.credit(size)
            self.violated(Code.FLOW_CONTROL_ERROR, "more DATA than the stream's window")
            return
        self.receive_window -= size
        if self.expected >= 0:
            self.expected -= len(payload)
            if self.expected < 0 or (end and self.expected):
                machine.credit(size)
                self.violated(Code.PROTOCOL_ERROR, "DATA that differs from Content-Length")
                return
        if end:
            self.remote_ended = True
            if self.local_ended and not self._end_after:
                machine.forget(self)
        if payload or end:
            if machine.budget.spent and (end or len(payload) >= _USEFUL):
                machine.budget.spent -= 1
            self.data(payload, end=end)
        else:
            machine.budget.spend(1)
        if size:
            if self.is_held and machine.streams.get(self.id) is self:
                self._held += size
                if not machine.is_server:
                    machine.credit(size)
            else:
                machine.credit(size)
                self._credit(size)

    def violated(self, code: Code, detail: str) -> None:
        """The peer broke a rule that ends the stream only."""
        self.machine.budget.spend(Budget.RESET)
        self.reset(code)
        self.lost(code, detail)

    def let_go(self) -> int:
        """The stream is forgotten; the answer is what it still keeps of the connection's window."""
        held, self._held = self._held, 0
        self.local_ended = True
        self._queue = None
        self.queued = 0
        self._end_after = False
        return held


class Machine:
    """One end of a connection. A subclass opens streams, and moves `out`."""

    __slots__ = (
        "_block",
        "_block_end",
        "_block_frames",
        "_block_of",
        "_buffer",
        "_decoder",
        "_is_parting",
        "_max_block",
        "_ours",
        "_owed",
        "_passed_over",
        "_receive_window",
        "_resets",
        "_theirs",
        "budget",
        "initial_window",
        "is_choked",
        "is_closed",
        "is_first",
        "is_greeted",
        "is_server",
        "max_streams",
        "out",
        "peer_allows_connect",
        "peer_streams",
        "send_window",
        "stream_window",
        "streams",
        "waiting",
    )

    def __init__(
        self, *, is_server: bool, max_list: int, max_streams: int = 128, stream_window: int = STREAM_WINDOW
    ) -> None:
        self.out: list[bytes] = []
        """Frames to be written, in order."""
        self.streams: dict[int, Stream] = {}
        self.waiting: dict[int, Stream] = {}
        """Streams with something to send that may not leave yet; the first one is next."""
        self.budget = Budget()
        self.max_streams = max_streams
        """How many streams the peer may have open."""
        self.stream_window = stream_window
        self.initial_window = WINDOW
        """What a stream's window outwards begins with, by the peer's settings."""
        self.send_window = WINDOW
        self.peer_streams = 100
        """How many streams we may have open; a careful guess until the peer's settings are here."""
        self.peer_allows_connect = False
        """Whether extended CONNECT is understood (RFC 8441)."""
        self.is_first = True
        """Whether no header block was sent yet."""
        self.is_greeted = False
        """Whether the peer's SETTINGS came."""
        self.is_closed = False
        self.is_choked = False
        """Whether the transport takes no more for the moment."""
        self.is_server = is_server
        self._is_parting = False
        """Whether new streams are refused."""
        self._decoder = Decoder(max_list=max_list)
        # Up to here a block is read, and refused with a page if its fields are too many.
        self._max_block = 2 * max_list
        self._buffer = frames.PREFACE[:0]
        self._receive_window = CONNECTION_WINDOW
        self._owed = 0
        self._theirs = 0
        self._ours = 0
        self._block_of = 0
        self._block_end = False
        self._block = b""
        self._block_frames = 0
        self._resets: dict[int, None] = {}
        self._passed_over: deque[range] = deque(maxlen=_REMEMBERED_GAPS)

    # What a subclass does.

    def open(self, number: int) -> Stream:
        """The peer opens a stream: what is to hear of it."""
        raise NotImplementedError

    def wake(self) -> None:
        """There is something in `out`."""

    def failed(self, code: Code, detail: str) -> None:
        """The peer broke the connection's rules; GOAWAY is in `out`, and every stream was told."""

    def going_away(self, last: int, code: int) -> None:
        """The peer takes no new streams. Those after `last` were told they are lost."""

    def greeted(self) -> None:
        """The peer's first SETTINGS came: it speaks HTTP/2, and said what it takes."""

    def more_streams(self) -> None:
        """There may be room for another stream of ours."""

    def answered_ping(self) -> None:
        """The peer has read whatever was sent before our PING."""

    # Life.

    def greet(self, values: dict[int, int]) -> None:
        """Our first words: the client's preface, our settings, and a wider window for the connection."""
        if not self.is_server:
            self.out.append(frames.PREFACE)
        self.out.append(frames.settings(values))
        self.out.append(frames.window_update(0, CONNECTION_WINDOW - WINDOW))
        self.wake()

    def say_goodbye(self, *, soon: bool = False) -> None:
        """Take no new streams; `soon` only warns that this will come (RFC 9113, 6.8)."""
        self._is_parting = not soon
        self.out.append(frames.goaway(MAX_WINDOW if soon else self._theirs, Code.NO_ERROR))
        self.wake()

    def ping(self) -> None:
        """Ask for a sign of life."""
        self.out.append(frames.frame(PING, 0, 0, bytes(8)))
        self.wake()

    def close(self, code: int, detail: str) -> None:
        """Every stream is over."""
        self.is_closed = True
        self.waiting.clear()
        streams, self.streams = list(self.streams.values()), {}
        for stream in streams:
            stream.let_go()
            stream.lost(code, detail)

    def add(self, stream: Stream) -> bool:
        """Give a stream of ours its number; False when there are none left, or the connection is over."""
        number = self._ours + 2 if self._ours else 1
        if number > MAX_WINDOW or self.is_closed:
            return False
        self._ours = stream.id = number
        stream.send_window = self.initial_window
        self.streams[number] = stream
        return True

    def forget(self, stream: Stream) -> None:
        """A stream is closed."""
        if self.streams.pop(stream.id, None) is None:
            return
        self.waiting.pop(stream.id, None)
        held = stream.let_go()
        if held and self.is_server:
            self.credit(held)
        self.more_streams()

    def send_reset(self, number: int, code: int) -> None:
        """Reset a stream, and remember that more of it may come."""
        if self.is_closed:
            return
        resets = self._resets
        resets[number] = None
        if len(resets) > _REMEMBERED_RESETS:
            del resets[next(iter(resets))]
        self.out.append(frames.reset(number, code))
        self.wake()

    def credit(self, size: int) -> None:
        """Bytes were handed on: leave to send as many again on the connection."""
        self._owed += size
        if self._owed >= CONNECTION_WINDOW >> 2:
            self.out.append(frames.window_update(0, self._owed))
            self._receive_window += self._owed
            self._owed = 0
            self.wake()

    # Sending.

    def pump(self) -> None:
        """Let streams that wait send in turns, as far as windows and the transport allow."""
        waiting = self.waiting
        if not waiting or self.is_choked or self.is_closed:
            return
        stuck = 0
        eased: list[Stream] = []
        while waiting and stuck < len(waiting) and not self.is_full():
            number = next(iter(waiting))
            stream = waiting.pop(number)
            had = stream.queued
            if stream.pump():
                waiting[number] = stream
                stuck = 0
            elif stream.queued:  # its window, or the connection's, is used up
                waiting[number] = stream
                stuck = stuck + 1 if stream.queued == had else 0
            if stream.is_blocked and stream.queued <= HIGH_WATER >> 1:
                stream.is_blocked = False
                eased.append(stream)
        if self.out:
            self.wake()
        for stream in eased:
            stream.unblocked()

    def is_full(self) -> bool:
        """Whether enough is in `out` for one write."""
        return len(self.out) > 128

    # Receiving.

    def receive(self, data: bytes) -> None:
        """Take bytes in; whatever they are, this does not raise."""
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        at, end = 0, len(data)
        unpack = HEADER.unpack_from
        try:
            while end - at >= 9 and not self.is_closed:
                high, low, kind, flags, number = unpack(data, at)
                if high or low > FRAME_SIZE:
                    raise Violation(Code.FRAME_SIZE_ERROR, "a frame larger than was agreed")  # noqa: TRY301 - as every rule here
                stop = at + 9 + low
                if stop > end:
                    break
                if self._block_of and kind != CONTINUATION:
                    raise Violation(Code.PROTOCOL_ERROR, "a header block is not complete")  # noqa: TRY301 - the same
                self._frame(kind, flags, number & 0x7FFFFFFF, data[at + 9 : stop])
                at = stop
        except Violation as violation:
            self.fail(violation.code, violation.detail)
            return
        except BadBlock as problem:
            self.fail(Code.COMPRESSION_ERROR, str(problem))
            return
        if at < end and not self.is_closed:
            self._buffer = data[at:] if at else data

    def fail(self, code: Code, detail: str) -> None:
        """End the connection for what the peer did."""
        if self.is_closed:
            return
        self.out.append(frames.goaway(self._theirs, code))
        self.close(code, detail)
        self.failed(code, detail)
        self.wake()

    def _frame(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if not self.is_greeted and kind != SETTINGS:
            raise Violation(Code.PROTOCOL_ERROR, "the first frame is not SETTINGS")
        if kind == DATA:
            self._data(flags, number, payload)
        elif kind == HEADERS:
            self._headers(flags, number, payload)
        elif kind == WINDOW_UPDATE:
            self._window_update(number, payload)
        elif kind == RST_STREAM:
            self._reset(number, payload)
        elif kind == SETTINGS:
            self._settings(flags, number, payload)
        elif kind == PING:
            self._ping(flags, number, payload)
        elif kind == CONTINUATION:
            self._continuation(flags, number, payload)
        elif kind == GOAWAY:
            self._goaway(number, payload)
        elif kind == PUSH_PROMISE:
            raise Violation(Code.PROTOCOL_ERROR, "a push nobody allowed")
        elif kind == PRIORITY:
            self._priority(number, payload)
        else:
            self.budget.spend(1)  # extensions are ignored (section 5.5)

    def _missing(self, number: int) -> None:
        """A frame for a stream that is not kept: ignored, refused, or the end."""
        if not number:
            raise Violation(Code.PROTOCOL_ERROR, "a frame for no stream")
        is_theirs = bool(number & 1) is self.is_server
        if number > (self._theirs if is_theirs else self._ours):
            raise Violation(Code.PROTOCOL_ERROR, "a frame for an idle stream")
        self.budget.spend(1)

    def _data(self, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)
        if size > self._receive_window:
            raise Violation(Code.FLOW_CONTROL_ERROR, "more DATA than the connection's window")
        self._receive_window -= size
        if flags & PADDED:
            payload = _unpadded(payload)
            self.budget.spend(1)
        stream = self.streams.get(number)
        if stream is None:
            self._missing(number)
            self.credit(size)
            if number not in self._resets:
                self.send_reset(number, Code.STREAM_CLOSED)
        elif stream.remote_ended:
            self.credit(size)
            stream.violated(Code.STREAM_CLOSED, "DATA after the end")
        else:
            stream.received(payload, size, end=bool(flags & END_STREAM))

    def _headers(self, flags: int, number: int, payload: bytes) -> None:
        if not number:
            raise Violation(Code.PROTOCOL_ERROR, "HEADERS for no stream")
        if flags & PADDED:
            payload = _unpadded(payload)
        if flags & PRIORITISED:
            if len(payload) < 5:
                raise Violation(Code.FRAME_SIZE_ERROR, "HEADERS without its priority")
            payload = payload[5:]
        if flags & END_HEADERS:
            self._complete(number, payload, end=bool(flags & END_STREAM))
            return
        self._block_of = number
        self._block_end = bool(flags & END_STREAM)
        self._block = payload
        self._block_frames = 1

    def _continuation(self, flags: int, number: int, payload: bytes) -> None:
        if not self._block_of or number != self._block_of:
            raise Violation(Code.PROTOCOL_ERROR, "CONTINUATION of nothing")
        self._block += payload
        self._block_frames += 1
        # Many small pieces are a flood (CVE-2024-27316): a real one fills its frames.
        if len(self._block) > self._max_block or self._block_frames > 8 + self._max_block // FRAME_SIZE:
            raise Violation(Code.ENHANCE_YOUR_CALM, "a header block without an end")
        if flags & END_HEADERS:
            self._block_of = 0
            block, self._block = self._block, b""
            self._complete(number, block, end=self._block_end)

    @property
    def is_within_block(self) -> bool:
        """Whether a header block was begun and not completed."""
        return self._block_of != 0

    def _complete(self, number: int, block: bytes, *, end: bool) -> None:
        """A whole header block: decoded first, whatever becomes of it."""
        fields = self._decoder.decode(block)
        stream = self.streams.get(number)
        if stream is not None:
            if stream.remote_ended:
                stream.violated(Code.STREAM_CLOSED, "HEADERS after the end")
                return
        elif self.is_server and number & 1 and number > self._theirs:
            if number > self._theirs + 2:
                self._pass_over(number)
            self._theirs = number
            if self._is_parting or len(self.streams) >= self.max_streams:
                self.budget.spend(Budget.RESET)
                self.send_reset(number, Code.REFUSED_STREAM)
                return
            stream = self.streams[number] = self.open(number)
        elif number in self._resets:
            self.budget.spend(1)
            return
        else:
            self._missing(number)
            if any(number in passed for passed in self._passed_over):
                raise Violation(Code.PROTOCOL_ERROR, "HEADERS for a stream that was passed over")
            raise Violation(Code.STREAM_CLOSED, "HEADERS for a closed stream")
        if end:
            stream.remote_ended = True
            if stream.local_ended and not stream.has_more_to_send:
                self.forget(stream)
        stream.head(fields, end=end)

    def _pass_over(self, number: int) -> None:
        """A stream opens, and those between the last one and it never will (section 5.1.1)."""
        passed = range((self._theirs + 1) | 1, number, 2)
        if passed:
            self._passed_over.append(passed)

    def _window_update(self, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise Violation(Code.FRAME_SIZE_ERROR, "WINDOW_UPDATE of a wrong size")
        by = frames.number(payload) & 0x7FFFFFFF
        if not number:
            if not by:
                raise Violation(Code.PROTOCOL_ERROR, "a WINDOW_UPDATE of nothing")
            self.send_window += by
            if self.send_window > MAX_WINDOW:
                raise Violation(Code.FLOW_CONTROL_ERROR, "a window too large")
            if by < 1024:
                self.budget.spend(1)
            if self.waiting:
                self.pump()
            return
        stream = self.streams.get(number)
        if stream is None:
            self._missing(number)
        elif not by:
            stream.violated(Code.PROTOCOL_ERROR, "a WINDOW_UPDATE of nothing")
        else:
            stream.send_window += by
            if stream.send_window > MAX_WINDOW:
                stream.violated(Code.FLOW_CONTROL_ERROR, "a window too large")
                return
            if by < 1024:
                self.budget.spend(1)
            if stream.queued:
                self.pump()

    def _reset(self, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise Violation(Code.FRAME_SIZE_ERROR, "RST_STREAM of a wrong size")
        stream = self.streams.get(number)
        if stream is None:
            self._missing(number)
            return
        code = frames.number(payload)
        self.forget(stream)
        stream.lost(code, "the stream was reset")
        self.budget.spend(Budget.RESET)

    def _settings(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise Violation(Code.PROTOCOL_ERROR, "SETTINGS of a stream")
        if flags & frames.ACK:
            if payload or not self.is_greeted:
                raise Violation(Code.FRAME_SIZE_ERROR, "an ACK with content")
            self.budget.spend(1)
            return
        if len(payload) % 6:
            raise Violation(Code.FRAME_SIZE_ERROR, "SETTINGS of a wrong size")
        for key, value in frames.read_settings(payload):
            self._setting(key, value)
        if self.is_greeted:
            self.budget.spend(1 + len(payload) // 60)
        self.out.append(frames.frame(SETTINGS, frames.ACK, 0))
        self.wake()
        if not self.is_greeted:
            self.is_greeted = True
            self.greeted()
        self.more_streams()
        self.pump()

    def _setting(self, key: int, value: int) -> None:
        if key == frames.INITIAL_WINDOW_SIZE:
            if value > MAX_WINDOW:
                raise Violation(Code.FLOW_CONTROL_ERROR, "a window too large")
            by = value - self.initial_window
            self.initial_window = value
            for stream in self.streams.values():
                stream.send_window += by  # it may become negative (section 6.9.2)
                if stream.send_window > MAX_WINDOW:
                    raise Violation(Code.FLOW_CONTROL_ERROR, "a window too large")
        elif key == frames.MAX_CONCURRENT_STREAMS:
            self.peer_streams = value
        elif key == frames.ENABLE_PUSH:
            if value > 1 or (value and not self.is_server):
                raise Violation(Code.PROTOCOL_ERROR, "ENABLE_PUSH of a wrong value")
        elif key == frames.MAX_FRAME_SIZE:
            # Ours are never larger than the smallest size it can be.
            if not FRAME_SIZE <= value < 1 << 24:
                raise Violation(Code.PROTOCOL_ERROR, "MAX_FRAME_SIZE of a wrong value")
        elif key == frames.ENABLE_CONNECT_PROTOCOL:
            if value > 1 or (self.peer_allows_connect and not value):
                raise Violation(Code.PROTOCOL_ERROR, "ENABLE_CONNECT_PROTOCOL of a wrong value")
            self.peer_allows_connect = bool(value)

    def _ping(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise Violation(Code.PROTOCOL_ERROR, "PING of a stream")
        if len(payload) != 8:
            raise Violation(Code.FRAME_SIZE_ERROR, "PING of a wrong size")
        self.budget.spend(1)
        if flags & frames.ACK:
            self.answered_ping()
        else:
            self.out.append(frames.frame(PING, frames.ACK, 0, payload))
            self.wake()

    def _goaway(self, number: int, payload: bytes) -> None:
        if number:
            raise Violation(Code.PROTOCOL_ERROR, "GOAWAY of a stream")
        if len(payload) < 8:
            raise Violation(Code.FRAME_SIZE_ERROR, "GOAWAY of a wrong size")
        last, code = frames.number(payload) & 0x7FFFFFFF, frames.number(payload, 4)
        self.budget.spend(1)
        if not self.is_server:
            for stream in [stream for stream in self.streams.values() if stream.id > last]:
                self.forget(stream)
                stream.lost(Code.REFUSED_STREAM, "the peer went away before it looked at the request")
        self.going_away(last, code)

    def _priority(self, number: int, payload: bytes) -> None:
        """Priorities of the old kind are read and forgotten (section 5.3.2)."""
        self.budget.spend(1)
        if not number:
            raise Violation(Code.PROTOCOL_ERROR, "PRIORITY of no stream")
        if len(payload) != 5:
            stream = self.streams.get(number)
            if stream is not None:
                stream.violated(Code.FRAME_SIZE_ERROR, "PRIORITY of a wrong size")
            elif number <= max(self._theirs, self._ours):
                self.send_reset(number, Code.FRAME_SIZE_ERROR)
            else:
                raise Violation(Code.FRAME_SIZE_ERROR, "PRIORITY of a wrong size")


def _unpadded(payload: bytes) -> bytes:
    """What is left of a payload without its padding (section 6.1)."""
    if not payload:
        raise Violation(Code.FRAME_SIZE_ERROR, "padding without its length")
    padding = payload[0]
    if padding >= len(payload):
        raise Violation(Code.PROTOCOL_ERROR, "more padding than payload")
    return payload[1 : len(payload) - padding]
