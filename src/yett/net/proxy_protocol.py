"""The PROXY protocol, versions 1 and 2: who is behind a connection, said before its first byte. No I/O.

Sections are those of HAProxy's specification (proxy-protocol.txt, 2020/03/05).

What must stay true:
  a header is taken whole or not at all, and every byte asked for belongs to it;
  what the specification leaves open is refused, so that nobody is named by a guess;
  the same person has the same address however the proxy writes it.
"""

import ipaddress
import re
import struct
from dataclasses import dataclass
from typing import Final

SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
LONGEST_TEXT: Final = 107
"""Bytes of a header of version 1, its line end included (section 2.1)."""
LONGEST: Final = 8192
"""Bytes of a header of version 2; the format has room for 65,551, of which nobody needs more than this."""

_TEXT: Final = b"PROXY "
_PORT: Final = re.compile(rb"0|[1-9][0-9]{0,4}")
_FIXED: Final = struct.Struct("!12sBBH")
_LOCAL, _PROXY = 0x20, 0x21
_UNSPECIFIED = 0x00
_ADDRESSES: Final = {0x11: struct.Struct("!4s4sHH"), 0x21: struct.Struct("!16s16sHH")}
"""Family and transport, as one byte: TCP over IPv4 and IPv6. Datagrams do not begin connections."""
_UNIX, _UNIX_SIZE = 0x31, 216
_AUTHORITY, _CRC, _TLS = 0x02, 0x03, 0x20
_NAME: Final = re.compile(rb"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,126}\.?")


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a header says."""

    size: int
    """Bytes of the header."""
    source: str = ""
    """The client's address; empty when the proxy speaks for itself, or cannot tell (sections 2.1, 2.2)."""
    source_port: int = 0
    destination: str = ""
    destination_port: int = 0
    is_tls: bool = False
    """Whether the client spoke TLS to the proxy."""
    server_name: str = ""
    """The name that the client asked for in its handshake with the proxy, in lower case."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The bytes so far begin a header, and all of them belong to it."""


@dataclass(frozen=True, slots=True)
class BadHeader:
    """Bytes that are no header; the text says why."""

    problem: str


INCOMPLETE: Final = Incomplete()


def parse(data: bytes) -> Introduction | Incomplete | BadHeader:
    """Understand the header that `data` begins with; what follows it is of no interest here."""
    if data.startswith(SIGNATURE):
        return _binary(data)
    if data.startswith(_TEXT):
        return _text(data)
    if SIGNATURE.startswith(data) or _TEXT.startswith(data):
        return INCOMPLETE
    return BadHeader("no PROXY protocol header")


def _text(data: bytes) -> Introduction | Incomplete | BadHeader:
    end = data.find(b"\n", 0, LONGEST_TEXT)
    if end < 0:
        return INCOMPLETE if len(data) < LONGEST_TEXT else BadHeader("the line is longer than 107 bytes")
    if data[end - 1] != 13:
        return BadHeader("the line ends without CR")
    line, size = data[: end - 1], end + 1
    if b"\r" in line:
        return BadHeader("a CR inside the line")
    words = line.split(b" ")
    if words[1] == b"UNKNOWN":
        # Section 2.1: whatever else stands in the line has to be ignored.
        return Introduction(size)
    if words[1] not in (b"TCP4", b"TCP6") or len(words) != 6:
        return BadHeader("not the words of version 1")
    _, family, *texts = words
    if not all(_PORT.fullmatch(port) and int(port) <= 65535 for port in texts[2:]):
        return BadHeader("invalid port")
    try:
        if family == b"TCP4":
            addresses = [str(ipaddress.IPv4Address(text.decode("ascii"))) for text in texts[:2]]
        else:
            addresses = [_ipv6(ipaddress.IPv6Address(text.decode("ascii"))) for text in texts[:2]]
    except ValueError:
        return BadHeader("invalid address")
    if "%" in addresses[0] + addresses[1]:
        return BadHeader("an address with a zone")
    return Introduction(size, addresses[0], int(texts[2]), addresses[1], int(texts[3]))


def _ipv6(address: ipaddress.IPv6Address) -> str:
    """One person is one address, whichever family it was written in."""
    return str(address.ipv4_mapped or address)


def _binary(data: bytes) -> Introduction | Incomplete | BadHeader:
    if len(data) < _FIXED.size:
        return INCOMPLETE
    _, command, family, length = _FIXED.unpack_from(data)
    size = _FIXED.size + length
    if command not in (_LOCAL, _PROXY):
        return BadHeader("a version or command that is not known")
    if size > LONGEST:
        return BadHeader("the header is too long")
    if len(data) < size:
        return INCOMPLETE
    if command == _LOCAL or family == _UNSPECIFIED:
        # Section 2.2: the address block has no meaning then, and nothing in it is to be looked at.
        return Introduction(size)
    header = data[:size]
    if family == _UNIX:
        if length < _UNIX_SIZE:
            return BadHeader("the address block is too short")
        said = Introduction(size)
        return _extended(said, header, _FIXED.size + _UNIX_SIZE)
    layout = _ADDRESSES.get(family)
    if layout is None:
        return BadHeader("an address family or transport that is not known here")
    if length < layout.size:
        return BadHeader("the address block is too short")
    source, destination, port, destination_port = layout.unpack_from(header, _FIXED.size)
    said = Introduction(size, _packed(source), port, _packed(destination), destination_port)
    return _extended(said, header, _FIXED.size + layout.size)


def _packed(address: bytes) -> str:
    if len(address) == 4:
        return str(ipaddress.IPv4Address(address))
    return _ipv6(ipaddress.IPv6Address(address))


def _extended(said: Introduction, header: bytes, start: int) -> Introduction | BadHeader:
    """Look through what follows the addresses: (type, length, value), to the last byte (section 2.2)."""
    is_tls, name, is_checked = False, "", False
    place = start
    while place < len(header):
        if place + 3 > len(header):
            return BadHeader("an extension is cut off")
        kind, length = header[place], int.from_bytes(header[place + 1 : place + 3])
        value = header[place + 3 : place + 3 + length]
        if len(value) < length:
            return BadHeader("an extension is cut off")
        if kind == _CRC:
            if is_checked or length != 4:
                return BadHeader("invalid checksum")
            blank = header[: place + 3] + bytes(4) + header[place + 7 :]
            if crc32c(blank) != int.from_bytes(value):
                return BadHeader("the checksum is wrong")
            is_checked = True
        elif kind == _AUTHORITY:
            if _NAME.fullmatch(value) is None or len(value) > 254:
                return BadHeader("invalid server name")
            name = value.decode("ascii").lower().removesuffix(".")
        elif kind == _TLS:
            if length < 5:
                return BadHeader("an extension is cut off")
            is_tls = bool(value[0] & 1)
        place += 3 + length
    return Introduction(
        said.size, said.source, said.source_port, said.destination, said.destination_port, is_tls, name
    )


def compose(version: int, source: str, source_port: int, destination: str, destination_port: int) -> bytes:
    """The header that introduces a client; one that says nothing when `source` is no address.

    Both addresses have to be of one family; an IPv4 address beside an IPv6 one is written as IPv6.
    A destination that is none, such as our own Unix socket, is written as the unspecified address.
    """
    try:
        first = _address(source)
    except ValueError:
        return b"PROXY UNKNOWN\r\n" if version == 1 else _FIXED.pack(SIGNATURE, _PROXY, _UNSPECIFIED, 0)
    try:
        second = _address(destination)
    except ValueError:
        second = ipaddress.ip_address(bytes(len(first.packed)))
    if first.version != second.version:
        first, second = _widened(first), _widened(second)
    if version == 1:
        words = (str(first), str(second), str(source_port), str(destination_port))
        return f"PROXY TCP{first.version} {' '.join(words)}\r\n".encode("ascii")
    family = 0x11 if first.version == 4 else 0x21
    block = _ADDRESSES[family].pack(first.packed, second.packed, source_port, destination_port)
    return _FIXED.pack(SIGNATURE, _PROXY, family, len(block)) + block


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Without a zone, which Python lets hold anything, a line end included."""
    return ipaddress.ip_address(ipaddress.ip_address(text).packed)


def _widened(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv6Address:
    if isinstance(address, ipaddress.IPv4Address):
        return ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
    return address


def _table() -> tuple[int, ...]:
    rows = []
    for number in range(256):
        value = number
        for _ in range(8):
            value = (value >> 1) ^ 0x82F63B78 if value & 1 else value >> 1
        rows.append(value)
    return tuple(rows)


_CRC_TABLE: Final = _table()


def crc32c(data: bytes) -> int:
    """The checksum of section 2.2.3 (Castagnoli's polynomial; RFC 4960, appendix B)."""
    value = 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ _CRC_TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF
