"""Bodies in chunks: sizes, extensions, ends and trailers (RFC 9112, 7.1).

Payload only is forwarded, in chunks of our own: no extension and no trailer reaches an upstream.
"""

from typing import Final

from tests.strictness.case import (
    EMPTY_CHUNKED,
    HELLO_CHUNKED,
    SMUGGLED,
    Case,
    chunked,
    cut,
    passes,
    refused,
)

_END: Final = b"0\r\n\r\n"


def _size(name: str, line: bytes) -> Case:
    """A line where a size should be, before five bytes of data."""
    return refused(name, "9112 7.1", chunked(line + b"\r\nhello\r\n" + _END))


def _extension(name: str, extension: bytes) -> Case:
    return refused(name, "9112 7.1.1", chunked(b"5" + extension + b"\r\nhello\r\n" + _END))


def _ignored(name: str, extension: bytes) -> Case:
    return passes(name, "9112 7.1.1", chunked(b"5" + extension + b"\r\nhello\r\n" + _END), HELLO_CHUNKED)


def _dropped(name: str, trailer: bytes) -> Case:
    return passes(name, "9110 6.5.1", chunked(b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n\r\n"), HELLO_CHUNKED)


def _trailer(name: str, trailer: bytes) -> Case:
    return refused(name, "9112 7.1.2", chunked(b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n\r\n"))


SIZES: Final = [
    _size("size empty", b""),
    _size("size with a plus", b"+5"),
    _size("size with a minus", b"-5"),
    _size("size with 0x", b"0x5"),
    _size("size with a digit separator", b"0_5"),
    _size("size with a letter that is no digit", b"5g"),
    _size("size with h", b"5h"),
    _size("size with a decimal point", b"5.0"),
    _size("size behind a space", b" 5"),
    _size("size behind a tab", b"\t5"),
    _size("size before a space", b"5 "),
    _size("size before a tab", b"5\t"),
    _size("size with a space inside", b"0 5"),
    _size("size in quotes", b'"5"'),
    _size("size before NUL", b"5\x00"),
    _size("size before a vertical tab", b"5\x0b"),
    _size("size before a no-break space", b"5\xa0"),
    _size("size in full-width digits", b"\xef\xbc\x95"),
    _size("size of seventeen digits", b"00000000000000005"),
    _size("size beyond 64 bits that wraps to five", b"10000000000000005"),
    _size("size beyond 128 bits", b"1" + b"0" * 32 + b"5"),
    _size("size with a comma", b"5,5"),
    refused("size ended by LF", "9112 2.2", chunked(b"5\nhello\r\n" + _END)),
    refused("size ended by CR", "9112 2.2", chunked(b"5\rhello\r\n" + _END)),
    refused("size ended by CR CR LF", "9112 2.2", chunked(b"5\r\r\nhello\r\n" + _END)),
    refused("size ended by LF CR", "9112 2.2", chunked(b"5\n\rhello\r\n" + _END)),
    refused("size behind an empty line", "9112 7.1", chunked(b"\r\n5\r\nhello\r\n" + _END)),
    passes(
        "size in capitals",
        "9112 7.1",
        chunked(b"A\r\nhellohello\r\n" + _END),
        chunked(b"a\r\nhellohello\r\n" + _END),
    ),
    passes("size with zeros before", "9112 7.1", chunked(b"0005\r\nhello\r\n" + _END), HELLO_CHUNKED),
    passes(
        "size of sixteen digits", "9112 7.1", chunked(b"0000000000000005\r\nhello\r\n" + _END), HELLO_CHUNKED
    ),
    cut("size of almost 64 bits", "9112 7.1", chunked(b"fffffffffffffffe\r\nhello\r\n" + _END)),
    cut("size of exactly 63 bits", "9112 7.1", chunked(b"8000000000000000\r\nhello\r\n" + _END)),
]

DATA: Final = [
    refused("data longer than its size", "9112 7.1", chunked(b"4\r\nhello\r\n" + _END)),
    refused("data one byte shorter than its size", "9112 7.1", chunked(b"6\r\nhello\r\n" + _END)),
    refused("data without CRLF after it", "9112 7.1", chunked(b"5\r\nhello0\r\n\r\n")),
    refused("data with LF after it", "9112 2.2", chunked(b"5\r\nhello\n" + _END)),
    refused("data with CR after it", "9112 2.2", chunked(b"5\r\nhello\r" + _END)),
    refused("data with two other bytes after it", "9112 7.1", chunked(b"5\r\nhelloXX" + _END)),
    refused("data with spaces after it", "9112 7.1", chunked(b"5\r\nhello \r\n" + _END)),
    passes(
        "data that looks like the end and a request",
        "9112 7.1",
        chunked(b"%x\r\n0\r\n\r\n%b\r\n0\r\n\r\n" % (5 + len(SMUGGLED), SMUGGLED)),
        chunked(b"%x\r\n0\r\n\r\n%b\r\n0\r\n\r\n" % (5 + len(SMUGGLED), SMUGGLED)),
    ),
    passes("several chunks", "9112 7.1", chunked(b"1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n" + _END), HELLO_CHUNKED),
    passes(
        "binary data",
        "9112 7.1",
        chunked(b"5\r\n\x00\r\n\xff\x1a\r\n" + _END),
        chunked(b"5\r\n\x00\r\n\xff\x1a\r\n" + _END),
    ),
]

EXTENSIONS: Final = [
    _ignored("extension of a name", b";a"),
    _ignored("extension with a value", b";a=b"),
    _ignored("extension with a quoted value", b';a="b;c=\\"d"'),
    _ignored("several extensions", b";a=b;c;d=e"),
    _ignored("extension whose quoted value is empty", b';a=""'),
    _extension("extension without a name", b";"),
    _extension("extension of two semicolons", b";;a"),
    _extension("extension of a value only", b";=b"),
    _extension("extension with an empty value", b";a="),
    _extension("extension behind a space", b" ;a=b"),
    _extension("extension with a space after the semicolon", b"; a=b"),
    _extension("extension with spaces around the sign", b";a = b"),
    _extension("extension in quotes that do not end", b';a="b'),
    _extension("extension with text after the quotes", b';a="b"c'),
    _extension("extension with LF", b";a\nb"),
    _extension("extension with LF in quotes", b';a="\nb"'),
    _extension("extension with CR", b";a\rb"),
    _extension("extension with CRLF in quotes", b';a="\r\nb"'),
    _extension("extension with NUL", b";a=\x00"),
    _extension("extension with DEL in quotes", b';a="\x7f"'),
    _extension("extension without a semicolon", b"a=b"),
    _extension("extension of 300 bytes", b";" + b"a" * 300),
    refused(
        "extension with LF that hides a request",
        "9112 7.1.1",
        chunked(b"2;\nxx\r\n30\r\n0\r\n\r\n" + SMUGGLED + b"\r\n0\r\n\r\n"),
    ),
    refused("many extensions", "9112 7.1.1", chunked(b"1;%b\r\nx\r\n" % (b"a" * 250) * 70 + _END)),
    passes(
        "extension at the last chunk", "9112 7.1.1", chunked(b"5\r\nhello\r\n0;a=b\r\n\r\n"), HELLO_CHUNKED
    ),
]

ENDS: Final = [
    passes("an empty body", "9112 7.1", chunked(_END), EMPTY_CHUNKED),
    passes("the last size has many zeros", "9112 7.1", chunked(b"5\r\nhello\r\n0000\r\n\r\n"), HELLO_CHUNKED),
    refused("the last size is minus zero", "9112 7.1", chunked(b"5\r\nhello\r\n-0\r\n\r\n")),
    refused("the end is ended by LF", "9112 2.2", chunked(b"5\r\nhello\r\n0\n\n")),
    refused("the last line is ended by LF", "9112 2.2", chunked(b"5\r\nhello\r\n0\r\n\n")),
    refused("the last line is ended by CR", "9112 2.2", chunked(b"5\r\nhello\r\n0\r\n\r")),
    refused("a request where the last line should be", "9112 7.1.2", chunked(b"5\r\nhello\r\n0\r\n")),
    refused("a request where a size should be", "9112 7.1", chunked(b"5\r\nhello\r\n")),
    cut("the last chunk does not come", "9112 8", chunked(b"5\r\nhello\r\n")),
    cut("the last line does not come", "9112 8", chunked(b"5\r\nhello\r\n0\r\n")),
    cut("half a line end", "9112 8", chunked(b"5\r\nhello\r\n0\r\n\r")),
    cut("half a size", "9112 8", chunked(b"5")),
    passes(
        "bytes after the end are the next request",
        "9112 9.3.2",
        chunked(b"5\r\nhello\r\n" + _END) + SMUGGLED,
        HELLO_CHUNKED,
        SMUGGLED,
    ),
]

TRAILERS: Final = [
    _dropped("a trailer", b"X-Checksum: 1"),
    _dropped("a trailer without a value", b"X-Checksum:"),
    _dropped("a trailer that states a length", b"Content-Length: 5"),
    _dropped("a trailer that states a coding", b"Transfer-Encoding: chunked"),
    _dropped("a trailer that names a host", b"Host: evil.example"),
    _dropped("a trailer with credentials", b"Authorization: Basic eDp5"),
    _dropped("a trailer with cookies", b"Cookie: session=1"),
    _dropped("a trailer in the gateway's own voice", b"X-Yett-User: root"),
    _dropped("several trailers", b"A: 1\r\nB: 2\r\nA: 3"),
    _trailer("a trailer without a colon", b"X-Checksum"),
    _trailer("a trailer with a space before the colon", b"X-Checksum : 1"),
    _trailer("a trailer that is folded", b"A: 1\r\n 2"),
    _trailer("a trailer whose line begins with a space", b" A: 1"),
    _trailer("a trailer with NUL", b"A: \x00"),
    _trailer("a trailer with LF", b"A: 1\nB: 2"),
    _trailer("a trailer with CR", b"A: 1\rB: 2"),
    _trailer("a trailer without a name", b": 1"),
    _trailer("a trailer that is a request line", b"GET /smuggled HTTP/1.1"),
    _trailer("trailers of 9 KB", b"\r\n".join([b"A: " + b"b" * 1000] * 9)),
]

CASES: Final = [*SIZES, *DATA, *EXTENSIONS, *ENDS, *TRAILERS]
