"""Back-channel logout: who has to be told of the end of a session, and telling them.

Which clients got tokens in a session is written down before they get them. When the session ends, each of these
notes becomes a notification, also written down, and goes only when the client has answered or is given up. So a
crash at any moment loses none, and nobody who signs out waits for any of it.

Every node hears that a session ended. A notification is made by create-if-absent, and told by who moves its time on
by compare-and-set, so each is told by one node at a time.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urlencode
from weakref import WeakValueDictionary

import msgspec

from yett.events import describe
from yett.kernel import Clock, Supervisor, new_id
from yett.keys import NoKey
from yett.net.fetching import Fetched, FetchFailed
from yett.oidc.clients import Client
from yett.oidc.logout import events, rules
from yett.oidc.logout.config import LogoutSettings
from yett.oidc.logout.model import Notification, Participant
from yett.oidc.tokens import Basis
from yett.sessions import Ended, EndReason, Session, SessionType
from yett.store import Record, Records, Space, StoreUnavailable

_TICK = 5.0
_AT_A_TIME = 16
_OF_ONE = 2
"""Of these for one client: who never answers must not keep the others waiting."""
_LONGEST_SESSION = 91 * 86400.0
"""Seconds that a note is kept whose session this node does not know."""
_GRACE = 3600.0
"""Seconds that a note outlives its session: who finds it after a restart still tells."""
_LEASE = 60.0
"""Seconds after which a notification is anybody's again whose node died while telling; longer than any timeout."""
_YOUNG = 60.0
"""Seconds during which this node may not have heard yet of a session that another one made."""
_KEPT = 86400.0
_MOST_ANSWER = 64 * 1024
"""Bytes of an answer, of which only the status counts: some clients answer with a page."""
_BY_TIME = frozenset({EndReason.EXPIRED, EndReason.CERTIFICATE_EXPIRED})
_KIND = "application/x-www-form-urlencoded"
_encode = msgspec.json.Encoder().encode
_participant = msgspec.json.Decoder(Participant).decode
_notification = msgspec.json.Decoder(Notification).decode


class Signing(Protocol):
    """Whoever signs tokens of the provider."""

    async def sign_patiently(self, claims: Mapping[str, Any], *, typ: str, algorithm: str = "") -> str: ...


class Fetcher(Protocol):
    """Asks servers elsewhere."""

    async def post(
        self, url: str, body: bytes, kind: str, *, most: int = ..., seconds: float = ...
    ) -> Fetched: ...


class Sessions(Protocol):
    """The sessions, now."""

    def live(self, module_key: str | None = None) -> list[Session]: ...


class BackChannel:
    """Tells clients. Start it after the sessions."""

    def __init__(
        self,
        records: Records,
        find: Callable[[str], Client | None],
        signing: Signing,
        fetcher: Fetcher,
        sessions: Sessions,
        settings: LogoutSettings,
        clock: Clock,
        tasks: Supervisor,
        *,
        issuer: str,
    ) -> None:
        self.settings = settings
        self._who = Space(records, "oidc/logout/who")
        self._due = Space(records, "oidc/logout/due")
        self._find = find
        self._signing = signing
        self._fetcher = fetcher
        self._sessions = sessions
        self._clock = clock
        self._tasks = tasks
        self._issuer = issuer
        self._is_behind = True
        """Whether sessions may have ended whose clients nobody has gathered."""
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._of_one: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def start(self) -> None:
        """Tell whoever is due from now on, also of what ended while nobody was running."""
        self._tasks.every(_TICK, self.tick, name="oidc.logout.tick", at_once=True)

    # Who has to be told.

    async def note(self, client: Client, basis: Basis) -> None:
        """Write down that a client gets tokens in a session. Raises StoreUnavailable."""
        now = self._clock.now()
        live = self._sessions.live(basis.user)
        ends_at = next(
            (each.ends_at for each in live if each.ref == basis.sign_on_ref), now + _LONGEST_SESSION
        )
        await self._who.create(
            _key(basis.sign_on_ref, client.client_id),
            _encode(Participant(client.client_id, basis.user, now)),
            lifetime=ends_at - now + _GRACE,
        )

    def told(self, ended: Ended) -> None:
        """A session is over: tell its clients soon."""
        session = ended.session
        if session.type is not SessionType.SIGN_ON:
            return
        is_wanted = self.settings.on_expiry or ended.reason not in _BY_TIME
        self._tasks.run(self._end(session.ref, is_wanted=is_wanted), name="oidc.logout.end")

    async def _end(self, session: str, *, is_wanted: bool) -> None:
        try:
            due = await self._gather(await self._who.list(f"{session}/"), is_wanted=is_wanted)
        except StoreUnavailable as problem:
            self._is_behind = True
            events.not_gathered(session=session, error=describe(problem))
            return
        # Only these: many sessions may end at once, and to look at all that is due for each would take for ever.
        await asyncio.gather(*(self._tell(*each) for each in due))

    async def _gather(
        self, found: Iterable[tuple[str, Record]], *, is_wanted: bool
    ) -> list[tuple[str, int, Notification]]:
        """Make notifications of notes; those that nobody made before, by key and version.

        First the one, then the other goes: rather told twice than never.
        """
        made: list[tuple[str, int, Notification]] = []
        for key, record in found:
            try:
                participant = _participant(record.value)
            except msgspec.MsgspecError:
                # Of a program of another version: nobody can be told by it.
                participant = None
            if participant is not None and is_wanted:
                session = key.partition("/")[0]
                due = Notification(participant.client_id, participant.user, session, self._clock.now())
                version = await self._due.create(key, _encode(due), lifetime=_KEPT)
                if version is not None:
                    made.append((key, version, due))
            await self._who.delete(key)
        return made

    async def _catch_up(self) -> None:
        """Gather what ended unheard: while nobody was running, or the store was away."""
        found = await self._who.list("")
        # Not before: a session that was made meanwhile would pass for one that is over.
        live = {session.ref for session in self._sessions.live()}
        over = [each for each in found if each[0].partition("/")[0] not in live]
        now = self._clock.now()
        old = [each for each in over if now - _noted_at(each[1]) >= _YOUNG]
        await self._gather(old, is_wanted=True)
        self._is_behind = len(old) < len(over)

    # Telling.

    async def tick(self) -> None:
        """Tell everybody who is due."""
        try:
            if self._is_behind:
                await self._catch_up()
            now = self._clock.now()
            due = [
                (key, record.version, notification)
                for key, record in await self._due.list("")
                if (notification := _read(record)) is not None and notification.due_at <= now
            ]
        except StoreUnavailable:
            # Told by the store itself; the next look is in a moment.
            return
        await asyncio.gather(*(self._tell(*each) for each in due))

    async def _tell(self, key: str, seen: int, due: Notification) -> None:
        own = self._of_one.setdefault(due.client_id, asyncio.Semaphore(_OF_ONE))
        async with own, self._places:
            now = self._clock.now()
            mine = replace(due, due_at=now + _LEASE, attempts=due.attempts + 1)
            try:
                version = await self._due.replace(key, _encode(mine), version=seen, lifetime=_KEPT)
                if version is None:
                    return
                client = self._find(due.client_id)
                if client is None or not client.backchannel_logout:
                    await self._due.delete(key)
                    return
                status, error = await self._post(client, mine)
                await self._settle(key, version, mine, client.label, status, error)
            except StoreUnavailable:
                # Its lease ends, and it is told again.
                return

    async def _post(self, client: Client, due: Notification) -> tuple[int, str]:
        """Tell one client once; the status of its answer, or 0 and what went wrong."""
        claims = rules.logout_claims(
            client.client_id,
            issuer=self._issuer,
            user=due.user,
            session=due.session,
            now=self._clock.now(),
            token_id=new_id(),
        )
        try:
            token = await self._signing.sign_patiently(
                claims, typ="logout+jwt", algorithm=client.identity_algorithm
            )
            answer = await self._fetcher.post(
                client.backchannel_logout,
                urlencode({"logout_token": token}).encode(),
                _KIND,
                most=_MOST_ANSWER,
                seconds=self.settings.timeout.total_seconds(),
            )
        except (FetchFailed, NoKey) as problem:
            return 0, describe(problem)
        return answer.status, ""

    async def _settle(
        self, key: str, version: int, due: Notification, client: str, status: int, error: str
    ) -> None:
        user, session, attempts = due.user, due.session, due.attempts
        if rules.is_told(status):
            events.told(user=user, session=session, client=client, attempts=attempts)
        elif rules.is_final(status) or attempts >= self.settings.attempts:
            events.not_told(
                user=user, session=session, client=client, attempts=attempts, status=status, error=error
            )
        else:
            events.not_told_yet(client=client, session=session, attempts=attempts, status=status, error=error)
            pause = rules.pause_after(attempts, self.settings.pause.total_seconds())
            again = replace(due, due_at=self._clock.now() + pause)
            await self._due.replace(key, _encode(again), version=version, lifetime=_KEPT)
            return
        await self._due.delete(key)


def _key(session: str, client_id: str) -> str:
    return f"{session}/{hashlib.sha256(client_id.encode()).hexdigest()[:32]}"


def _noted_at(record: Record) -> float:
    try:
        return _participant(record.value).noted_at
    except msgspec.MsgspecError:
        return 0.0


def _read(record: Record) -> Notification | None:
    try:
        return _notification(record.value)
    except msgspec.MsgspecError:
        return None
