"""An answer from its bytes: as strict as the engine is with upstreams, and never longer than was asked for."""

import asyncio
from typing import Final

from yett.net.fetching.model import Fetched, FetchFailed
from yett.net.http.answers import has_no_body
from yett.net.http.chunked import ChunkedDecoder
from yett.net.http.head import Refused
from yett.net.http.limits import Limits
from yett.net.http.response import ResponseHead, ResponseParser

LARGEST_HEAD: Final = 32 * 1024
_MOST_FIELDS: Final = 100
_MOST_INTERIM: Final = 4
_PIECE: Final = 64 * 1024


async def read_answer(reader: asyncio.StreamReader, method: bytes, most: int) -> Fetched:
    """The one answer on a connection. Raises FetchFailed, and IncompleteReadError when it ends too soon."""
    # A parser remembers lines; those of one server are no other's business.
    parser = ResponseParser(Limits(max_response_fields=_MOST_FIELDS))
    for _ in range(_MOST_INTERIM + 1):
        head = await _head(reader, parser)
        if head.status >= 200:
            break
        if head.status == 101:
            raise FetchFailed("the server switched to something that was not asked for")
    else:
        raise FetchFailed("the server never came to its answer")
    headers = _headers(head)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchFailed("the answer is packed in a way that was not asked for")
    if has_no_body(head.status, method):
        return Fetched(head.status, headers, b"")
    return Fetched(head.status, headers, await _body(reader, head, most))


async def _head(reader: asyncio.StreamReader, parser: ResponseParser) -> ResponseHead:
    try:
        block = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise FetchFailed("the head of the answer is too long") from None
    head = parser.head(block[:-4])
    if isinstance(head, Refused):
        raise FetchFailed(f"the answer is not HTTP as it should be: {head.detail}")
    return head


def _headers(head: ResponseHead) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in head.kept:
        raw, _, value = line.partition(b":")
        name, text = raw.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")
        values[name] = f"{values[name]}, {text}" if name in values else text
    return values


async def _body(reader: asyncio.StreamReader, head: ResponseHead, most: int) -> bytes:
    too_long = f"the answer has more than {most} bytes"
    if head.content_length > most:
        raise FetchFailed(too_long)
    if head.content_length >= 0:
        return await reader.readexactly(head.content_length)
    decoder = ChunkedDecoder() if head.is_chunked else None
    body = bytearray()
    while piece := await reader.read(_PIECE):
        payload = piece if decoder is None else decoder.feed(piece)
        if payload is None:
            raise FetchFailed("the answer is cut into pieces that make no sense")
        body += payload
        if len(body) > most:
            raise FetchFailed(too_long)
        if decoder is not None and decoder.done:
            return bytes(body)
    if decoder is not None:
        raise FetchFailed("the connection broke")
    return bytes(body)
