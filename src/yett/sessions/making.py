"""How sessions come to be.

The order of steps is what `service` promises: listed, stored, looked at again.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import NoReturn

from yett.events import describe
from yett.kernel import new_id
from yett.sessions import encoding, events, rules
from yett.sessions.config import SessionSettings
from yett.sessions.endings import Endings
from yett.sessions.following import Following
from yett.sessions.hooks import Hooks
from yett.sessions.index import Index
from yett.sessions.mirror import Entry, Mirror
from yett.sessions.model import (
    PROVING,
    EndReason,
    Issued,
    Refusal,
    Session,
    SessionNotCreated,
    SessionType,
)
from yett.sessions.steady import SteadyTime
from yett.store import Records, StoreUnavailable

TWICE = "the random source gave a value that is in use"


class Making:
    """Makes sessions."""

    def __init__(
        self,
        records: Records,
        index: Index,
        mirror: Mirror,
        hooks: Hooks,
        endings: Endings,
        following: Following,
        settings: SessionSettings,
        time: SteadyTime,
        new_token: Callable[[], str],
    ) -> None:
        self._records = records
        self._index = index
        self._mirror = mirror
        self._hooks = hooks
        self._endings = endings
        self._following = following
        self._settings = settings
        self._time = time
        self._new_token = new_token
        self._has_warned = False

    def use(self, settings: SessionSettings) -> None:
        self._settings = settings

    async def create(
        self,
        kind: SessionType,
        module_key: str,
        *,
        audience: str,
        metadata: Mapping[str, str],
        parent: str,
        lifetime: timedelta | None,
        certificate_not_after: float | None,
    ) -> Issued:
        """See `Sessions.create`."""
        rules.check(module_key, audience, metadata)
        above = await self._parent(module_key, parent) if parent else None
        now = self._time.now()
        if parent and (above is None or not rules.is_live(above.session, now)):
            _refuse(kind, module_key, Refusal.PARENT_ENDED)
        span = rules.capped_span(
            kind,
            self._settings,
            now=now,
            lifetime=lifetime.total_seconds() if lifetime is not None else None,
            parent=above.session if above is not None else None,
            certificate_not_after=certificate_not_after,
        )
        if span is None:
            _refuse(kind, module_key, Refusal.NO_LIFETIME)
        token = self._token(module_key)
        session = Session(
            ref=new_id(),
            type=kind,
            module_key=module_key,
            audience=audience,
            created_at=now,
            expires_at=span.expires_at,
            ends_at=span.ends_at,
            last_activity=now,
            parent=parent,
            metadata=MappingProxyType(dict(metadata)),
            certificate_not_after=certificate_not_after,
        )
        entry = await self._keep(session, encoding.digest(token))
        if parent and self._mirror.is_session_buried(parent):
            await self._endings.revoke((entry,), EndReason.PARENT_ENDED)
            _refuse(kind, module_key, Refusal.PARENT_ENDED)
        self._say_created(session, is_capped=span.is_capped)
        self._hooks.tell_created(session)
        await self._make_room(session)
        return Issued(token, session)

    async def _parent(self, module_key: str, ref: str) -> Entry | None:
        """The session to hang on; from the store when it was made on another node a moment ago."""
        known = self._mirror.by_ref(ref)
        if known is not None or self._mirror.is_session_buried(ref):
            return known
        try:
            for digest in (await self._index.of_owner(module_key)).get(ref, ()):
                entry = await self._following.fetch(digest)
                if entry is not None:
                    return entry
        except StoreUnavailable as problem:
            events.lookup_failed(error=describe(problem))
        return None

    def _token(self, module_key: str) -> str:
        try:
            return self._new_token()
        except OSError as problem:
            events.id_not_generated(module_key=module_key, error=describe(problem))
            raise SessionNotCreated(Refusal.NO_ID) from problem

    async def _keep(self, session: Session, digest: str) -> Entry:
        """List and store a session, and make sure that nobody ended it meanwhile."""
        owner = session.module_key
        now = self._time.now()
        try:
            is_listed = await self._index.create(session, digest, now)
        except StoreUnavailable as problem:
            events.index_not_updated(module_key=owner, error=describe(problem))
            raise SessionNotCreated(Refusal.NOT_INDEXED) from problem
        try:
            version = await encoding.store(self._records, session, digest, now) if is_listed else None
        except StoreUnavailable as problem:
            events.session_not_stored(module_key=owner, error=describe(problem))
            await self._endings.destroy(session.ref, owner, (digest,))
            raise SessionNotCreated(Refusal.NOT_STORED) from problem
        if version is None:
            # The record belongs to another session: only our entry of the index may go.
            events.id_not_generated(module_key=owner, error=TWICE)
            await self._unlist(session)
            raise SessionNotCreated(Refusal.NO_ID)
        try:
            is_listed = digest in await self._index.digests(session)
        except StoreUnavailable as problem:
            events.index_not_updated(module_key=owner, error=describe(problem))
            await self._endings.destroy(session.ref, owner, (digest,))
            raise SessionNotCreated(Refusal.NOT_INDEXED) from problem
        entry = self._mirror.adopt(digest, session, version) if is_listed else None
        if entry is None:
            await self._endings.destroy(session.ref, owner, (digest,))
            _refuse(session.type, owner, Refusal.REVOKED)
        return entry

    async def _unlist(self, session: Session) -> None:
        try:
            await self._index.take(session.module_key, session.ref)
        except StoreUnavailable as problem:
            events.index_not_cleaned(session=session.ref, error=describe(problem))

    def _say_created(self, session: Session, *, is_capped: bool) -> None:
        ttl = round(session.expires_at - session.created_at, 3)
        if not self._records.is_durable and not self._has_warned:
            # Once for each start: it does not get truer by being said at every sign-in.
            self._has_warned = True
            events.not_durable()
        if is_capped:
            events.capped_at_creation(session=session.ref, module_key=session.module_key, ttl=ttl)
        events.created(
            session=session.ref,
            type=session.type,
            module_key=session.module_key,
            ttl=ttl,
            host=session.audience,
            parent=session.parent,
        )

    async def _make_room(self, session: Session) -> None:
        """End what the owner has used least when there is one too many."""
        most = self._settings.max_per_user
        entries = self._mirror.of_owner(session.module_key)
        if session.type not in PROVING or len(entries) <= most:
            return
        others = [entry.as_seen() for entry in entries if entry.session.ref != session.ref]
        for old in rules.superseded(others, session.type, most):
            entry = self._mirror.by_ref(old.ref)
            if entry is not None:
                await self._endings.revoke((entry,), EndReason.SUPERSEDED)


def _refuse(kind: SessionType, module_key: str, reason: Refusal) -> NoReturn:
    events.refused(type=kind, module_key=module_key, reason=reason)
    raise SessionNotCreated(reason)
