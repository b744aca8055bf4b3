"""A provider's keys: fetched, remembered, and asked for again when a token names one that is not known.

Anybody can make a token that names an unknown key, so that is not a reason to ask more often than
once in a while.
"""

import asyncio
from typing import Final

from yett.identity.federation import events
from yett.identity.federation.caching import STALE_AFTER, Kept, Shelf, Unreadable
from yett.identity.federation.checking import Key, Keys, read_keys
from yett.identity.federation.config import ProviderSettings
from yett.identity.federation.model import Reason, Refused
from yett.kernel import Clock
from yett.net.fetching import Fetcher, FetchFailed
from yett.store import Records

AT_MOST_EVERY: Final = 30.0
"""Seconds between two questions because of keys that are not known."""
_PAUSE: Final = 5.0
"""Seconds for which a provider that failed is not asked again."""
_LARGEST: Final = 256 * 1024


class ProviderKeys:
    """The keys of one provider."""

    def __init__(
        self, provider: ProviderSettings, fetcher: Fetcher, records: Records, clock: Clock, *, lifetime: float
    ) -> None:
        self._provider = provider
        self._fetcher = fetcher
        self._shelf = Shelf(records, "keys")
        self._clock = clock
        self._lifetime = lifetime
        self._turn = asyncio.Lock()
        self._keys: Keys | None = None
        self._url = ""
        self._fetched_at = 0.0
        self._asked_at = float("-inf")
        self._sought_at = float("-inf")

    async def find(self, url: str, key_id: str | None, algorithm: str) -> tuple[Key, ...] | Refused:
        """The keys at an address that may have made a signature; none when it has no such key."""
        async with self._turn:
            await self._renew(url)
            found = self._found(key_id, algorithm)
            now = self._clock.monotonic()
            if found == () and now - self._sought_at >= AT_MOST_EVERY:
                self._sought_at = now
                await self._fetch()
                found = self._found(key_id, algorithm)
            return Refused(Reason.KEYS) if found is None else found

    async def all(self, url: str) -> Keys | Refused:
        """Every key at an address."""
        async with self._turn:
            await self._renew(url)
            return Refused(Reason.KEYS) if self._keys is None else self._keys

    async def _renew(self, url: str) -> None:
        """Have the keys of an address, if they can be had."""
        if url != self._url:
            self._keys, self._url, self._asked_at, self._fetched_at = None, url, float("-inf"), 0.0
        if self._keys is None or not self._is_within(self._lifetime):
            await self._load()

    def _found(self, key_id: str | None, algorithm: str) -> tuple[Key, ...] | None:
        if self._keys is None or not self._is_within(STALE_AFTER):
            return None
        return self._keys.find(key_id, algorithm)

    def _is_within(self, seconds: float) -> bool:
        return -60 <= self._clock.now() - self._fetched_at < seconds

    async def _load(self) -> None:
        """Take over what another node fetched, or fetch."""
        try:
            kept = await self._shelf.get(self._provider.name, self._url)
        except Unreadable:
            kept = None
        if kept is not None and kept.fetched_at > self._fetched_at:
            self._take_over(kept)
        is_needed = self._keys is None or not self._is_within(self._lifetime)
        if is_needed and self._clock.monotonic() - self._asked_at >= _PAUSE:
            await self._fetch()

    async def _fetch(self) -> None:
        name = self._provider.name
        self._asked_at = self._clock.monotonic()
        events.keys_wanted(provider=name)
        try:
            answer = await self._fetcher.get(
                self._url,
                most=_LARGEST,
                seconds=self._provider.timeout.total_seconds(),
                may_be_plain=self._provider.dev_mode,
            )
            kept = Kept(self._url, self._clock.now(), answer.expect(200).json())
        except FetchFailed as problem:
            events.keys_failed(provider=name, error=str(problem))
            return
        if not self._take_over(kept):
            events.keys_failed(provider=name, error="the answer is no set of keys")
            return
        keys = self._keys or Keys(())
        events.keys_fetched(provider=name, keys=len(keys.keys), unusable=keys.unusable)
        error = await self._shelf.put(name, kept)
        if error:
            events.keys_unstored(provider=name, error=error)

    def _take_over(self, kept: Kept) -> bool:
        keys = read_keys(kept.document)
        if keys is None:
            return False
        self._keys, self._fetched_at = keys, kept.fetched_at
        return True
