"""What QUIC does for us, and how it is held back in both directions.

aioquic hands the bytes of a stream out as soon as they are there in order, and then doubles the window that the
stream has: an upstream may send ever more ahead of a client that does not read. So the window of each stream moves
here, and only while the stream is not held: at most `WINDOW` bytes of it are on their way or waiting. The window of
the whole connection is left to aioquic. It grows with all that came, held or not, so that those who read slowly do
not stop the others; what it lets in is bounded by the streams' windows, whose number is bounded.

In the other direction aioquic keeps what it is given until the upstream has acknowledged it. `unsent` says how much
that is, for whoever gives it to pause.

Everything that reaches into aioquic is here.
"""

from typing import TYPE_CHECKING, Final

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated
from aioquic.quic.packet import QuicFrameType
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

WINDOW: Final = 256 * 1024
"""Bytes that an upstream may send on a stream before some are read."""
CONNECTION_WINDOW: Final = 4 * 1024 * 1024
"""Bytes that an upstream may send on a fresh connection altogether."""
_MOST_FOR_ONE_WAY: Final = 16
"""Streams that an upstream may have open in its direction: it needs three (RFC 9114, 6.2)."""
_FRAME_SIZE: Final = 1 + 8 + 8
"""The longest MAX_STREAM_DATA frame."""


class Quic(QuicConnection):
    """A client's connection whose streams get credit only while they are not held."""

    def __init__(self, configuration: QuicConfiguration) -> None:
        super().__init__(configuration=configuration)
        self.held: set[int] = set()
        """Streams that get no more credit for the moment."""
        self.is_ours = False
        """Whether we ended the connection, if it has ended."""
        # Upstreams open no streams that go both ways (RFC 9114, 6.1).
        self._local_max_streams_bidi.value = self._local_max_streams_bidi.sent = 0
        self._local_max_streams_uni.value = self._local_max_streams_uni.sent = _MOST_FOR_ONE_WAY

    def close(self, error_code: int = 0, frame_type: int | None = None, reason_phrase: str = "") -> None:
        """End the connection."""
        self.is_ours = self.is_ours or self._close_event is None
        super().close(error_code, frame_type, reason_phrase)

    @property
    def ending(self) -> ConnectionTerminated | None:
        """Why the connection has ended; aioquic says so only when it would forget it, some time later."""
        return self._close_event

    @property
    def streams_left(self) -> int:
        """Requests that the upstream still lets us begin (RFC 9000, 4.6)."""
        return self._remote_max_streams_bidi - self._local_next_stream_id_bidi // 4

    @property
    def quiet_limit(self) -> float:
        """Seconds of silence after which both ends forget the connection (RFC 9000, 10.1)."""
        return self._idle_timeout()

    @property
    def certificate(self) -> "Certificate | None":
        """What the upstream has proved to be."""
        return self.tls._peer_certificate  # noqa: SLF001 - there is no other way to it

    def unsent(self, number: int) -> int:
        """Bytes of a stream that the upstream has not acknowledged."""
        stream = self._streams.get(number)
        if stream is None:
            return 0
        sender = stream.sender
        return sender._buffer_stop - sender._buffer_start  # noqa: SLF001 - there is no other way to it

    def _write_stream_limits(
        self,
        builder: QuicPacketBuilder,
        space: QuicPacketSpace,  # noqa: ARG002 - as aioquic calls it
        stream: QuicStream,
    ) -> None:
        """Let the upstream send more on a stream that is not held (MAX_STREAM_DATA, RFC 9000, 19.10)."""
        number, receiver = stream.stream_id, stream.receiver
        if number is None or receiver.is_finished or not stream.max_stream_data_local:
            return
        limit = receiver.starting_offset() + WINDOW
        if number not in self.held and limit - stream.max_stream_data_local >= WINDOW // 2:
            stream.max_stream_data_local = limit
        if stream.max_stream_data_local_sent == stream.max_stream_data_local:
            return
        buffer = builder.start_frame(
            QuicFrameType.MAX_STREAM_DATA, _FRAME_SIZE, self._on_max_stream_data_delivery, (stream,)
        )
        buffer.push_uint_var(number)
        buffer.push_uint_var(stream.max_stream_data_local)
        stream.max_stream_data_local_sent = stream.max_stream_data_local
