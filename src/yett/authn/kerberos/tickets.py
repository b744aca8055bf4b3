"""Tickets that are kept for people's sessions: sealed in the store, lent as files, renewed, revoked.

What must stay true: a ticket is there for a session of its person that is live, and for nothing else;
whoever asks for it names that session. Each piece is sealed together with the name of its record, so
a copy that somebody moved to another session's place does not open there.
"""

import asyncio
import base64
import math
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from yett.authn.kerberos import events, programs
from yett.authn.kerberos.ccache import MAX_CACHE, About, read_cache
from yett.authn.kerberos.config import KerberosSettings
from yett.authn.kerberos.folder import Folder
from yett.authn.kerberos.model import Denial, Held, Ticket
from yett.events import describe
from yett.kernel import Clock, Supervisor
from yett.keys import MasterKey, Sealer
from yett.sessions import PROVING, Ended, Session
from yett.store import Record, Records, StoreUnavailable

_PREFIX = "kerberos/tickets/"
_PIECE = 8 * 1024
"""Characters of a cache that one seal holds; the ticket of somebody in many groups takes several."""


class Live(Protocol):
    """The part of the session service that says which sessions there are."""

    def live(self, module_key: str | None = None) -> list[Session]: ...


class Tickets:
    """Keeps them by person and sign-on session."""

    def __init__(
        self,
        settings: KerberosSettings,
        records: Records,
        master: MasterKey,
        sessions: Live,
        folder: Folder,
        tasks: Supervisor,
        clock: Clock,
        environ: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._records = records
        self._sealer = Sealer(master, "kerberos/tickets")
        self._sessions = sessions
        self._folder = folder
        self._tasks = tasks
        self._clock = clock
        self._environ = environ
        self._files: dict[str, list[Path]] = {}
        """The files that were written for a session, by its reference."""

    def configure(self, settings: KerberosSettings) -> None:
        """Other settings from now on."""
        self._settings = settings

    # Keeping and lending.

    async def keep(self, session: Session, ticket: Ticket) -> bool:
        """Keep a ticket as long as it is good and its session lasts."""
        user, ref = session.module_key, session.ref
        key = _key(user, ref)
        lifetime = self._lifetime_of(ticket)
        if lifetime <= 0 or len(ticket.cache) > MAX_CACHE:
            events.not_kept(user=user, session=ref, error="it is over, or too large")
            return False
        try:
            await self._records.put(key, self._seal(key, ticket), lifetime=lifetime)
        except (StoreUnavailable, ValueError) as problem:
            events.not_kept(user=user, session=ref, error=describe(problem))
            return False
        if self._session(ref) is None:
            # It ended while we wrote, and whoever told us of that found nothing to delete.
            await self._records.delete(key)
            return False
        events.kept(user=user, session=ref)
        return True

    async def access(self, ref: str) -> Held | Denial:
        """The ticket of a session that is live: of a sign-on, or of an application under one."""
        session = self._session(ref)
        denial = Denial.NO_SESSION
        if session is not None:
            sign_on = session.parent or session.ref
            try:
                found = await self._load(_key(session.module_key, sign_on))
            except StoreUnavailable:
                denial = Denial.UNAVAILABLE
            else:
                if found is not None:
                    return Held(session.module_key, sign_on, found[0])
                denial = Denial.NO_TICKET
        events.access_denied(session=ref[:64], reason=denial)
        return denial

    async def write_file(self, ref: str) -> Path | Denial:
        """A credential cache for a program that needs one; it is deleted when the session ends."""
        held = await self.access(ref)
        if isinstance(held, Denial):
            return held
        try:
            path = await asyncio.to_thread(self._folder.write_cache, held.ticket.cache)
        except OSError:
            return Denial.UNAVAILABLE
        self._files.setdefault(held.session, []).append(path)
        if self._session(held.session) is None:
            self._unlink(held.session)
            events.access_denied(session=ref[:64], reason=Denial.NO_SESSION)
            return Denial.NO_SESSION
        events.file_created(user=held.user, session=held.session, file=str(path))
        return path

    async def list(self) -> list[Held]:
        """Everything that is kept. Raises StoreUnavailable."""
        found = []
        for key, record in await self._records.list(_PREFIX):
            user, _, ref = key.removeprefix(_PREFIX).rpartition("/")
            ticket = self._open(key, record)
            if ticket is not None:
                found.append(Held(user, ref, ticket))
        return found

    # Ending.

    def forget(self, ended: Ended) -> None:
        """A session has ended: so does what hangs on it."""
        ref = ended.session.ref
        self._unlink(ref)
        if self._settings.enabled and not ended.session.parent and ended.session.type in PROVING:
            self._tasks.run(self.revoke(ended.session.module_key, ref), name="kerberos.forget")

    async def revoke(self, user: str, ref: str) -> bool:
        """Delete the ticket of a session; whether there was one. Raises StoreUnavailable."""
        self._unlink(ref)
        if await self._records.take(_key(user, ref)) is None:
            return False
        events.revoked(user=user, session=ref)
        return True

    async def revoke_user(self, user: str) -> int:
        """Delete every ticket of a person; how many there were. Raises StoreUnavailable."""
        count = 0
        for key, _ in await self._records.list(f"{_PREFIX}{user}/"):
            count += await self.revoke(user, key.rpartition("/")[2])
        events.user_revoked(user=user, tickets=count)
        return count

    # Renewing.

    async def refresh_due(self) -> None:
        """Renew what is near its end and may be renewed."""
        try:
            held = await self.list()
        except StoreUnavailable:
            return
        now, before = self._clock.now(), self._settings.refresh_before.total_seconds()
        for each in held:
            ticket = each.ticket
            if now < ticket.expires_at <= now + before and ticket.renewable_until > ticket.expires_at:
                await self.refresh(each.user, each.session)

    async def refresh(self, user: str, ref: str) -> bool:
        """Renew the ticket of a session at the KDC; the old one stays where that fails."""
        key = _key(user, ref)
        try:
            error = await self._refresh(key, ref)
        except (StoreUnavailable, OSError, ValueError) as problem:
            error = describe(problem)
        if error:
            events.not_refreshed(user=user, session=ref, error=error)
            return False
        events.refreshed(user=user, session=ref)
        return True

    async def _refresh(self, key: str, ref: str) -> str:
        """Renew, and say what went wrong; empty when nothing did."""
        found = await self._load(key)
        if found is None:
            return "there is no ticket"
        ticket, version = found
        with self._folder.cache(ticket.cache) as path:
            ended = await programs.run(self._settings.kinit, ("-R", "-c", f"FILE:{path}"), (), self._environ)
            if isinstance(ended, programs.NotRun):
                return ended.error
            if ended.code != 0:
                return " ".join(ended.output.split())[:300]
            renewed = ticket_in(await asyncio.to_thread(path.read_bytes))
        if renewed is None or renewed.principal != ticket.principal:
            return "what kinit wrote is not the same person's ticket"
        lifetime = self._lifetime_of(renewed)
        if lifetime <= 0:
            return "the new ticket is over already"
        sealed = self._seal(key, renewed)
        if await self._records.replace(key, sealed, version=version, lifetime=lifetime) is None:
            return "it was revoked or renewed meanwhile"
        for path in self._files.get(ref, ()):
            await asyncio.to_thread(self._folder.replace_cache, path, renewed.cache)
        return ""

    # Sealing.

    def _seal(self, key: str, ticket: Ticket) -> bytes:
        text = base64.b64encode(ticket.cache).decode("ascii")
        pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
        mark = secrets.token_hex(8)
        return b".".join(
            self._sealer.seal(
                {"key": key, "mark": mark, "piece": f"{number}/{len(pieces)}", "cache": piece},
                expires_at=ticket.expires_at,
            ).encode("ascii")
            for number, piece in enumerate(pieces, 1)
        )

    def _open(self, key: str, record: Record) -> Ticket | None:
        """What a record holds; None when it does not open, is not whole, or is over."""
        sealed = record.value.split(b".")
        marks, text = set(), ""
        for number, each in enumerate(sealed, 1):
            opened = self._sealer.open(each.decode("ascii", "replace"), now=self._clock.now())
            if opened is None or opened.is_expired:
                return None
            payload = opened.payload
            if payload.get("key") != key or payload.get("piece") != f"{number}/{len(sealed)}":
                return None
            marks.add(payload.get("mark"))
            text += payload.get("cache", "")
        return ticket_in(base64.b64decode(text)) if len(marks) == 1 else None

    async def _load(self, key: str) -> tuple[Ticket, int] | None:
        record = await self._records.get(key)
        ticket = None if record is None else self._open(key, record)
        return None if record is None or ticket is None else (ticket, record.version)

    def _lifetime_of(self, ticket: Ticket) -> int:
        return math.ceil(ticket.expires_at - self._clock.now())

    def _session(self, ref: str) -> Session | None:
        """The live session of a reference, if it proves a person."""
        found = (each for each in self._sessions.live() if each.ref == ref and each.type in PROVING)
        return next(found, None)

    def _unlink(self, ref: str) -> None:
        for path in self._files.pop(ref, ()):
            path.unlink(missing_ok=True)


def ticket_in(cache: bytes) -> Ticket | None:
    """The ticket of a credential cache; None when it is not one."""
    about = read_cache(cache)
    if not isinstance(about, About):
        return None
    return Ticket(about.principal, cache, about.expires_at, about.renewable_until)


def _key(user: str, ref: str) -> str:
    return f"{_PREFIX}{user}/{ref}"
