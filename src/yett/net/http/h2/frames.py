"""Frames of HTTP/2 as bytes (RFC 9113, sections 4 to 7)."""

import enum
import struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER: Final = struct.Struct(">BHBBL")
"""Length in two parts, type, flags, stream."""

DATA: Final = 0
HEADERS: Final = 1
PRIORITY: Final = 2
RST_STREAM: Final = 3
SETTINGS: Final = 4
PUSH_PROMISE: Final = 5
PING: Final = 6
GOAWAY: Final = 7
WINDOW_UPDATE: Final = 8
CONTINUATION: Final = 9

END_STREAM: Final = 0x1
ACK: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
PRIORITISED: Final = 0x20

HEADER_TABLE_SIZE: Final = 1
ENABLE_PUSH: Final = 2
MAX_CONCURRENT_STREAMS: Final = 3
INITIAL_WINDOW_SIZE: Final = 4
MAX_FRAME_SIZE: Final = 5
MAX_HEADER_LIST_SIZE: Final = 6
ENABLE_CONNECT_PROTOCOL: Final = 8
NO_RFC7540_PRIORITIES: Final = 9

FRAME_SIZE: Final = 16_384
"""The size of frame that everybody takes, and the largest that we take or send."""
WINDOW: Final = 65_535
"""What every window begins with."""
MAX_WINDOW: Final = 2**31 - 1

_U32: Final = struct.Struct(">L")
_SETTING: Final = struct.Struct(">HL")


class Code(enum.IntEnum):
    """Why a stream or a connection ends (RFC 9113, section 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame; the payload must fit."""
    size = len(payload)
    return HEADER.pack(size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def headers(stream: int, block: bytes, *, end: bool) -> bytes:
    """A header block, cut into as many frames as it needs."""
    flags = END_STREAM if end else 0
    if len(block) <= FRAME_SIZE:
        return HEADER.pack(0, len(block), HEADERS, flags | END_HEADERS, stream) + block
    parts = [frame(HEADERS, flags, stream, block[:FRAME_SIZE])]
    at = FRAME_SIZE
    while at < len(block):
        piece = block[at : at + FRAME_SIZE]
        at += FRAME_SIZE
        parts.append(frame(CONTINUATION, END_HEADERS if at >= len(block) else 0, stream, piece))
    return b"".join(parts)


def settings(values: dict[int, int]) -> bytes:
    """Our settings."""
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(key, value) for key, value in values.items()))


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    """The settings in a payload whose length was checked, in order."""
    return list(_SETTING.iter_unpack(payload))


def window_update(stream: int, by: int) -> bytes:
    """Leave to send so many bytes more."""
    return HEADER.pack(0, 4, WINDOW_UPDATE, 0, stream) + _U32.pack(by)


def reset(stream: int, code: int) -> bytes:
    """The end of a stream."""
    return HEADER.pack(0, 4, RST_STREAM, 0, stream) + _U32.pack(code)


def goaway(last: int, code: int, words: bytes = b"") -> bytes:
    """The end of a connection: nothing after stream `last` was or will be looked at."""
    return frame(GOAWAY, 0, 0, _U32.pack(last) + _U32.pack(code) + words)


def number(payload: bytes, at: int = 0) -> int:
    """Four bytes as a number."""
    return int(_U32.unpack_from(payload, at)[0])
