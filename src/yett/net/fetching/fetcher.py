"""Asking other servers: one request on a connection, redirects not followed.

What must stay true:
  a connection goes to an address that was judged; the name is not looked up a second time;
  who does not show a certificate for the name is told nothing;
  neither time nor size of an answer is the other side's to choose;
  a host that is slow leaves room for the others.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Final
from weakref import WeakValueDictionary

from yett.net.fetching import events, rules
from yett.net.fetching.config import FetchingSettings
from yett.net.fetching.model import Fetched, FetchFailed
from yett.net.fetching.reading import LARGEST_HEAD, read_answer
from yett.net.fetching.rules import BadAddress, Place
from yett.net.http.dialing import LookUp
from yett.net.http.reaching import reach

MOST: Final = 256 * 1024
SECONDS: Final = 10.0
_AT_A_TIME: Final = 64
"""Requests on their way at once; who comes later waits, out of its own time."""
_AT_A_TIME_TO_ONE: Final = 16
"""The same for one host: whoever answers slowly must not hold up what is asked of others."""
_NOTHING: Mapping[str, str] = {}


class Fetcher:
    """Asks servers, each time on a new connection."""

    def __init__(self, settings: FetchingSettings, look_up: LookUp | None = None) -> None:
        """`look_up` finds the addresses of hosts; the system does without it."""
        self._look_up = look_up
        self._places = asyncio.Semaphore(_AT_A_TIME)
        # Kept for as long as somebody asks there.
        self._places_of: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self.apply(settings)

    def apply(self, settings: FetchingSettings) -> None:
        """Go by other settings from now on; the file of authorities is read anew."""
        self._settings = settings
        self._allow = rules.parse_networks(settings.allow)
        self._context: ssl.SSLContext | None = None

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = _NOTHING,
        most: int = MOST,
        seconds: float = SECONDS,
        may_be_plain: bool = False,
    ) -> Fetched:
        """What is there: at most `most` bytes, within `seconds`, with whatever status. Raises FetchFailed.

        `may_be_plain` allows http to this machine, for trying things out.
        """
        return await self._fetch(b"GET", url, b"", "", headers, most, seconds, may_be_plain)

    async def post(
        self,
        url: str,
        body: bytes,
        kind: str,
        *,
        headers: Mapping[str, str] = _NOTHING,
        most: int = MOST,
        seconds: float = SECONDS,
        may_be_plain: bool = False,
    ) -> Fetched:
        """What is answered to a body of that media type; otherwise as `get`. Raises FetchFailed."""
        return await self._fetch(b"POST", url, body, kind, headers, most, seconds, may_be_plain)

    async def _fetch(
        self,
        method: bytes,
        url: str,
        body: bytes,
        kind: str,
        headers: Mapping[str, str],
        most: int,
        seconds: float,
        may_be_plain: bool,
    ) -> Fetched:
        host = ""
        try:
            place = rules.parse_address(url, may_be_plain=may_be_plain)
            host = place.host
            lines = rules.head_lines(
                {"User-Agent": "yett", "Accept": "application/json, */*;q=0.5", **headers}
            )
            if method == b"POST":
                lines += b"Content-Type: %b\r\nContent-Length: %d\r\n" % (kind.encode("ascii"), len(body))
            head = b"%b %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n%b\r\n" % (
                method,
                place.target.encode("ascii"),
                place.authority.encode("ascii"),
                lines,
            )
            its = self._places_of.setdefault(host, asyncio.Semaphore(_AT_A_TIME_TO_ONE))
            async with asyncio.timeout(seconds), its, self._places:
                fetched = await self._exchange(place, head + body, method, most)
        except (
            FetchFailed,
            BadAddress,
            TimeoutError,
            OSError,
            UnicodeError,
            asyncio.IncompleteReadError,
        ) as problem:
            failed = _failed(problem)
            events.failed(host=host[:253], error=str(failed))
            # What it came from may quote what was sent.
            raise failed from None
        events.answered(host=host, status=fetched.status, size=len(fetched.body))
        return fetched

    async def _exchange(self, place: Place, request: bytes, method: bytes, most: int) -> Fetched:
        context = None if place.is_plain else await self._tls()
        addresses = await self._addresses(place)
        sock = await reach(addresses, place.port)
        try:
            reader, writer = await asyncio.open_connection(
                sock=sock,
                ssl=context,
                server_hostname=place.host.rstrip(".") if context is not None else None,
                limit=LARGEST_HEAD,
            )
        except BaseException:
            sock.close()
            raise
        try:
            writer.write(request)
            return await read_answer(reader, method, most)
        finally:
            writer.transport.abort()
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    async def _addresses(self, place: Place) -> Sequence[str]:
        """The addresses of a host that may be asked. Raises FetchFailed when there is none."""
        found: Sequence[str] = ()
        if self._look_up is not None:
            found = await self._look_up(place.host)
        if not found:
            loop = asyncio.get_running_loop()
            known = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            found = tuple(dict.fromkeys(str(address[0]) for *_, address in known))
        good = [each for each in found if rules.may_ask(each, self._allow, only_loopback=place.is_plain)]
        if not good:
            events.address_refused(host=place.host)
            raise FetchFailed("the name leads to no address that may be asked")
        return good

    async def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            # Reading the system's authorities takes milliseconds.
            self._context = await asyncio.to_thread(_make_context, self._settings)
        return self._context


def _make_context(settings: FetchingSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        context.load_verify_locations(settings.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _failed(problem: Exception) -> FetchFailed:
    match problem:
        case FetchFailed():
            return problem
        case BadAddress():
            return FetchFailed(str(problem))
        case TimeoutError():
            return FetchFailed("no answer in time")
        case ssl.SSLCertVerificationError():
            return FetchFailed(f"certificate refused: {problem.verify_message}")
        case ssl.SSLError():
            return FetchFailed("no TLS that both sides speak")
        case UnicodeError():
            return FetchFailed("its host is no name of a host")
        case socket.gaierror():
            return FetchFailed("the name is not known")
        case OSError():
            return FetchFailed(problem.strerror or "the connection broke")
        case _:
            return FetchFailed("the connection broke")
