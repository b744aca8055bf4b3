"""The sessions of everybody, in the store and in local memory.

A token is 256 random bits. It is given out once and kept nowhere: what is stored, and what local
memory finds a session by, is its SHA-256. The store holds a record for each token and an index
of each owner's sessions.

What must stay true, whatever fails or happens at the same time:
  a token that is accepted is listed in the index, so revoking everything of somebody finds it;
  a session that was ended is never accepted again.
So a token is listed before it is stored, and afterwards its maker looks whether it still is; who
ends a session deletes what is stored, strikes it off the index, and then deletes what was listed.
A session that was acknowledged is written down.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta

from yett.events import describe
from yett.kernel import Clock, Signal, Supervisor, new_secret
from yett.sessions import encoding, events, rules
from yett.sessions.annotation import Annotation
from yett.sessions.config import SessionSettings
from yett.sessions.endings import Endings
from yett.sessions.extension import Extension
from yett.sessions.following import Following
from yett.sessions.hooks import CreateCallback, DeleteCallback, DeleteV2Callback, ExtendValidator, Hooks
from yett.sessions.index import Index
from yett.sessions.making import Making
from yett.sessions.mirror import NEVER, Entry, Mirror
from yett.sessions.model import NOTHING, Ended, EndReason, Issued, Session, SessionType
from yett.sessions.regeneration import Regeneration
from yett.sessions.steady import SteadyTime
from yett.store import Records, StoreUnavailable

_TICK = 1.0
_MARGIN = 5.0
"""Seconds before its end at which use of a session that was not written down yet is."""

_sha256 = hashlib.sha256
_VALIDATED = events.validated.declaration


class Sessions:
    """Issues, recognises, extends, regenerates and revokes sessions. Start before use."""

    def __init__(
        self,
        records: Records,
        settings: SessionSettings,
        clock: Clock,
        tasks: Supervisor,
        *,
        new_token: Callable[[], str] = new_secret,
    ) -> None:
        self._tasks = tasks
        self._monotonic = clock.monotonic
        self._time = SteadyTime(clock)
        self._mirror = Mirror()
        self._hooks = Hooks()
        index = Index(records)
        self._index = index
        self._endings = Endings(records, index, self._mirror, self._hooks, self._time, tasks)
        self._extension = Extension(records, self._mirror, self._hooks, self._endings, settings, self._time)
        self._following = Following(records, index, self._mirror, self._endings, self._extension, self._time)
        self._making = Making(
            records,
            index,
            self._mirror,
            self._hooks,
            self._endings,
            self._following,
            settings,
            self._time,
            new_token,
        )
        self._annotation = Annotation(records, self._mirror, self._time)
        self._regeneration = Regeneration(
            records, index, self._mirror, self._endings, self._following, self._time, new_token
        )
        self._running: list[asyncio.Task[None]] = []

    @property
    def created(self) -> Signal[Session]:
        """Told on the node that made the session, before its token is given out."""
        return self._hooks.created

    @property
    def ended(self) -> Signal[Ended]:
        """Told on every node that knew the session, at the moment it is no longer accepted there."""
        return self._hooks.ended

    def on_create(self, name: str, callback: CreateCallback) -> None:
        """Call back with each session made here."""
        self._hooks.on_create(name, callback)

    def on_delete(self, name: str, callback: DeleteCallback) -> None:
        """Call back with ref and owner of each session that ends."""
        self._hooks.on_delete(name, callback)

    def on_delete_v2(self, name: str, callback: DeleteV2Callback) -> None:
        """Call back with each session that ends, and why."""
        self._hooks.on_delete_v2(name, callback)

    def add_extend_validator(self, name: str, validator: ExtendValidator) -> None:
        """Ask this too whenever a session would go on. It may wait; failing is refusing."""
        self._hooks.add_extend_validator(name, validator)

    def use(self, settings: SessionSettings) -> None:
        """Go by these settings from now on. Sessions keep the end they have."""
        self._extension.use(settings)
        self._making.use(settings)

    async def start(self) -> None:
        """Load every session and follow the store from now on. Raises StoreUnavailable."""
        await self._following.open()
        self._running = [
            self._tasks.keep(self._following.follower.follow, name="sessions.follow"),
            self._tasks.every(_TICK, self.tick, name="sessions.tick"),
        ]

    async def stop(self) -> None:
        """Write down what is due, whether or not it is late, and stop following."""
        await self._following.follower.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running = []
        self._mirror.unsaved += [entry for entry in self._mirror.all() if entry.is_unsaved]
        await self._extension.persist()
        await self._endings.catch_up()

    async def tick(self) -> None:
        """What is done in the background every second."""
        now = self._time.now()
        for entry in self._mirror.run_out(now, _MARGIN):
            self._endings.run_out(entry, rules.end_reason(entry.session, now))
        await self._extension.persist()
        await self._endings.catch_up()
        await self._endings.clean_up()
        self._mirror.forget_buried(now)

    async def create(
        self,
        type: SessionType,  # noqa: A002 - what it is called wherever sessions are spoken of
        module_key: str,
        *,
        audience: str,
        metadata: Mapping[str, str] = NOTHING,
        parent: str = "",
        lifetime: timedelta | None = None,
        certificate_not_after: float | None = None,
    ) -> Issued:
        """Make a session. It is written down, indexed and known here before this returns.

        Raises SessionNotCreated, after which nothing of it is left, or ValueError for an owner,
        audience or metadata that no session can have.
        """
        return await self._making.create(
            type,
            module_key,
            audience=audience,
            metadata=metadata,
            parent=parent,
            lifetime=lifetime,
            certificate_not_after=certificate_not_after,
        )

    def peek(
        self,
        token: str | bytes,
        audience: str,
        type: SessionType | None = None,  # noqa: A002 - as above
    ) -> Session | None:
        """The session of a token, if it is live, known on this node and good for this host.

        Never waits. Without a type only a session that proves a person will do. Marks the use.
        """
        entry = self.recognise(token)
        return None if entry is None else self.look(entry, audience, type)

    def recognise(self, token: str | bytes) -> Entry | None:
        """Whatever this node knows by a token. For those who see the same token again and again: see `look`."""
        if len(token) > rules.MAX_TOKEN:
            return None
        raw = token if token.__class__ is bytes else token.encode(errors="replace")  # type: ignore[union-attr]
        return self._mirror.entries.get(_sha256(raw).hexdigest())

    def look(
        self,
        entry: Entry,
        audience: str,
        type: SessionType | None = None,  # noqa: A002 - as above
    ) -> Session | None:
        """What `peek` says about the token that was recognised: also when its session has ended since then."""
        if self._mirror.entries.get(entry.digest) is not entry or entry.audience != audience:
            return None
        if not entry.proves if type is None else entry.session.type is not type:
            return None
        now = self._monotonic() + self._time.ahead
        if now >= entry.expires_at:
            return None
        entry.seen = now
        if now >= entry.due:
            entry.due = NEVER
            self._mirror.unsaved.append(entry)
        session = entry.session
        if _VALIDATED.enabled:
            events.validated(session.ref, session.type, session.module_key)
        return session

    def attend(self, ref: str) -> Session | None:
        """The live session with this handle, as far as this node knows it. Marks the use.

        For what rests on a session and is recognised by something else than its token.
        """
        entry = self._mirror.by_ref(ref)
        return None if entry is None else self.look(entry, entry.audience, entry.session.type)

    async def validate(
        self,
        token: str | bytes,
        *,
        audience: str | None,
        type: SessionType | None = None,  # noqa: A002 - as above
    ) -> Session | None:
        """The same, asking the store for a session that this node does not know yet. None when it cannot be asked.

        Without an audience, a session for any host will do.
        """
        entry = await self._find(token)
        if entry is None or not rules.is_for(entry.session, audience, type):
            return None
        return self.peek(token, entry.audience, entry.session.type)

    async def _find(self, token: str | bytes) -> Entry | None:
        if not 0 < len(token) <= rules.MAX_TOKEN:
            return None
        digest = encoding.digest(token)
        known = self._mirror.entries.get(digest)
        if known is not None or self._mirror.is_unknown(digest, self._time.now()):
            return known
        try:
            found = await self._following.fetch(digest)
        except StoreUnavailable as problem:
            events.lookup_failed(error=describe(problem))
            return None
        if found is None:
            self._mirror.miss(digest, self._time.now())
        return found

    async def extend(self, token: str | bytes) -> Session | None:
        """Let a session go on because it is used now; None when it is over, or may not go on.

        Use found by `peek` does this by itself, in the background.
        """
        entry = await self._find(token)
        if entry is None:
            return None
        before = entry.session
        entry.seen = max(entry.seen, self._time.now())
        try:
            return await self._extension.extend(entry)
        except StoreUnavailable as problem:
            events.extension_not_stored(session=before.ref, error=describe(problem))
            return None

    async def annotate(self, ref: str, metadata: Mapping[str, str]) -> Session | None:
        """Write more into a session, in place of what it kept under the same names; None when it is over.

        Raises StoreUnavailable, after which it is as it was, and ValueError for what no session can have.
        """
        return await self._annotation.annotate(ref, metadata)

    async def regenerate(self, token: str | bytes) -> Issued | None:
        """The same session under a new token; the old one is dead. None when there is no such session.

        Of any number of callers with one token exactly one gets a new one. None also when the
        store failed: either the old token is still good or the session is gone.
        """
        return await self._regeneration.regenerate(token)

    async def revoke(self, ref: str) -> bool:
        """End a session and those that hang on it; whether there was one.

        It is dead here when this returns, and in the store unless that is out of reach; then the
        deletion is tried again until it succeeds.
        """
        entry = self._mirror.by_ref(ref)
        if entry is None:
            entry = await self._seek(ref)
        return entry is not None and await self._endings.revoke((entry,), EndReason.REVOKED) > 0

    async def revoke_token(self, token: str | bytes) -> bool:
        """End the session of a token, as at sign-out; whether there was one."""
        entry = await self._find(token)
        return entry is not None and await self._endings.revoke((entry,), EndReason.REVOKED) > 0

    async def revoke_all(self, module_key: str) -> int:
        """End everything of one owner; how many sessions there were."""
        count = await self._endings.revoke(self._mirror.of_owner(module_key), EndReason.REVOKED)
        try:
            count += await self._revoke_listed(module_key)
        except StoreUnavailable as problem:
            events.index_unavailable(module_key=module_key, error=describe(problem))
        events.all_revoked(module_key=module_key, sessions=count)
        return count

    async def _revoke_listed(self, module_key: str) -> int:
        """End what the index still lists: sessions unknown here, or in the making on another node."""
        count = 0
        for ref, digests in (await self._index.of_owner(module_key)).items():
            found = [await self._following.fetch(digest) for digest in digests]
            entries = [entry for entry in found if entry is not None]
            count += await self._endings.revoke(entries, EndReason.REVOKED)
            if not entries:
                await self._endings.destroy(ref, module_key, digests)
        return count

    async def _seek(self, ref: str) -> Entry | None:
        """A session that only the store knows, by its ref."""
        try:
            for key, digests in (await self._index.all()).items():
                if key.endswith(f"/{ref}"):
                    for digest in digests:
                        entry = await self._following.fetch(digest)
                        if entry is not None:
                            return entry
        except StoreUnavailable as problem:
            events.lookup_failed(error=describe(problem))
        return None

    @property
    def count(self) -> int:
        """How many sessions this node knows; some may have expired within the last second."""
        return len(self._mirror)

    def find(self, ref: str) -> Session | None:
        """The live session with this handle, if this node knows it. Never waits, and is no use of it."""
        entry = self._mirror.by_ref(ref)
        if entry is None or not rules.is_live(entry.session, self._time.now()):
            return None
        return entry.as_seen()

    def is_live(self, ref: str) -> bool:
        """Whether there is such a session, and it is not over. Never waits, and is no use of it."""
        entry = self._mirror.by_ref(ref)
        return entry is not None and rules.is_live(entry.session, self._time.now())

    def live(self, module_key: str | None = None) -> list[Session]:
        """Every live session, or those of one owner, oldest first."""
        now = self._time.now()
        entries = self._mirror.all() if module_key is None else self._mirror.of_owner(module_key)
        found = [entry.as_seen() for entry in entries if rules.is_live(entry.session, now)]
        return sorted(found, key=lambda session: (session.created_at, session.ref))
