"""Reading a credential cache, version 4 of MIT's file format: whose it is, and until when its ticket is good."""

import struct
from dataclasses import dataclass

MAX_CACHE = 256 * 1024
_VERSION = b"\x05\x04"
_CONFIGURATION = "X-CACHECONF:"
"""The realm of entries that are notes of the library, not credentials."""


@dataclass(frozen=True, slots=True)
class About:
    """What a cache says of its ticket-granting ticket. Times are seconds since the epoch, 0 for none."""

    principal: str
    expires_at: float
    renewable_until: float


class _Broken(Exception):
    """A length leads out of the data."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._data)

    def number(self, form: str) -> int:
        end = self._at + struct.calcsize(form)
        if end > len(self._data):
            raise _Broken
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at = end
        return int(value)

    def skip(self, count: int) -> bytes:
        start = self._at
        self._at += count
        if self._at > len(self._data):
            raise _Broken
        return self._data[start : self._at]

    def counted(self) -> bytes:
        return self.skip(self.number(">I"))

    def principal(self) -> tuple[str, str]:
        """Name and realm."""
        self.number(">I")
        count = self.number(">I")
        if count > 16:
            raise _Broken
        realm = self.counted().decode()
        return "/".join(self.counted().decode() for _ in range(count)), realm


def read_cache(data: bytes) -> About | None:
    """What a cache holds; None when it is damaged or has no ticket-granting ticket of its own realm."""
    if len(data) > MAX_CACHE or data[:2] != _VERSION:
        return None
    try:
        return _read(_Reader(data[2:]))
    except (_Broken, UnicodeDecodeError):
        return None


def _read(reader: _Reader) -> About | None:
    reader.skip(reader.number(">H"))
    name, realm = reader.principal()
    while not reader.is_at_end:
        reader.principal()
        server, server_realm = reader.principal()
        reader.number(">H")
        reader.counted()
        _, _, expires_at, renewable_until = (reader.number(">I") for _ in range(4))
        reader.skip(5)
        for _ in range(2):
            for _ in range(_few(reader.number(">I"))):
                reader.number(">H")
                reader.counted()
        reader.counted()
        reader.counted()
        if server_realm != _CONFIGURATION and server == f"krbtgt/{realm}":
            return About(f"{name}@{realm}", float(expires_at), float(renewable_until))
    return None


def _few(count: int) -> int:
    if count > 1024:
        raise _Broken
    return count
