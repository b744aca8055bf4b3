"""How sessions in use go on.

Use is marked in local memory and written down in the background, at most once per session in
`extend_every`, many sessions at a time. Only what was written down counts: a session whose
extension the store refuses keeps its old end.
"""

import asyncio
from dataclasses import replace

from yett.events import describe
from yett.sessions import encoding, events, rules
from yett.sessions.config import SessionSettings
from yett.sessions.endings import Endings
from yett.sessions.hooks import Hooks
from yett.sessions.mirror import Entry, Mirror
from yett.sessions.model import EndReason, Session
from yett.sessions.steady import SteadyTime
from yett.store import Consistency, Records

_AT_ONCE = 64


class Extension:
    """Lets sessions go on while they are used."""

    def __init__(
        self,
        records: Records,
        mirror: Mirror,
        hooks: Hooks,
        endings: Endings,
        settings: SessionSettings,
        time: SteadyTime,
    ) -> None:
        self._records = records
        self._mirror = mirror
        self._hooks = hooks
        self._endings = endings
        self._time = time
        self.use(settings)

    def use(self, settings: SessionSettings) -> None:
        """Go by these settings from now on."""
        self.idle = settings.idle_timeout.total_seconds()
        # Written down more rarely than this, a session in use could run out between two writes.
        self._mirror.extend_every = min(settings.extend_every.total_seconds(), self.idle / 4)

    async def extend(self, entry: Entry) -> Session | None:
        """Write down that a session was used, and until when it goes on; None when it is over.

        When a validator refuses, the use is written down and the end stays. StoreUnavailable
        leaves everything as it was.
        """
        now = self._time.now()
        session = entry.session
        verdict = rules.extension(session, seen=entry.seen, now=now, idle=self.idle)
        if verdict is rules.Over.CERTIFICATE_EXPIRED:
            self._endings.run_out(entry, EndReason.CERTIFICATE_EXPIRED)
            return None
        if verdict is rules.Over.EXPIRED:
            return None
        expires_at = verdict.expires_at
        if expires_at > session.expires_at and not await self._hooks.may_go_on(session):
            expires_at = session.expires_at
        new = replace(session, expires_at=expires_at, last_activity=max(session.last_activity, entry.seen))
        if new == session:
            return session
        return await self._write(entry, new, is_capped=verdict.is_capped)

    async def _write(self, entry: Entry, new: Session, *, is_capped: bool) -> Session | None:
        before = entry.session
        version = await self._records.replace(
            encoding.record_key(entry.digest),
            encoding.encode(new),
            version=entry.version,
            lifetime=new.expires_at - self._time.now(),
            consistency=Consistency.BEST_EFFORT,
        )
        if self._mirror.entries.get(entry.digest) is not entry:
            # Ended while we wrote; its deletion comes after our write, or made it fail.
            return None
        if version is None:
            return await self._read_again(entry)
        if version > entry.version:
            entry.update(new, version)
        if new.expires_at > before.expires_at:
            ttl = round(new.expires_at - self._time.now(), 3)
            events.extended(session=new.ref, module_key=new.module_key, ttl=ttl)
            if is_capped:
                events.capped_at_extension(session=new.ref, module_key=new.module_key, ttl=ttl)
        return new

    async def _read_again(self, entry: Entry) -> Session | None:
        """Another node wrote in between: take over what it wrote."""
        found = await self._records.get(encoding.record_key(entry.digest))
        if self._mirror.entries.get(entry.digest) is not entry:
            return None
        if found is None:
            self._endings.vanished(entry, rules.end_reason(entry.session, self._time.now()))
            return None
        try:
            session = encoding.decode(found.value)
        except (encoding.UnknownType, encoding.Unreadable):
            # The watch tells the operator of it; what was known of the session still holds.
            return entry.session
        entry.update(session, found.version)
        return session

    async def persist(self) -> None:
        """Write down all use that is due."""
        mirror = self._mirror
        if not mirror.unsaved:
            return
        due, mirror.unsaved = mirror.unsaved, []
        entries = list({entry.digest: entry for entry in self._with_parents(due)}.values())
        failed, last = 0, ""
        for start in range(0, len(entries), _AT_ONCE):
            some = entries[start : start + _AT_ONCE]
            answers = await asyncio.gather(*map(self.extend, some), return_exceptions=True)
            for entry, answer in zip(some, answers, strict=True):
                since = entry.session.last_activity
                if isinstance(answer, BaseException):
                    failed += 1
                    last = describe(answer)
                    since = self._time.now()
                entry.due = since + self._mirror.extend_every
        if failed:
            events.activity_not_persisted(sessions=failed, error=last)

    def _with_parents(self, entries: list[Entry]) -> list[Entry]:
        """Use of a session is use of the sign-on it hangs on, so that the two run out together."""
        found = list(entries)
        for entry in entries:
            parent = self._mirror.by_ref(entry.session.parent) if entry.session.parent else None
            if parent is not None and entry.seen > parent.seen:
                parent.seen = entry.seen
                if entry.seen >= parent.due:
                    found.append(parent)
        return [entry for entry in found if self._mirror.entries.get(entry.digest) is entry]
