"""Where we differ from both nginx and HAProxy on purpose, and why.

Rows of the tables by name. A row that both of them forward and we refuse has to stand here, and so
has one that we forward and both refuse; nothing else may differ.
"""

from typing import Final

STRICTER: Final = {
    "RFC 9112, 2.2 allows a recipient to take a bare LF for a line end. Whoever is behind us may not, "
    "and that difference is one of the oldest ways to smuggle a request.": (
        "LF after the request line",
        "LF before the request line",
        "LF everywhere",
        "a head ended by CRLF LF",
        "a head ended by LF CRLF",
        "a head ended by LF LF",
        "a value that ends the head with LF LF",
        "a value that hides a field behind LF",
        "data with LF after it",
        "equal lines, of which the second has an LF",
        "extension with LF that hides a request",
        "length behind a bare LF",
        "size ended by LF",
        "the end is ended by LF",
        "the last line is ended by LF",
    ),
    "Extensions of chunks have a grammar (RFC 9112, 7.1.1). Both skip whatever stands there to the end "
    "of the line, and differ from others in where that is. Spaces around them are allowed and unused.": (
        "extension behind a space",
        "extension in quotes that do not end",
        "extension of 300 bytes",
        "extension of a value only",
        "extension of two semicolons",
        "extension with DEL in quotes",
        "extension with NUL",
        "extension with a space after the semicolon",
        "extension with an empty value",
        "extension with spaces around the sign",
        "extension with text after the quotes",
        "extension without a name",
        "many extensions",
    ),
    "A size is hexadecimal digits and nothing else, and fits into 64 bits by its length.": (
        "length of twenty digits",
        "size before a space",
        "size before a tab",
        "size of seventeen digits",
    ),
    "The data is not as long as its size says: what follows depends on who reads it.": (
        "data one byte shorter than its size",
    ),
    "Trailers are header lines, and keep their grammar although most of them are dropped.": (
        "a trailer that is folded",
        "a trailer whose line begins with a space",
        "a trailer with LF",
        "a trailer with NUL",
        "a trailer with a space before the colon",
        "trailers of 9 KB",
    ),
    "One space between the words and one empty line before them is all that the grammar needs.": (
        "two CRLF after a body",
        "two empty lines before the request line",
        "two spaces before the target",
        "two spaces before the version",
    ),
    "We speak HTTP/1.0 and HTTP/1.1. What a later minor version means nobody has written down.": (
        "HTTP/1.2",
        "HTTP/1.9",
    ),
    "Requests are decided on by host: what is no host name or address is refused before any route is looked for, "
    "and so is a port that is none.": (
        "Host in UTF-8",
        "Host in quotes",
        "Host of a label of 64 letters",
        "Host of an address that does not end",
        "Host of an address with a zone",
        "Host of an address with text after it",
        "Host with a backslash",
        "Host with a dot before",
        "Host with a fragment",
        "Host with a port that is no number",
        "Host with a query",
        "Host with a semicolon",
        "Host with a signed port",
        "Host with a star",
        "Host with a user",
        "Host with an empty port",
        "Host with an escape",
        "Host with an escaped NUL",
        "Host with port 65536",
        "Host with two ports",
        "absolute form of another scheme",
        "absolute form with an empty port",
    ),
    "Upstreams that take a backslash for a slash see another path than the one that was decided on.": (
        "path with a backslash",
    ),
    "Connection may name what is meant for one hop. Whoever names the host, the body's length or credentials there "
    "wants them to be gone behind us.": (
        "Connection that is no list of names",
        "Connection that names Authorization",
        "Connection that names an alias of Content-Length",
        "an alias of Transfer-Encoding named by Connection",
        "an alias of the length named by Connection",
        "Connection that names Content-Length",
        "Connection that names Host",
        "Connection that names Host as one of many",
        "Connection that names Transfer-Encoding",
        "length named by Connection",
    ),
    "An expectation that nobody can meet is answered with 417 (RFC 9110, 10.1.1), not passed on.": (
        "an expectation nobody knows",
        "an expectation with a parameter",
        "two expectations in one line",
    ),
    "A bound that no real request meets.": ("a method of 33 letters",),
}

LOOSER: Final = {
    "Both have smaller buffers for one line; ours has room for 32 KB of head.": ("one line of 16 KB",),
}


def names(judged: dict[str, tuple[str, ...]]) -> set[str]:
    """All rows that are judged."""
    return {name for rows in judged.values() for name in rows}
