"""Revocation lists: fetched, kept over restarts, refreshed before they run out.

A list is replaced only by one of the same authority that is newer; whoever can answer in a server's
place cannot bring a revoked certificate back with an old list, nor with another authority's in between.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from cryptography import x509

from yett.authn.x509 import events
from yett.authn.x509.config import CRLSettings, X509Settings
from yett.authn.x509.fetching import Fetcher, FetchFailed
from yett.authn.x509.lists import MOST_BYTES, BadList, RevocationList, authority_of, read_list, standing
from yett.authn.x509.model import Chain, Standing
from yett.events import describe
from yett.kernel import Clock, Supervisor
from yett.store import StoreUnavailable

_TICK = 1.0
_RETRY = 30.0
"""Seconds until a list that could not be had is tried again."""
_AHEAD = 0.1
"""Which part of a list's time is left when it is fetched anew."""


class Files(Protocol):
    """Where lists are kept."""

    async def save(self, name: str, value: Any) -> None: ...
    async def load(self, name: str) -> Any | None: ...


@dataclass(slots=True)
class Source:
    """One configured list, and what is held of it."""

    places: tuple[str, ...]
    held: RevocationList | None = None
    due: float = 0.0
    """When it is fetched next, by the steady clock."""
    is_new: bool = True
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def file(self) -> str:
        """Where it is kept."""
        return f"x509/crl-{hashlib.sha256(' '.join(self.places).encode()).hexdigest()[:24]}.json"


class Lists:
    """What revocation lists say of certificates."""

    def __init__(
        self,
        settings: X509Settings,
        authorities: Callable[[], Sequence[x509.Certificate]],
        fetcher: Fetcher,
        files: Files | None,
        clock: Clock,
        tasks: Supervisor,
    ) -> None:
        """`authorities` are those whose lists are believed."""
        self._settings = settings
        self._authorities = authorities
        self._fetcher = fetcher
        self._files = files
        self._clock = clock
        self._tasks = tasks
        self._sources: list[Source] = []
        self._following: asyncio.Task[None] | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every configured list."""
        return tuple(self._sources)

    async def start(self) -> None:
        """Take up what was kept, and fetch in the background from now on."""
        await self.use(self._settings)
        self._following = self._tasks.every(_TICK, self.tick, name="x509.crl", at_once=True)

    async def stop(self) -> None:
        """Fetch nothing more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            self._following = None

    async def use(self, settings: X509Settings) -> None:
        """Go by these settings from now on; what is held of the same lists stays."""
        self._settings = settings
        known = {source.places: source for source in self._sources}
        wanted: Sequence[CRLSettings] = settings.crl if settings.enabled else ()
        self._sources = sources = [known.get(each.urls) or Source(each.urls) for each in wanted]
        for source in sources:
            if source.held is None and source.is_new:
                await self._take_up(source)

    def standing(self, chain: Chain) -> Standing:
        """What the lists say of a certificate and of those that vouch for it."""
        if not self._sources:
            return Standing.NOT_ASKED
        held = [source.held for source in self._sources if source.held is not None]
        return standing(chain, held, self._clock.now())

    async def tick(self) -> None:
        """Fetch what is due, all at a time."""
        due = [source for source in self._sources if self._is_due(source)]
        was_new = any(source.is_new for source in due)
        await asyncio.gather(*(self._refresh_once(source) for source in due))
        missing = sum(self._is_missing(source) for source in self._sources)
        if was_new and missing:
            events.lists_not_initialized(missing=missing)

    async def refresh(self) -> int:
        """Fetch every list now; how many are current."""
        for source in self._sources:
            source.due = 0.0
        await self.tick()
        return sum(not self._is_missing(source) for source in self._sources)

    def _is_due(self, source: Source) -> bool:
        return source.due <= self._clock.monotonic()

    async def _refresh_once(self, source: Source) -> None:
        """An operator may ask while it is being fetched already."""
        async with source.fetching:
            if self._is_due(source):
                await self._refresh(source)

    def _is_missing(self, source: Source) -> bool:
        return source.held is None or not source.held.is_current(self._clock.now())

    async def _refresh(self, source: Source) -> None:
        is_first, source.is_new = source.is_new, False
        if not is_first:
            events.list_refreshing(places=len(source.places))
        last = ""
        async for place, content in self._contents(source):
            if isinstance(content, FetchFailed):
                last = describe(content)
                events.download_failed(place=_shown(place), error=last)
                continue
            try:
                found = await asyncio.to_thread(read_list, content, self._authorities(), self._clock.now())
                self._check_newer(source, found)
            except BadList as problem:
                last = describe(problem)
                events.download_failed(place=_shown(place), error=last)
                continue
            await self._take_over(source, found)
            if is_first:
                events.list_loaded(issuer=found.issuer, revoked=len(found.revoked), from_before=False)
            else:
                events.list_refreshed(issuer=found.issuer, revoked=len(found.revoked))
            return
        say = events.list_not_loaded if is_first else events.list_not_refreshed
        say(places=len(source.places), error=last)
        source.due = self._clock.monotonic() + min(_RETRY, self._settings.crl_refresh.total_seconds())

    async def _contents(self, source: Source) -> AsyncIterator[tuple[str, bytes | FetchFailed]]:
        for place in source.places:
            try:
                yield place, await self._content(place)
            except FetchFailed as problem:
                yield place, problem

    async def _content(self, place: str) -> bytes:
        if place.startswith("/"):
            return await asyncio.to_thread(_read_file, place)
        seconds = self._settings.timeout.total_seconds()
        return await self._fetcher.get(place, most=MOST_BYTES, seconds=seconds)

    def _check_newer(self, source: Source, found: RevocationList) -> None:
        held = source.held
        if held is None:
            return
        if held.authority != found.authority:
            # Another may come after it, when it has run out or its authority counts no more.
            is_trusted = held.authority in map(authority_of, self._authorities())
            if is_trusted and held.is_current(self._clock.now()):
                raise BadList("it is another authority's than the list in use")
        elif not found.is_newer(held):
            raise BadList("it is older than the list in use")

    async def _take_over(self, source: Source, found: RevocationList) -> None:
        is_other = source.held is None or source.held.der != found.der
        source.held = found
        source.due = self._clock.monotonic() + self._pause(found)
        if is_other and self._files is not None:
            try:
                await self._files.save(source.file, {"der": base64.b64encode(found.der).decode("ascii")})
            except StoreUnavailable as problem:
                events.list_not_kept(error=describe(problem))

    def _pause(self, found: RevocationList) -> float:
        """How long until the list is fetched anew: well before it runs out."""
        left = found.next_update - self._clock.now()
        margin = (found.next_update - found.this_update) * _AHEAD
        return max(_TICK, min(self._settings.crl_refresh.total_seconds(), left - margin))

    async def _take_up(self, source: Source) -> None:
        """Use the list that was kept, until a fresh one is there."""
        if self._files is None:
            return
        try:
            kept = await self._files.load(source.file)
            if kept is None:
                return
            content = base64.b64decode(kept["der"], validate=True)
            held = await asyncio.to_thread(read_list, content, self._authorities(), self._clock.now())
        except (StoreUnavailable, BadList, KeyError, TypeError, binascii.Error) as problem:
            events.kept_list_unusable(error=describe(problem))
            return
        if source.held is not None:
            # A fresh one was there first.
            return
        source.held = held
        events.list_loaded(issuer=held.issuer, revoked=len(held.revoked), from_before=True)


def _read_file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a text that the settings have checked
            return file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise FetchFailed(problem.strerror or "it cannot be read") from problem


def _shown(place: str) -> str:
    """A place without its query, which may carry a key."""
    if place.startswith("/"):
        return place
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
