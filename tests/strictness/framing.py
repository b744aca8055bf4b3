"""How long the body is: Content-Length and Transfer-Encoding in every shape that has split proxies.

One statement, in one way, or the request is refused (RFC 9112, 6). What passes is framed anew.
"""

from typing import Final

from tests.strictness.case import (
    HELLO,
    HELLO_CHUNKED,
    HOST,
    SMUGGLED,
    Case,
    cut,
    get,
    head,
    passes,
    post,
    refused,
)

_CHUNKS: Final = b"5\r\nhello\r\n0\r\n\r\n"
_DECOY: Final = b"0\r\n\r\n" + SMUGGLED
"""A body that ends early for whoever reads chunks, and hides a request for whoever does not."""


def _both(name: str, *lines: bytes) -> Case:
    return refused(name, "9112 6.1", post(*lines, body=_DECOY))


def _coding(name: str, line: bytes) -> Case:
    """A Transfer-Encoding that some read as chunked and some do not, without and with a Content-Length."""
    return refused(name, "9112 6.1", post(line, body=_CHUNKS))


def _length(name: str, line: bytes) -> Case:
    return refused(name, "9110 8.6", post(line, body=b"hello"))


BOTH: Final = [
    _both("CL.TE", b"Content-Length: 48", b"Transfer-Encoding: chunked"),
    _both("CL.TE with the lines the other way round", b"Transfer-Encoding: chunked", b"Content-Length: 48"),
    refused(
        "TE.CL",
        "9112 6.1",
        post(
            b"Content-Length: 4",
            b"Transfer-Encoding: chunked",
            body=b"2e\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
        ),
    ),
    _both("CL.TE with a length of zero", b"Content-Length: 0", b"Transfer-Encoding: chunked"),
    _both("CL.TE where the coding is unknown", b"Content-Length: 48", b"Transfer-Encoding: x"),
    _both("CL.TE where the coding is identity", b"Content-Length: 48", b"Transfer-Encoding: identity"),
    _both("CL.TE where the coding is empty", b"Content-Length: 48", b"Transfer-Encoding:"),
    _both(
        "CL.TE with a space before the colon of the coding",
        b"Content-Length: 48",
        b"Transfer-Encoding : chunked",
    ),
    _both(
        "CL.TE with a tab before the colon of the coding",
        b"Content-Length: 48",
        b"Transfer-Encoding\t: chunked",
    ),
    _both(
        "CL.TE with a space before the colon of the length",
        b"Content-Length : 48",
        b"Transfer-Encoding: chunked",
    ),
    _both("CL.TE with the coding folded", b"Content-Length: 48", b"Transfer-Encoding:", b" chunked"),
    _both(
        "CL.TE with the coding behind a bare LF", b"Content-Length: 48", b"X: x\nTransfer-Encoding: chunked"
    ),
    _both(
        "CL.TE with the coding behind a bare CR", b"Content-Length: 48", b"X: x\rTransfer-Encoding: chunked"
    ),
    _both(
        "CL.TE with the coding in a folded line",
        b"Content-Length: 48",
        b"X: x",
        b" Transfer-Encoding: chunked",
    ),
    _both("CL.TE with a vertical tab", b"Content-Length: 48", b"Transfer-Encoding: \x0bchunked"),
    _both("CL.TE with a form feed", b"Content-Length: 48", b"Transfer-Encoding: \x0cchunked"),
    _both("CL.TE with NUL in the name", b"Content-Length: 48", b"Transfer-Encoding\x00: chunked"),
    _both("CL.TE with CR at the end of the name", b"Content-Length: 48", b"Transfer-Encoding\r: chunked"),
    _both(
        "CL.TE named by Connection",
        b"Connection: Content-Length",
        b"Content-Length: 48",
        b"Transfer-Encoding: chunked",
    ),
    _both(
        "TE.CL named by Connection",
        b"Connection: Transfer-Encoding",
        b"Content-Length: 48",
        b"Transfer-Encoding: chunked",
    ),
    passes(
        "an alias of the coding is nothing, and goes nowhere",
        "9112 6.1",
        post(b"Content-Length: 5", b"Transfer_Encoding: chunked", body=b"hello"),
        HELLO,
    ),
    passes(
        "an alias of the length is nothing, and goes nowhere",
        "9112 6.3",
        post(b"Content_Length: 90", b"Transfer-Encoding: chunked", body=_CHUNKS),
        HELLO_CHUNKED,
    ),
    passes(
        "a name that merely ends like the coding's is an ordinary field",
        "9110 5.1",
        post(b"X-Transfer-Encoding: chunked", b"Content-Length: 5", body=b"hello"),
        post(b"X-Transfer-Encoding: chunked", b"Content-Length: 5", body=b"hello"),
    ),
    passes(
        "a content coding called chunked says nothing about framing",
        "9110 8.4",
        post(b"Content-Encoding: chunked", b"Content-Length: 5", body=b"hello"),
        post(b"Content-Encoding: chunked", b"Content-Length: 5", body=b"hello"),
    ),
]

CODINGS: Final = [
    _coding("coding with a letter before it", b"Transfer-Encoding: xchunked"),
    _coding("coding with a letter after it", b"Transfer-Encoding: chunkedx"),
    _coding("coding with a space inside", b"Transfer-Encoding: chu nked"),
    _coding("coding in quotes", b'Transfer-Encoding: "chunked"'),
    _coding("coding in single quotes", b"Transfer-Encoding: 'chunked'"),
    _coding("coding with a parameter", b"Transfer-Encoding: chunked;q=1"),
    _coding("coding with an empty parameter", b"Transfer-Encoding: chunked;"),
    _coding("coding twice in one line", b"Transfer-Encoding: chunked, chunked"),
    _coding("coding twice in two lines", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    _coding("identity before chunked", b"Transfer-Encoding: identity, chunked"),
    _coding("identity after chunked", b"Transfer-Encoding: chunked, identity"),
    _coding("identity in a line before", b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"),
    _coding("an unknown coding in a line after", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
    _coding("compressed and chunked", b"Transfer-Encoding: gzip, chunked"),
    _coding("compressed only", b"Transfer-Encoding: gzip"),
    _coding("deflate only", b"Transfer-Encoding: deflate"),
    _coding("identity only", b"Transfer-Encoding: identity"),
    _coding("coding empty", b"Transfer-Encoding:"),
    _coding("coding a comma", b"Transfer-Encoding: ,"),
    _coding("coding with a comma before", b"Transfer-Encoding: , chunked"),
    _coding("coding with a comma after", b"Transfer-Encoding: chunked,"),
    _coding("coding behind a vertical tab", b"Transfer-Encoding: \x0bchunked"),
    _coding("coding before a vertical tab", b"Transfer-Encoding: chunked\x0b"),
    _coding("coding behind a form feed", b"Transfer-Encoding: \x0cchunked"),
    _coding("coding behind a no-break space", b"Transfer-Encoding: \xa0chunked"),
    _coding("coding behind a no-break space in UTF-8", b"Transfer-Encoding: \xc2\xa0chunked"),
    _coding("coding with the Kelvin sign", b"Transfer-Encoding: chun\xe2\x84\xaaed"),
    _coding("coding before NUL", b"Transfer-Encoding: chunked\x00"),
    _coding("coding behind a byte order mark", b"Transfer-Encoding: \xef\xbb\xbfchunked"),
    _coding("coding with a percent escape", b"Transfer-Encoding: chunke%64"),
    _coding("coding folded with a space", b"Transfer-Encoding:\r\n chunked"),
    _coding("coding folded with a tab", b"Transfer-Encoding: chunked\r\n\t"),
    _coding("coding's line begins with a space", b" Transfer-Encoding: chunked"),
    _coding("coding's line begins with a tab", b"\tTransfer-Encoding: chunked"),
    _coding("space before the coding's colon", b"Transfer-Encoding : chunked"),
    _coding("NUL before the coding's colon", b"Transfer-Encoding\x00: chunked"),
    _coding("LF before the coding's colon", b"Transfer-Encoding\n: chunked"),
    _coding("LF after the coding's colon", b"Transfer-Encoding:\nchunked"),
    _coding("the coding's colon is missing", b"Transfer-Encoding chunked"),
    _coding("the coding's colon is an equals sign", b"Transfer-Encoding= chunked"),
    _coding("the name has a letter that is none", b"Transfer-Encod\xc4\xb1ng: chunked"),
    refused(
        "coding in HTTP/1.0",
        "9112 6.1",
        head(b"POST / HTTP/1.0", HOST, b"Connection: keep-alive", b"Transfer-Encoding: chunked") + _CHUNKS,
    ),
    passes("coding in capitals", "9112 7", post(b"TRANSFER-ENCODING: CHUNKED", body=_CHUNKS), HELLO_CHUNKED),
    passes(
        "coding behind a tab", "9110 5.5", post(b"Transfer-Encoding:\tchunked", body=_CHUNKS), HELLO_CHUNKED
    ),
    passes(
        "coding without a space", "9110 5.5", post(b"Transfer-Encoding:chunked", body=_CHUNKS), HELLO_CHUNKED
    ),
    passes(
        "coding before spaces",
        "9110 5.5",
        post(b"Transfer-Encoding: chunked \t ", body=_CHUNKS),
        HELLO_CHUNKED,
    ),
    passes(
        "GET with a body in chunks",
        "9110 9.3.1",
        get(b"Transfer-Encoding: chunked") + _CHUNKS,
        get(b"Transfer-Encoding: chunked") + _CHUNKS,
    ),
]

LENGTHS: Final = [
    _length("length with a plus", b"Content-Length: +5"),
    _length("length with a minus", b"Content-Length: -5"),
    _length("length minus zero", b"Content-Length: -0"),
    _length("length in hexadecimal", b"Content-Length: 0x5"),
    _length("length with a digit separator", b"Content-Length: 0_5"),
    _length("length with a decimal point", b"Content-Length: 5.0"),
    _length("length with an exponent", b"Content-Length: 5e0"),
    _length("length of two numbers", b"Content-Length: 5 5"),
    _length("length with a tab inside", b"Content-Length: 0\t5"),
    _length("length as a list of equals", b"Content-Length: 5, 5"),
    _length("length as a list of differing numbers", b"Content-Length: 5, 6"),
    _length("length with a comma after", b"Content-Length: 5,"),
    _length("length with a semicolon", b"Content-Length: 5;"),
    _length("length in quotes", b'Content-Length: "5"'),
    _length("length empty", b"Content-Length:"),
    _length("length of spaces", b"Content-Length:   "),
    _length("length of letters", b"Content-Length: five"),
    _length("length superscript", b"Content-Length: \xb9"),
    _length("length in Arabic digits", b"Content-Length: \xd9\xa5"),
    _length("length in full-width digits", b"Content-Length: \xef\xbc\x95"),
    _length("length before NUL", b"Content-Length: 5\x00"),
    _length("length before a vertical tab", b"Content-Length: 5\x0b"),
    _length("length before a bare CR", b"Content-Length: 5\r"),
    _length("length of twenty digits", b"Content-Length: 00000000000000000005"),
    _length("length beyond 64 bits", b"Content-Length: 18446744073709551621"),
    _length("length beyond 32 bits by far", b"Content-Length: 99999999999999999999999999999999"),
    _length("length twice, equal", b"Content-Length: 5\r\nContent-Length: 5"),
    _length("length twice, differing", b"Content-Length: 5\r\nContent-Length: 6"),
    _length("length twice, apart", b"Content-Length: 0\r\nX: y\r\ncontent-length: 44"),
    _length("length folded", b"Content-Length:\r\n 5"),
    _length("length folded to a longer one", b"Content-Length: 5\r\n 0"),
    _length("space before the length's colon", b"Content-Length : 5"),
    _length("length's line begins with a space", b" Content-Length: 5"),
    _length("length behind a bare LF", b"X: x\nContent-Length: 5"),
    _length("length named by Connection", b"Connection: content-length\r\nContent-Length: 5"),
    passes("length with zeros before", "9110 8.6", post(b"Content-Length: 005", body=b"hello"), HELLO),
    passes(
        "length of nineteen digits",
        "9110 8.6",
        post(b"Content-Length: 0000000000000000005", body=b"hello"),
        HELLO,
    ),
    passes("length between tabs", "9110 5.5", post(b"content-length:\t5\t", body=b"hello"), HELLO),
    refused(
        "an alias of the length named by Connection",
        "9110 7.6.1",
        post(b"Connection: content_length", b"Content-Length: 5", body=b"hello"),
    ),
    passes("length zero", "9110 8.6", post(b"Content-Length: 0"), post(b"Content-Length: 0")),
    passes(
        "GET with a body",
        "9110 9.3.1",
        get(b"Content-Length: 5") + b"hello",
        get(b"Content-Length: 5") + b"hello",
    ),
    passes(
        "GET with a body that looks like a request",
        "9112 6.3",
        get(b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED,
        get(b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED,
    ),
    passes(
        "HEAD with a body",
        "9110 9.3.2",
        head(b"HEAD / HTTP/1.1", HOST, b"Content-Length: 5") + b"hello",
        head(b"HEAD / HTTP/1.1", HOST, b"Content-Length: 5") + b"hello",
    ),
    passes("POST without a length has no body", "9112 6.3", post(), post()),
    refused(
        "a body that nobody announced is no request",
        "9112 6.3",
        post(body=b"hello\r\n\r\n"),
        before=(post(),),
    ),
    passes(
        "HTTP/1.0 with a length",
        "9112 6.3",
        head(b"POST / HTTP/1.0", HOST, b"Connection: keep-alive", b"Content-Length: 5") + b"hello",
        HELLO,
    ),
    refused(
        "the alias alone means no body",
        "9112 6.3",
        post(b"Content_Length: 10", body=b"x = hello!\r\n\r\n"),
        before=(post(),),
    ),
    passes("CRLF after a body, as old browsers send it", "9112 2.2", HELLO + b"\r\n", HELLO),
    refused("two CRLF after a body", "9112 2.2", HELLO + b"\r\n\r\n", before=(HELLO,)),
    cut("a body that does not come", "9112 8", post(b"Content-Length: 6", body=b"hello")),
    cut("a length of nineteen nines", "9110 8.6", post(b"Content-Length: " + b"9" * 19, body=b"hello")),
]

CASES: Final = [*BOTH, *CODINGS, *LENGTHS]
