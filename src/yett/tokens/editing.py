"""Changing tokens: what they are called, may do, and when they end.

What becomes shorter makes those below shorter; what becomes longer leaves them as they are. Those below that
may do more than what they were made with from now on are ended.
"""

import asyncio
import dataclasses

from yett.kernel import Clock
from yett.store import StoreUnavailable
from yett.tokens import encoding, recording, rules, saying
from yett.tokens.config import TokensSettings
from yett.tokens.endings import Endings
from yett.tokens.following import Following
from yett.tokens.mirror import Mirror
from yett.tokens.model import UNCHANGED, Actor, Edit, Refusal, Refused, TokenData
from yett.tokens.shelf import NameTaken, Shelf

_TRIES = 16
NOT_FOUND = Refused(Refusal.NOT_FOUND, "Token not found", "key")


class Editing:
    """Changes tokens."""

    def __init__(
        self,
        shelf: Shelf,
        mirror: Mirror,
        following: Following,
        endings: Endings,
        settings: TokensSettings,
        clock: Clock,
    ) -> None:
        self._endings = endings
        self._shelf = shelf
        self._mirror = mirror
        self._following = following
        self._clock = clock
        self.settings = settings
        self._locks: dict[str, tuple[asyncio.Lock, list[None]]] = {}

    async def edit(self, data: TokenData, edit: Edit, actor: Actor) -> TokenData | Refused:
        """Change a token; how it is now, or why it is as it was."""
        fault = rules.edit_fault(actor, data, edit, self.settings, self._clock.now())
        if fault is not None:
            return fault
        try:
            new = await self._in_turn(data.key, edit, actor)
            if new is None:
                return NOT_FOUND
            await self._follow(new, actor)
        except NameTaken:
            return Refused(Refusal.DUPLICATE_NAME, "Token name already used", "token_name")
        except (StoreUnavailable, encoding.Unreadable):
            return Refused(Refusal.UNAVAILABLE, "This does not work at the moment; try again")
        return new

    async def _in_turn(self, key: str, edit: Edit, actor: Actor) -> TokenData | None:
        """Change one token one by one: what one lets go of, the next may just be taking."""
        lock, waiting = self._locks.setdefault(key, (asyncio.Lock(), []))
        waiting.append(None)
        try:
            async with lock:
                entry = self._mirror.entries.get(key)
                return None if entry is None else await self._rename_and_change(entry.data, edit, actor)
        finally:
            waiting.pop()
            if not waiting:
                del self._locks[key]

    async def _rename_and_change(self, data: TokenData, edit: Edit, actor: Actor) -> TokenData | None:
        name = edit.token_name
        if name is None or name == data.token_name:
            return await self._change(data.key, edit, actor, is_wanted=True)
        await self._shelf.rename(data, name)
        # If this fails, nobody knows which name it has: both stay taken until somebody finds out.
        new = await self._change(data.key, edit, actor, is_wanted=True)
        await self._shelf.free(data, data.token_name if new is not None else name)
        return new

    async def _change(
        self, key: str, edit: Edit, actor: Actor, *, is_wanted: bool = False
    ) -> TokenData | None:
        """Write the change, and its entry with it; None when there is no such token any more.

        The record is told of what somebody wanted, not of what follows from it.
        """
        for _ in range(_TRIES):
            found = await self._shelf.settle(key)
            if found is None:
                return None
            old = found.stored.data
            expires = old.expires
            if edit.expires is not UNCHANGED:
                expires = None if edit.expires is None else float(int(edit.expires))
            new = dataclasses.replace(
                old,
                token_name=old.token_name if edit.token_name is None else edit.token_name,
                scopes=old.scopes if edit.scopes is None else edit.scopes,
                expires=expires,
            )
            if new == old:
                return old
            entry = recording.edit_of(old, new, actor, self._clock.now())
            changed = dataclasses.replace(found.stored, data=new, unlogged=entry)
            written = await self._shelf.change(changed, found.version)
            if written is None:
                continue
            # From here on it is in force; what fails now is finished later.
            self._mirror.adopt(written.stored, written.version)
            if is_wanted:
                saying.modified(new, actor)
            self._following.unsettled.add(key)
            settled = await self._shelf.settle(key)
            self._following.unsettled.discard(key)
            if settled is not None:
                self._mirror.adopt(settled.stored, settled.version)
            return new
        raise StoreUnavailable("a token was changed again and again")

    async def _follow(self, parent: TokenData, actor: Actor) -> None:
        """Let no token below last longer, or do more."""
        for entry in self._mirror.below(parent.key):
            if not entry.data.scopes <= parent.scopes:
                await self._endings.delete(entry, actor)
            elif parent.expires is not None and entry.expires > parent.expires:
                await self._change(entry.data.key, Edit(expires=parent.expires), actor)
