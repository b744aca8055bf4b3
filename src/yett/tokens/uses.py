"""When and from where tokens were used: noted in memory, written down in batches.

Noting a use waits for nothing. What is lost when the process dies is the last few seconds.
"""

from yett.events import describe
from yett.kernel import Clock
from yett.store import Consistency, Records, StoreUnavailable
from yett.tokens import encoding, events, recording
from yett.tokens.history import History
from yett.tokens.mirror import Mirror
from yett.tokens.model import AuthenticationEntry, Use

_MOST_ADDRESSES = 16
"""Addresses from which uses of one token go into its history within one interval."""
_AT_ONCE = 2000


class Uses:
    """Notes uses."""

    def __init__(
        self, records: Records, history: History, mirror: Mirror, clock: Clock, interval: float
    ) -> None:
        self._records = records
        self._history = history
        self._mirror = mirror
        self._clock = clock
        self.interval = interval
        """Seconds after which the use of a token from the same address goes into its history again."""
        self._unsaved: dict[str, None] = {}
        self._told: dict[str, dict[str, float]] = {}
        """By token and address, when its history was last told."""
        self._entries: list[AuthenticationEntry] = []

    def note(self, key: str, address: str) -> None:
        """A token was used just now."""
        entry = self._mirror.entries.get(key)
        if entry is None:
            return
        now = self._clock.now()
        entry.use = Use(now, address)
        self._unsaved[key] = None
        told = self._told.setdefault(key, {})
        last = told.get(address)
        if (last is not None and now < last + self.interval) or len(self._entries) >= _AT_ONCE:
            return
        if last is None and len(told) >= _MOST_ADDRESSES:
            oldest = min(told, key=lambda each: told[each])
            if now < told[oldest] + self.interval:
                # Whoever has addresses without number must not fill the store with them.
                return
            del told[oldest]
        told[address] = now
        self._entries.append(recording.use_of(entry.data, now, address))

    async def save(self) -> None:
        """Write down what was noted; what the store does not take waits."""
        try:
            await self._save()
        except StoreUnavailable as problem:
            events.use_not_stored(tokens=len(self._unsaved), error=describe(problem))

    def forget(self) -> None:
        """Let go of what was noted about tokens that are over."""
        for key in [key for key in self._told if key not in self._mirror.entries]:
            del self._told[key]

    async def _save(self) -> None:
        while self._entries:
            await self._history.write_authentication(self._entries[0])
            self._entries.pop(0)
        for key in list(self._unsaved):
            del self._unsaved[key]
            entry = self._mirror.entries.get(key)
            if entry is None or entry.use is None:
                continue
            try:
                await self._records.put(
                    encoding.USES + key, encoding.encode_use(entry.use), consistency=Consistency.BEST_EFFORT
                )
            except StoreUnavailable:
                self._unsaved[key] = None
                raise
