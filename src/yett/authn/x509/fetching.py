"""Fetching what is signed: revocation lists, and answers of responders.

One request per connection, in HTTP/1.0: its responses have no framing but their length or the end
of the connection (RFC 9112, 6.1), so there is little to misread. Redirects are not followed, since
whoever answers could lead the gateway anywhere; addresses are checked before they get here.
"""

import asyncio
import contextlib
import ipaddress
import re
import ssl
from typing import Final
from urllib.parse import SplitResult, urlsplit

from yett.net.http import LookUp, make_context

_LARGEST_HEAD: Final = 16 * 1024
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: [^\r\n]*)?")
_VISIBLE: Final = re.compile(r"[!-~]{1,2000}")
_PORTS: Final = {"http": 80, "https": 443}


class BadAddress(ValueError):
    """A text that is no address to fetch from; it says why."""


class FetchFailed(Exception):
    """Nothing was fetched; the text says why."""


def host_of(url: str) -> str:
    """The host of an address in lower case, with its port unless that is the usual one. Raises BadAddress."""
    parts, port = _split(url)
    host = parts.hostname or ""
    return host if port == _PORTS[parts.scheme] else f"{host}:{port}"


def is_plain(url: str) -> bool:
    """Whether an address is asked without TLS."""
    return urlsplit(url).scheme == "http"


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(url: str) -> tuple[SplitResult, int]:
    if not _VISIBLE.fullmatch(url):
        raise BadAddress("an address has visible ASCII characters only")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise BadAddress("not an address") from problem
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadAddress("neither http nor https with a host")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("names and passwords do not belong in an address")
    return parts, port or _PORTS[parts.scheme]


class Fetcher:
    """Asks servers, each time on a new connection."""

    def __init__(self, look_up: LookUp | None = None) -> None:
        """`look_up` finds the addresses of hosts; the system does without it."""
        self._look_up = look_up
        self._context: ssl.SSLContext | None = None

    async def get(self, url: str, *, most: int, seconds: float) -> bytes:
        """What is there: at most `most` bytes, within `seconds`. Raises FetchFailed."""
        return await self._fetch(url, b"GET", b"", b"", most, seconds)

    async def post(self, url: str, body: bytes, kind: str, *, most: int, seconds: float) -> bytes:
        """What is answered to a body of that media type. Raises FetchFailed."""
        line = b"Content-Type: %b\r\nContent-Length: %d\r\n" % (kind.encode("ascii"), len(body))
        return await self._fetch(url, b"POST", line, body, most, seconds)

    async def _fetch(
        self, url: str, method: bytes, lines: bytes, body: bytes, most: int, seconds: float
    ) -> bytes:
        try:
            parts, port = _split(url)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            head = b"%b %b HTTP/1.0\r\nHost: %b\r\nUser-Agent: yett\r\n%b\r\n" % (
                method,
                target.encode("ascii"),
                parts.netloc.encode("ascii"),
                lines,
            )
            async with asyncio.timeout(seconds):
                reader, writer = await self._connect(parts, port)
                try:
                    writer.write(head + body)
                    return await _read(reader, most)
                finally:
                    writer.transport.abort()
                    with contextlib.suppress(Exception):
                        await writer.wait_closed()
        except TimeoutError as problem:
            raise FetchFailed("no answer in time") from problem
        except BadAddress as problem:
            raise FetchFailed(str(problem)) from problem
        except ssl.SSLCertVerificationError as problem:
            raise FetchFailed(f"certificate refused: {problem.verify_message}") from problem
        except UnicodeError as problem:
            raise FetchFailed("its host is no name of a host") from problem
        except (OSError, asyncio.IncompleteReadError) as problem:
            raise FetchFailed(getattr(problem, "strerror", None) or "the connection broke") from problem

    async def _connect(
        self, parts: SplitResult, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = parts.hostname or ""
        context = await self._tls() if parts.scheme == "https" else None
        addresses = await self._look_up(host) if self._look_up is not None else ()
        problem: OSError | None = None
        for address in addresses or (host,):
            try:
                return await asyncio.open_connection(
                    address,
                    port,
                    ssl=context,
                    server_hostname=host if context is not None else None,
                    limit=_LARGEST_HEAD,
                )
            except OSError as failed:
                problem = problem or failed
        raise problem or OSError("the name has no address")

    async def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            # Reading the system's authorities takes milliseconds.
            self._context = await asyncio.to_thread(make_context)
        return self._context


async def _read(reader: asyncio.StreamReader, most: int) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as problem:
        raise FetchFailed("the head of the answer is too long") from problem
    status, *lines = head[:-4].split(b"\r\n")
    found = _STATUS.fullmatch(status)
    if found is None:
        raise FetchFailed("the answer is not HTTP")
    if found[1] != b"200":
        raise FetchFailed(f"the answer has status {int(found[1])}")
    length = _length(lines)
    if length is None:
        body = bytearray()
        while chunk := await reader.read(65536):
            body += chunk
            if len(body) > most:
                raise FetchFailed(f"the answer has more than {most} bytes")
        return bytes(body)
    if length > most:
        raise FetchFailed(f"the answer has more than {most} bytes")
    return await reader.readexactly(length)


def _length(lines: list[bytes]) -> int | None:
    """How long the body is by its head; None when it ends with the connection."""
    lengths = set()
    for line in lines:
        name, colon, value = line.partition(b":")
        field, value = name.lower(), value.strip(b" \t").lower()
        is_packed = field in {b"transfer-encoding", b"content-encoding"} and value != b"identity"
        if not colon or is_packed:
            raise FetchFailed("the answer is framed or packed in a way that was not asked for")
        if field == b"content-length":
            lengths.add(value)
    if not lengths:
        return None
    only = lengths.pop()
    if lengths or not only.isdigit() or len(only) > 12:
        raise FetchFailed("the answer does not say how long it is in one way only")
    return int(only)
