"""What compression is about."""

import enum


class Coding(enum.Enum):
    """A content coding that the gateway can make; the value is its name in HTTP."""

    GZIP = "gzip"
    BROTLI = "br"
    ZSTD = "zstd"
