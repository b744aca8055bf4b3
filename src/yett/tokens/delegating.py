"""Tokens made of tokens: one that is there already and will do, or else a new one.

Of any number of requests at once that want the same of the same token one makes it, and the others wait for it;
they hold up nobody else. In a cluster each node may make one.
"""

import asyncio

from yett.kernel import Clock
from yett.store import StoreUnavailable
from yett.tokens import rules, text
from yett.tokens.making import Making
from yett.tokens.mirror import Entry, Mirror
from yett.tokens.model import Actor, Delegation, Ingress, NotDelegated, Source, TokenData

_SPARE = 50
"""Places that are kept for tokens which people ask for themselves."""


class Delegating:
    """Finds and makes children."""

    def __init__(self, making: Making, mirror: Mirror, clock: Clock) -> None:
        self._making = making
        self._mirror = mirror
        self._clock = clock
        self._locks: dict[tuple[str, Delegation], tuple[asyncio.Lock, list[None]]] = {}

    def find(self, parent: TokenData, want: Delegation, minimum: float | None) -> str | None:
        """A child that is there already and good enough, the one that lasts longest."""
        now = self._clock.now()
        entry = self._mirror.entries.get(parent.key)
        if entry is None or not self._mirror.is_good(entry, now):
            return None
        return self._find(entry, want, minimum, now)

    def _find(self, parent: Entry, want: Delegation, minimum: float | None, now: float) -> str | None:
        best: Entry | None = None
        for child in self._mirror.children(parent.data.key):
            if (best is None or child.expires > best.expires) and rules.is_good_child(
                child.data, parent.data, want, now, minimum
            ):
                best = child
        return None if best is None else self._making.text_of(best.data)

    async def delegate(
        self,
        parent: TokenData,
        want: Delegation,
        minimum: float | None,
        *,
        address: str,
        source: Source | None,
        ingress: Ingress | None,
    ) -> str | NotDelegated:
        """Such a child, or a new one."""
        name = (parent.key, want)
        lock, waiting = self._locks.setdefault(name, (asyncio.Lock(), []))
        waiting.append(None)
        try:
            async with lock:
                return await self._delegate(parent, want, minimum, address, source, ingress)
        finally:
            waiting.pop()
            if not waiting:
                del self._locks[name]

    async def _delegate(
        self,
        parent: TokenData,
        want: Delegation,
        minimum: float | None,
        address: str,
        source: Source | None,
        ingress: Ingress | None,
    ) -> str | NotDelegated:
        now = self._clock.now()
        entry = self._mirror.entries.get(parent.key)
        if entry is None or not self._mirror.is_good(entry, now):
            return NotDelegated.OVER
        if minimum is not None and entry.expires - now < minimum:
            return NotDelegated.OVER
        found = self._find(entry, want, minimum, now)
        if found is not None:
            return found
        data = entry.data
        if self._making.is_full(data.username, spare=_spare(self._making.settings.max_per_user)):
            return NotDelegated.TOO_MANY
        child = TokenData(
            key=text.new_key(),
            username=data.username,
            type=want.type,
            scopes=rules.child_scopes(data, want),
            created=now,
            expires=rules.child_expiry(data, now, self._making.settings),
            service=want.service,
            parent=data.key,
            owner=data.owner,
            identity=data.identity,
        )
        try:
            made = await self._making.make(child, Actor(data.username, address, data, source), ingress)
        except StoreUnavailable:
            return NotDelegated.UNAVAILABLE
        # The parent may have ended, or lost a scope, while this was written: then the child is good for nothing.
        now_here = self._mirror.entries.get(child.key)
        is_good = now_here is not None and self._mirror.is_good(now_here, self._clock.now())
        return str(made) if is_good else NotDelegated.OVER


def _spare(most: int) -> int:
    return min(_SPARE, most // 2)
