"""The tokens of every session, found without waiting once this node has them.

What must stay true:
  a token that was minted before something changed about its person is not sent after the change;
  a token that a session had is not sent for another;
  for one session and wish, at most one token is being minted at a time.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from yett.events import describe
from yett.identity import Person
from yett.identity.federation import Wrong
from yett.kernel import Clock, Supervisor
from yett.oidc import Minted, Wanted
from yett.proxy.bearer import events, rules
from yett.proxy.bearer.model import Failed, Held, WantedElsewhere
from yett.proxy.bearer.vault import Unfit, Vault
from yett.sessions import Ended, Session
from yett.store import StoreUnavailable

_MOST_SESSIONS = 10_000
"""How many sessions' tokens are held; the others' are looked up in the store."""

Place = tuple[str, Wanted]


class Minter(Protocol):
    """Where tokens come from."""

    async def mint(
        self,
        person: Person,
        wanted: Wanted,
        *,
        session: str,
        auth_time: float | None,
        ends_at: float,
        metadata: Mapping[str, str],
    ) -> Minted | Failed: ...


class Bearers:
    """Finds, makes and renews tokens."""

    def __init__(
        self,
        minter: Minter,
        vault: Vault,
        tasks: Supervisor,
        clock: Clock,
        *,
        signed_in_at: Callable[[Session], float | None],
    ) -> None:
        """`signed_in_at` tells when the person of a session proved who they are."""
        self._signed_in_at = signed_in_at
        self._minter = minter
        self._vault = vault
        self._tasks = tasks
        self._clock = clock
        self._held: dict[str, dict[Wanted, Held]] = {}
        self._making: dict[Place, asyncio.Task[None]] = {}
        self._ended: set[str] = set()
        """Sessions that ended while a token was being made for them."""

    def peek(self, session: Session, person: Person, wanted: Wanted) -> Held | None:
        """The token to send, if this node has it; one that is getting old is renewed meanwhile."""
        there = self._held.get(session.ref)
        held = there.get(wanted) if there is not None else None
        if held is None:
            return None
        now = self._clock.now()
        if not rules.is_good(held, person, now):
            return None
        if now >= held.refresh_at and (session.ref, wanted) not in self._making:
            self._work((session.ref, wanted), self._refresh(session, person, wanted))
        return held

    async def obtain(self, session: Session, person: Person, wanted: Wanted) -> Held | None:
        """The token to send, from the store or made now; None when there can be none."""
        place = (session.ref, wanted)
        for _ in range(2):
            making = self._making.get(place)
            is_ours = making is None
            if making is None:
                making = self._work(place, self._make(session, person, wanted))
            # Whoever asked may go away; others wait for the same.
            await asyncio.shield(making)
            held = self._held.get(session.ref, {}).get(wanted)
            if held is not None and rules.is_good(held, person, self._clock.now()):
                return held
            if is_ours:
                return None
            # What others waited for was made for the person as they were before.
        return None

    def forget(self, ended: Ended) -> None:
        """A session is over: so are its tokens here. Copies in the store run out."""
        ref = ended.session.ref
        self._held.pop(ref, None)
        if any(place[0] == ref for place in self._making):
            self._ended.add(ref)

    def _work(self, place: Place, work: object) -> asyncio.Task[None]:
        task = self._making[place] = self._tasks.run(work, name="proxy.bearer")  # type: ignore[arg-type]  # a coroutine of ours

        def over(_: asyncio.Task[None]) -> None:
            self._making.pop(place, None)
            if not self._making:
                self._ended.clear()

        task.add_done_callback(over)
        return task

    async def _make(self, session: Session, person: Person, wanted: Wanted) -> None:
        app = wanted.app
        try:
            found = await self._vault.find(session.ref, wanted, person, now=self._clock.now())
        except StoreUnavailable as problem:
            events.not_kept(app=app, session=session.ref, error=describe(problem))
            found = None
        if isinstance(found, Held):
            self._hold(session.ref, wanted, found)
            return
        if found is Unfit.UNREADABLE:
            events.not_decrypted(app=app, session=session.ref)
        made = await self._mint(session, person, wanted)
        if isinstance(made, Failed):
            self._say(made, session, person, wanted)
            return
        held = self._take_in(session, person, wanted, made)
        events.minted(
            app=app, user=person.name, session=session.ref, expires_in=made.expires_at - self._clock.now()
        )
        try:
            await self._keep(session, wanted, held, made)
        except StoreUnavailable as problem:
            events.not_kept(app=app, session=session.ref, error=describe(problem))

    async def _refresh(self, session: Session, person: Person, wanted: Wanted) -> None:
        app = wanted.app
        made = await self._mint(session, person, wanted)
        if isinstance(made, Failed):
            events.refresh_failed(app=app, session=session.ref, error=str(made))
            held = self._held.get(session.ref, {}).get(wanted)
            if held is not None and isinstance(wanted, WantedElsewhere):
                self._hold(session.ref, wanted, rules.put_off(held, self._clock.now()))
            return
        held = self._take_in(session, person, wanted, made)
        try:
            await self._keep(session, wanted, held, made)
        except StoreUnavailable as problem:
            events.refresh_failed(app=app, session=session.ref, error=describe(problem))
        else:
            expires_in = made.expires_at - self._clock.now()
            events.refreshed(app=app, session=session.ref, expires_in=expires_in)

    def _say(self, failed: Failed, session: Session, person: Person, wanted: Wanted) -> None:
        """Why somebody has no token."""
        if isinstance(failed.why, Wrong):
            provider = wanted.trade.provider if isinstance(wanted, WantedElsewhere) else ""
            events.wrong_response(
                app=wanted.app, user=person.name, session=session.ref, provider=provider, reason=failed.why
            )
            return
        events.not_minted(
            app=wanted.app,
            user=person.name,
            session=session.ref,
            reason=failed.why,
            error=failed.error or failed.why.value,
        )

    async def _mint(self, session: Session, person: Person, wanted: Wanted) -> Minted | Failed:
        return await self._minter.mint(
            person,
            wanted,
            session=session.ref,
            auth_time=self._signed_in_at(session),
            ends_at=session.ends_at,
            metadata=session.metadata,
        )

    def _take_in(self, session: Session, person: Person, wanted: Wanted, made: Minted) -> Held:
        held = rules.held(made.token, person, issued_at=made.issued_at, expires_at=made.expires_at)
        self._hold(session.ref, wanted, held)
        return held

    def _hold(self, ref: str, wanted: Wanted, held: Held) -> None:
        if ref in self._ended:
            return
        if len(self._held) >= _MOST_SESSIONS and ref not in self._held:
            self._make_room()
        self._held.setdefault(ref, {})[wanted] = held

    def _make_room(self) -> None:
        now = self._clock.now()
        kept = {
            ref: there
            for ref, there in self._held.items()
            if any(each.expires_at > now for each in there.values())
        }
        # Clearing out costs as much as there is, so it has to win half of it or all.
        self._held = kept if len(kept) <= _MOST_SESSIONS // 2 else {}

    async def _keep(self, session: Session, wanted: Wanted, held: Held, made: Minted) -> None:
        if session.ref in self._ended:
            return
        try:
            await self._vault.keep(
                session.ref, wanted, held, expires_at=made.expires_at, now=self._clock.now()
            )
        except ValueError as problem:
            events.not_encrypted(app=wanted.app, session=session.ref, error=describe(problem))
