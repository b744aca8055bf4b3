"""How sessions end: here at once, in the store as soon as it lets us.

A session is first dead in local memory, without waiting, and only then deleted from the store.
When the store does not take the deletion, it is tried again until it does.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from yett.events import describe
from yett.kernel import Supervisor
from yett.sessions import encoding, events
from yett.sessions.hooks import Hooks
from yett.sessions.index import Index
from yett.sessions.mirror import Entry, Mirror
from yett.sessions.model import Ended, EndReason, Session
from yett.sessions.steady import SteadyTime
from yett.store import Records, StoreUnavailable

_AT_ONCE = 64
"""Deletions in flight at a time: the store writes them in groups."""
_CLEANED_PER_TICK = 512
_BY_TIME = frozenset({EndReason.EXPIRED, EndReason.CERTIFICATE_EXPIRED})


@dataclass(frozen=True, slots=True)
class _Dead:
    """A session that is over here, and the tokens it had."""

    session: Session
    digests: frozenset[str]
    reason: EndReason

    @property
    def place(self) -> tuple[str, str, frozenset[str]]:
        """Where the store has it: ref, owner and digests."""
        return self.session.ref, self.session.module_key, self.digests


@dataclass(slots=True)
class _Undone:
    """A deletion that the store has still to take."""

    ref: str
    owner: str
    digests: set[str]
    running: int = 0
    is_told: bool = False


class Endings:
    """Ends sessions, together with those that hang on them."""

    def __init__(
        self,
        records: Records,
        index: Index,
        mirror: Mirror,
        hooks: Hooks,
        time: SteadyTime,
        tasks: Supervisor,
    ) -> None:
        self._records = records
        self._index = index
        self._mirror = mirror
        self._hooks = hooks
        self._time = time
        self._tasks = tasks
        self._undone: dict[str, _Undone] = {}
        self._unwanted: dict[str, Session] = {}
        self._unlisting: Counter[str] = Counter()
        """How many sessions of an owner are being struck off right now."""
        self._run_out: deque[_Dead] = deque()

    @property
    def undone(self) -> int:
        """How many deletions the store has still to take."""
        return len(self._undone) + len(self._unwanted)

    async def revoke(self, entries: Iterable[Entry], reason: EndReason) -> int:
        """End sessions and those that hang on them; how many ended."""
        dead = [each for entry in entries for each in self._drop(entry, reason)]
        for each in dead:
            # Noted first: whoever asked may go away before the store has answered.
            self._note(*each.place)
            events.revoked(session=each.session.ref, module_key=each.session.module_key, reason=each.reason)
        for start in range(0, len(dead), _AT_ONCE):
            some = dead[start : start + _AT_ONCE]
            await asyncio.gather(*(self.destroy(*each.place) for each in some))
        return len(dead)

    def _drop(self, entry: Entry, reason: EndReason) -> list[_Dead]:
        """Make a session dead here, and those that hang on it.

        What merely ran out takes nothing with it: no session outlives its sign-on anyway.
        """
        now = self._time.now()
        dead = []
        waiting = [(entry.session, reason)]
        while waiting:
            session, why = waiting.pop()
            entries = self._mirror.bury_session(session.ref, now)
            if not entries:
                continue
            newest = entries[-1].session
            dead.append(_Dead(newest, frozenset(each.digest for each in entries), why))
            if why not in _BY_TIME:
                waiting += [(c.session, EndReason.PARENT_ENDED) for c in self._mirror.children(session.ref)]
            self._hooks.tell_ended(Ended(newest, why))
        return dead

    def vanished(self, entry: Entry, reason: EndReason) -> None:
        """The store has let go of a token: it ran out, or another node ended it."""
        now = self._time.now()
        session = entry.session
        self._mirror.bury(entry.digest, now)
        if self._mirror.by_ref(session.ref) is not None:
            # Regenerated: the session lives on under its new token.
            return
        children = self._mirror.children(session.ref)
        self._mirror.bury_session(session.ref, now)
        if reason is not EndReason.REVOKED:
            self._say_run_out(session, reason)
        else:
            events.ended_elsewhere(session=session.ref, module_key=session.module_key)
        self._hooks.tell_ended(Ended(session, reason))
        if reason is EndReason.REVOKED and children:
            # The node that ended the sign-on may not have known all of these.
            self._tasks.run(self.revoke(children, EndReason.PARENT_ENDED), name="sessions.end_children")

    def end_orphan(self, entry: Entry) -> None:
        """A session turned up whose sign-on has been ended."""
        self._tasks.run(self.revoke((entry,), EndReason.PARENT_ENDED), name="sessions.end_orphan")

    def run_out(self, entry: Entry, reason: EndReason) -> None:
        """A session came to its end here; the store is cleaned up later."""
        for each in self._drop(entry, reason):
            self._say_run_out(each.session, reason)
            self._run_out.append(each)

    def _say_run_out(self, session: Session, reason: EndReason) -> None:
        if reason is EndReason.CERTIFICATE_EXPIRED:
            events.certificate_expired(session=session.ref, module_key=session.module_key)
        else:
            events.expired(session=session.ref, module_key=session.module_key, reason=reason)

    async def destroy(self, ref: str, owner: str, digests: Collection[str]) -> None:
        """Delete a session from the store: the tokens first, then the index, then what the index still listed.

        A token may be stored between the first and the second step by a regeneration elsewhere.
        It is listed before it is stored, and its maker looks again whether it is still listed, so
        either we see it here or its maker sees that it is not wanted.
        """
        await self._try(self._note(ref, owner, digests))

    async def discard_token(self, session: Session, digest: str) -> bool:
        """Delete one token of a session that lives on under another; False when that has to wait."""
        self._mirror.bury(digest, self._time.now())
        self._unwanted[digest] = session
        try:
            await self._records.delete(encoding.record_key(digest))
            await self._index.drop(session, digest, self._time.now())
        except StoreUnavailable:
            return False
        self._unwanted.pop(digest, None)
        return True

    def _note(self, ref: str, owner: str, digests: Collection[str]) -> _Undone:
        undone = self._undone.setdefault(ref, _Undone(ref, owner, set()))
        undone.digests.update(digests)
        return undone

    async def _try(self, undone: _Undone) -> None:
        now = self._time.now()
        for digest in undone.digests:
            self._mirror.bury(digest, now)
        undone.running += 1
        try:
            await self._delete(undone.ref, undone.owner, frozenset(undone.digests))
        except StoreUnavailable as problem:
            if not undone.is_told:
                undone.is_told = True
                events.deletion_not_broadcast(
                    session=undone.ref, module_key=undone.owner, error=describe(problem)
                )
        else:
            if undone.running == 1 and self._undone.get(undone.ref) is undone:
                del self._undone[undone.ref]
                if undone.is_told:
                    events.deletion_made_up_for(session=undone.ref, module_key=undone.owner)
        finally:
            undone.running -= 1

    async def _delete(self, ref: str, owner: str, digests: Collection[str]) -> None:
        self._unlisting[owner] += 1
        try:
            missing = {
                digest for digest in digests if not await self._records.delete(encoding.record_key(digest))
            }
            listed = await self._index.take(owner, ref)
            now = self._time.now()
            for digest in listed:
                if digest in missing or digest not in digests:
                    self._mirror.bury(digest, now)
                    await self._records.delete(encoding.record_key(digest))
        finally:
            self._unlisting[owner] -= 1
            is_last = not self._unlisting[owner]
            if is_last:
                del self._unlisting[owner]
        if listed:
            events.index_session_removed(session=ref, module_key=owner)
            if is_last and not self._mirror.has_owner(owner):
                events.index_deleted(module_key=owner)

    async def catch_up(self) -> None:
        """Try again what the store did not take; stops at the first that fails again."""
        for undone in [each for each in self._undone.values() if not each.running]:
            await self._try(undone)
            if undone.ref in self._undone:
                return
        for digest, session in list(self._unwanted.items()):
            if not await self.discard_token(session, digest):
                return

    async def clean_up(self) -> None:
        """Take sessions that ran out off the index. The store lets their records run out itself."""
        batch = [self._run_out.popleft() for _ in range(min(len(self._run_out), _CLEANED_PER_TICK))]
        for start in range(0, len(batch), _AT_ONCE):
            some = batch[start : start + _AT_ONCE]
            try:
                await asyncio.gather(*(self._delete(*each.place) for each in some))
            except StoreUnavailable as problem:
                events.index_not_cleaned(session=some[0].session.ref, error=describe(problem))
                return
