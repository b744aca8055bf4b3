"""Keys where their owner publishes them (`jwks_uri`), kept a while.

What must stay true: whoever makes up key ids cannot make this program ask again and again; many
who need the same keys at once ask once; what cannot be fetched leaves what was known in force, until that is too old.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from yett.events import describe
from yett.kernel import Clock
from yett.net.fetching import Fetched, FetchFailed
from yett.oidc.jose import events
from yett.oidc.jose.keys import PublicKey, read_keys

FRESH = 600.0
"""Seconds for which keys are used without asking again."""
PAUSE = 30.0
"""Seconds at least between two questions, answered or not, however many unknown keys are shown."""
STALE = 86_400.0
"""Seconds after which keys that cannot be fetched any more are not believed."""
_REMEMBERED = 1000
_MOST_BYTES = 64 * 1024


class Fetcher(Protocol):
    """Whoever asks other servers."""

    async def get(self, url: str, *, most: int = ...) -> Fetched: ...


@dataclass(slots=True)
class _Set:
    """What is known of one address."""

    keys: tuple[PublicKey, ...]
    fetched_at: float
    asked_at: float
    asking: asyncio.Lock


class Published:
    """The keys of everybody who publishes them."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._sets: OrderedDict[str, _Set] = OrderedDict()

    async def find(self, owner: str, url: str, key_id: str) -> tuple[PublicKey, ...]:
        """The keys of an owner that a token may be signed with: those of its key id, or all when it names none."""
        held = self._sets.get(url)
        if held is None:
            held = self._sets[url] = _Set((), float("-inf"), float("-inf"), asyncio.Lock())
            while len(self._sets) > _REMEMBERED:
                self._sets.popitem(last=False)
        self._sets.move_to_end(url)
        # While somebody asks, what was known goes on: a server that is slow holds up nobody whose key is there.
        is_there = bool(chosen(held.keys, key_id))
        if self._is_wanting(held, key_id) and not (is_there and held.asking.locked()):
            async with held.asking:
                # Somebody else may have asked while this one waited.
                is_rested = self._clock.monotonic() - held.asked_at >= PAUSE
                if is_rested and self._is_wanting(held, key_id):
                    await self._ask(owner, url, held)
        if self._clock.monotonic() - held.fetched_at > STALE:
            return ()
        return chosen(held.keys, key_id)

    def _is_wanting(self, held: _Set, key_id: str) -> bool:
        return self._clock.monotonic() - held.fetched_at > FRESH or not chosen(held.keys, key_id)

    async def _ask(self, owner: str, url: str, held: _Set) -> None:
        held.asked_at = self._clock.monotonic()
        try:
            keys = _keys_in(await self._fetcher.get(url, most=_MOST_BYTES))
        except FetchFailed as problem:
            events.not_fetched(owner=owner, error=describe(problem))
            return
        held.keys, held.fetched_at = keys, self._clock.monotonic()
        events.fetched(owner=owner, keys=len(keys))


def _keys_in(answer: Fetched) -> tuple[PublicKey, ...]:
    if answer.status != 200:
        raise FetchFailed("the answer is not 200")
    keys = read_keys(answer.json())
    if not keys:
        raise FetchFailed("there is no key that can be used")
    return keys


def chosen(keys: tuple[PublicKey, ...], key_id: str) -> tuple[PublicKey, ...]:
    """Those that may have signed a token that names this key id, or none."""
    return tuple(each for each in keys if each.key_id == key_id) if key_id else keys[:4]
