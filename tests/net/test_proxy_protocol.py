"""Headers of the PROXY protocol, by the letter of its specification."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.proxy_protocol import (
    INCOMPLETE,
    LONGEST,
    SIGNATURE,
    BadHeader,
    Incomplete,
    Introduction,
    compose,
    crc32c,
    parse,
)

FOUR = b"\xc0\x00\x02\x01\xc6\x33\x64\x02" + struct.pack("!HH", 51000, 443)
SIX = b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01" + b"\x20\x01\x0d\xb8" + bytes(11) + b"\x02" + FOUR[8:]


def binary(block, *, command=0x21, family=0x11, length=None):
    return SIGNATURE + struct.pack("!BBH", command, family, len(block) if length is None else length) + block


def extension(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def checked(block, *extensions, wrong=0):
    """A header with the checksum of section 2.2.3 as its last extension."""
    whole = block + b"".join(extensions) + extension(3, bytes(4))
    total = crc32c(binary(whole)) ^ wrong
    return binary(whole[:-4] + struct.pack("!I", total))


TEXT_4 = b"PROXY TCP4 192.0.2.1 198.51.100.2 51000 443\r\n"
TEXT_6 = b"PROXY TCP6 2001:db8::1 2001:db8::2 51000 443\r\n"


@pytest.mark.parametrize(
    ("header", "source", "destination"),
    [
        (TEXT_4, "192.0.2.1", "198.51.100.2"),
        (TEXT_6, "2001:db8::1", "2001:db8::2"),
        (binary(FOUR), "192.0.2.1", "198.51.100.2"),
        (binary(SIX, family=0x21), "2001:db8::1", "2001:db8::2"),
        (binary(FOUR + extension(4, b"\0" * 9)), "192.0.2.1", "198.51.100.2"),
        (checked(FOUR, extension(5, b"id")), "192.0.2.1", "198.51.100.2"),
    ],
)
def test_a_header_names_both_ends(header, source, destination):
    said = Introduction(len(header), source, 51000, destination, 443)
    assert parse(header) == said
    assert parse(header + b"GET / HTTP/1.1\r\n") == said


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
        binary(b"", command=0x20, family=0),
        binary(FOUR + b"anything", command=0x20),
        binary(b"", family=0),
        binary(b"no extension", family=0),
        binary(bytes(216), family=0x31),
    ],
)
def test_a_header_may_name_nobody(header):
    assert parse(header) == Introduction(len(header))


def test_one_person_is_one_address_in_either_family():
    mapped = bytes(10) + b"\xff\xff\xc0\x00\x02\x01"
    assert parse(b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n").source == "192.0.2.1"
    assert parse(binary(mapped + SIX[16:], family=0x21)).source == "192.0.2.1"


def test_extensions_tell_of_tls_and_the_name_asked_for():
    tls = extension(0x20, b"\x01" + bytes(4) + extension(0x21, b"TLSv1.3"))
    said = parse(binary(FOUR + tls + extension(2, b"App.Example")))
    assert (said.is_tls, said.server_name) == (True, "app.example")
    assert not parse(binary(FOUR + extension(0x20, b"\x06" + bytes(4)))).is_tls


@pytest.mark.parametrize(
    "header",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00",
        b"proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\r\n",
        b"PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
        b"PROXY TCP4 192.0.2.01 198.51.100.2 1 2\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 -1 2\r\n",
        b"PROXY TCP4 192.0.2.\xb2 198.51.100.2 1 2\r\n",
        b"PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
        b"PROXY \r\n",
        b"PROXY UNKNOWN" + b"x" * 94,
        binary(FOUR, command=0x11),
        binary(FOUR, command=0x22),
        binary(FOUR, family=0x12),
        binary(SIX, family=0x22),
        binary(FOUR, family=0x10),
        binary(FOUR[:-1]),
        binary(FOUR, family=0x21),
        binary(bytes(215), family=0x31),
        binary(FOUR + b"\x04"),
        binary(FOUR + b"\x04\x00\x02a"),
        binary(FOUR + extension(3, b"\0\0\0")),
        checked(FOUR, wrong=1),
        binary(FOUR + extension(0x20, b"\x01")),
        binary(FOUR + extension(2, b"a\r\nb")),
        binary(FOUR + extension(2, b"")),
        SIGNATURE + b"\x21\x11" + struct.pack("!H", LONGEST),
    ],
)
def test_what_is_no_header_is_refused(header):
    assert isinstance(parse(header), BadHeader)


def test_the_checksum_may_stand_once():
    once = checked(FOUR)[16:]
    assert isinstance(parse(checked(once)), BadHeader)


@pytest.mark.parametrize(
    "header", [TEXT_4, TEXT_6, binary(FOUR), binary(SIX, family=0x21), checked(FOUR), b"PROXY UNKNOWN\r\n"]
)
def test_a_header_is_incomplete_until_its_last_byte(header):
    for size in range(len(header)):
        assert parse(header[:size]) is INCOMPLETE


def test_the_checksum_is_that_of_rfc_3720():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda rest: SIGNATURE + rest))
def test_any_bytes_get_a_verdict(data):
    assert isinstance(parse(data), (Introduction, Incomplete, BadHeader))


ADDRESSES = st.ip_addresses().map(str)
PORTS = st.integers(0, 65535)


@given(st.sampled_from([1, 2]), ADDRESSES, PORTS, ADDRESSES, PORTS)
def test_what_is_composed_is_understood(version, source, port, destination, destination_port):
    header = compose(version, source, port, destination, destination_port)
    said = parse(header)
    assert said.size == len(header)
    assert (said.source_port, said.destination_port) == (port, destination_port)
    mapped = compose(version, said.source, port, said.destination, destination_port)
    assert parse(mapped).source == said.source


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("source", ["", "unknown", "example.org"])
def test_a_client_without_an_address_is_introduced_as_nobody(version, source):
    assert parse(compose(version, source, 1, "127.0.0.1", 2)).source == ""


def test_two_families_become_one():
    assert compose(1, "192.0.2.1", 1, "::1", 2) == b"PROXY TCP6 ::ffff:c000:201 ::1 1 2\r\n"


def test_a_zone_is_not_passed_on():
    assert compose(1, "fe80::1%\r\nGET", 1, "::1%x", 2) == b"PROXY TCP6 fe80::1 ::1 1 2\r\n"


def test_a_destination_that_is_none_is_written_as_the_unspecified_address():
    assert compose(1, "192.0.2.1", 1, "", 0) == b"PROXY TCP4 192.0.2.1 0.0.0.0 1 0\r\n"
    assert compose(1, "2001:db8::1", 1, "", 0) == b"PROXY TCP6 2001:db8::1 :: 1 0\r\n"
