"""How tokens end: by somebody's wish, with their user, with their session, and by time.

Who asks for the end of a token is answered when the store has it, and nothing is over before that. What has to be
over at once (somebody is gone, a session ended) is first dead in local memory, and then in the store as soon as
it lets us.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from yett.events import describe
from yett.kernel import Clock
from yett.store import StoreUnavailable
from yett.tokens import encoding, events, recording, rules, saying
from yett.tokens.following import Following
from yett.tokens.mirror import Entry, Mirror
from yett.tokens.model import INTERNAL, Actor, Change, TokenData
from yett.tokens.shelf import Shelf

_IN_A_ROW = 500
_AT_ONCE = 512
"""Ends by time that one look takes care of."""


class Endings:
    """Ends tokens, together with those that were made with them."""

    def __init__(self, shelf: Shelf, mirror: Mirror, following: Following, clock: Clock) -> None:
        self._shelf = shelf
        self._mirror = mirror
        self._following = following
        self._clock = clock
        self._undone: dict[str, tuple[TokenData, Actor]] = {}

    @property
    def undone(self) -> int:
        """How many ends the store has still to take."""
        return len(self._undone)

    async def delete(self, entry: Entry, actor: Actor) -> bool:
        """End a token and those below it, the deepest first; whether it was this call that ended it.

        Raises StoreUnavailable; what ended until then stays so.
        """
        for below in self._mirror.below(entry.data.key):
            await self._end(below.data, Change.REVOKE, actor)
        return await self._end(entry.data, Change.REVOKE, actor)

    async def drop(self, entries: Iterable[Entry], actor: Actor = INTERNAL) -> int:
        """End tokens at once, whatever the store says; how many there were."""
        dead = self.bury(entries, actor)
        await self.catch_up(dead)
        return len(dead)

    def bury(self, entries: Iterable[Entry], actor: Actor = INTERNAL) -> list[str]:
        """The part of it that does not wait: from now on they are over here. The keys of those that were not."""
        dead = []
        now = self._clock.now()
        for entry in entries:
            for each in (*self._mirror.below(entry.data.key), entry):
                if self._mirror.bury(each.data.key, now) is not None:
                    self._undone[each.data.key] = (each.data, actor)
                    dead.append(each.data.key)
        return dead

    async def disown(self, data: TokenData) -> None:
        """End a token that was written down when what it hangs on had ended already."""
        self._undone[data.key] = (data, INTERNAL)
        await self.catch_up([data.key])

    async def look(self) -> None:
        """What is done in the background: finish what was interrupted, and end what is over."""
        await self.catch_up(list(self._undone))
        try:
            await self._settle_all()
            await self._expire()
        except StoreUnavailable as problem:
            events.end_not_stored(tokens=len(self._undone), error=describe(problem))
            return
        self._mirror.forget_buried(self._clock.now())

    async def _end(self, data: TokenData, change: Change, actor: Actor) -> bool:
        key = data.key
        entry = recording.entry_of(data, change, actor, self._clock.now())

        def is_due(found: TokenData) -> bool:
            # Another node may just have given it more time.
            return change is not Change.EXPIRE or rules.is_over(found.expires, self._clock.now())

        try:
            is_ours = await self._shelf.end(key, entry, is_due=is_due)
        except encoding.Unreadable as problem:
            events.record_unreadable(token_key=key, error=describe(problem))
            self._mirror.bury(key, self._clock.now())
            return False
        if is_ours is None:
            await self._following.renew(key)
            return False
        self._mirror.bury(key, self._clock.now())
        if is_ours:
            if change is Change.EXPIRE:
                events.token_expired(user=data.username, token_type=data.type, token=key)
            else:
                saying.deleted(data, actor)
        # From here on it is over; if the rest fails, it is done later.
        self._following.unsettled.add(key)
        await self._shelf.settle(key)
        self._following.unsettled.discard(key)
        return is_ours

    async def catch_up(self, keys: Iterable[str]) -> None:
        """Tell the store of what is over here; what it does not take is tried again."""
        for key in keys:
            found = self._undone.get(key)
            if found is None:
                continue
            try:
                await self._end(found[0], Change.REVOKE, found[1])
            except StoreUnavailable as problem:
                events.end_not_stored(tokens=len(self._undone), error=describe(problem))
                return
            self._undone.pop(key, None)

    async def _settle_all(self) -> None:
        for key in list(self._following.unsettled):
            # One that cannot be read stays as it is, for whoever can; it is good for nothing here.
            with contextlib.suppress(encoding.Unreadable):
                await self._shelf.settle(key)
            self._following.unsettled.discard(key)

    async def _expire(self) -> None:
        over = self._mirror.run_out(self._clock.now(), _AT_ONCE)
        # Children end when their parents do, or before: the deepest are the youngest.
        over.sort(key=lambda entry: (entry.expires, -entry.data.created))
        for entry in over:
            await self._end(entry.data, Change.EXPIRE, INTERNAL)

    async def sweep(self, is_grant_live: Callable[[str], bool] | None = None) -> None:
        """End what is good for nothing any more: tokens whose parent is gone, or their session, or their grant.

        Those who hear of it end them at once; this is for what nobody heard of.
        """
        left = []
        for number, entry in enumerate(self._mirror):
            if number % _IN_A_ROW == _IN_A_ROW - 1:
                # There may be a hundred thousand, and requests are not to wait for all of them.
                await asyncio.sleep(0)
            data = entry.data
            is_left = self._mirror.is_left(data)
            if data.grant and is_grant_live is not None and entry.expires > self._clock.now():
                is_left = is_left or not is_grant_live(data.grant)
            if is_left and not self._is_young(entry):
                left.append(entry)
        await self.drop(left)

    def _is_young(self, entry: Entry) -> bool:
        """Whether the news of what it rests on may still be on its way."""
        return entry.data.created > self._clock.now() - 60.0
