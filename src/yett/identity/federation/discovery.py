"""What a provider says of itself: fetched, checked, remembered, and used a while longer when it is away."""

import asyncio
from dataclasses import dataclass
from typing import Final

from yett.identity.federation import events, rules
from yett.identity.federation.caching import STALE_AFTER, Kept, Shelf, Unreadable
from yett.identity.federation.config import ProviderSettings
from yett.identity.federation.model import Metadata, Reason, Refused
from yett.kernel import Clock
from yett.net.fetching import Fetcher, FetchFailed
from yett.store import Records

_PAUSE: Final = 5.0
"""Seconds for which a provider that failed is not asked again: each question may take as long as it likes."""
_LARGEST: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of a provider."""

    metadata: Metadata
    is_stale: bool = False
    """Whether it should have been asked again, and could not be."""


class Discovery:
    """The description of one provider."""

    def __init__(
        self, provider: ProviderSettings, fetcher: Fetcher, records: Records, clock: Clock, *, lifetime: float
    ) -> None:
        self._provider = provider
        self._fetcher = fetcher
        self._shelf = Shelf(records, "metadata")
        self._clock = clock
        self._lifetime = lifetime
        self._turn = asyncio.Lock()
        self._known: Metadata | None = None
        self._fetched_at = 0.0
        self._failed: Refused | None = None
        self._failed_at = float("-inf")

    async def get(self) -> Described | Refused:
        """What is known now; everybody who waits for it at once asks once."""
        if self._known is not None and self._is_within(self._lifetime):
            return Described(self._known)
        async with self._turn:
            if self._known is not None and self._is_within(self._lifetime):
                return Described(self._known)
            failed = await self._renew()
        if failed is None and self._known is not None:
            return Described(self._known)
        if self._known is not None and self._is_within(STALE_AFTER):
            return Described(self._known, is_stale=True)
        return failed or Refused(Reason.DISCOVERY)

    @property
    def known(self) -> Metadata | None:
        """What is known already, for whoever cannot wait."""
        return self._known if self._is_within(STALE_AFTER) else None

    def _is_within(self, seconds: float) -> bool:
        return -60 <= self._clock.now() - self._fetched_at < seconds

    async def _renew(self) -> Refused | None:
        """Know it anew; or why not."""
        if self._failed is not None and self._clock.monotonic() - self._failed_at < _PAUSE:
            return self._failed
        name, url = self._provider.name, rules.well_known(self._provider.issuer)
        try:
            kept = await self._shelf.get(name, url)
        except Unreadable:
            events.metadata_unreadable(provider=name)
            kept = None
        if kept is not None and self._take_over(kept) == "" and self._is_within(self._lifetime):
            return None
        failed = await self._fetch(name, url)
        self._failed, self._failed_at = failed, self._clock.monotonic()
        return failed

    async def _fetch(self, name: str, url: str) -> Refused | None:
        events.discovering(provider=name)
        if self._provider.dev_mode:
            events.dev_mode(provider=name)
        try:
            answer = await self._fetcher.get(
                url,
                most=_LARGEST,
                seconds=self._provider.timeout.total_seconds(),
                may_be_plain=self._provider.dev_mode,
            )
            kept = Kept(url, self._clock.now(), answer.expect(200).json())
        except FetchFailed as problem:
            events.discovery_failed(provider=name, error=str(problem))
            return Refused(Reason.DISCOVERY, str(problem))
        problem_found = self._take_over(kept)
        if problem_found:
            events.discovery_refused(provider=name, detail=problem_found)
            return Refused(Reason.DISCOVERY, problem_found)
        events.discovered(provider=name)
        error = await self._shelf.put(name, kept)
        if error:
            events.metadata_unstored(provider=name, error=error)
        return None

    def _take_over(self, kept: Kept) -> str:
        """Go by a document, if it can be believed; what is wrong with it."""
        metadata = rules.read_metadata(kept.document, self._provider)
        if isinstance(metadata, str):
            return metadata
        if self._known is None or kept.fetched_at > self._fetched_at:
            self._known, self._fetched_at = metadata, kept.fetched_at
        return ""
