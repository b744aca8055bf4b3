"""Personal access tokens: made, recognised, revoked.

A token is a signed JWT (RFC 9068) for whoever checks tokens by our keys, and a record of ours. Here only the
record counts: what is not written down, or no longer, is worth nothing from that moment on.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from cryptography.exceptions import InternalError, UnsupportedAlgorithm

from yett.events import describe
from yett.identity import Person, PersonChanged
from yett.kernel import Clock, Signal, Supervisor, new_id
from yett.keys import NoKey
from yett.oidc.personal import events, rules
from yett.oidc.personal.config import PersonalTokenSettings
from yett.oidc.personal.letters import Letters
from yett.oidc.personal.model import (
    CLIENT,
    Held,
    Made,
    NotMade,
    PersonalAccess,
    PersonalToken,
    TokenGone,
)
from yett.oidc.personal.shelf import Place, Shelf
from yett.oidc.tokens import Access, Basis
from yett.sessions import Session
from yett.store import Consistency, Records, StoreUnavailable

MAX_TOKEN = 4096
"""Characters of the longest text that is looked at; ours have less than a thousand."""
_EVERY = 30.0
"""Seconds between two times that use is written down."""
_WORTH_WRITING = 60.0
_DAY = 86400.0


class Signing(Protocol):
    """Whoever signs tokens of the provider."""

    async def sign_patiently(self, claims: Mapping[str, Any], *, typ: str) -> str: ...


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Personal:
    """Everybody's tokens. Start it after the store and the directory."""

    def __init__(
        self,
        records: Records,
        signing: Signing,
        directory: Directory,
        letters: Letters,
        settings: PersonalTokenSettings,
        clock: Clock,
        tasks: Supervisor,
        *,
        issuer: str,
    ) -> None:
        self.gone: Signal[TokenGone] = Signal("oidc.personal.gone")
        """Told on every node that knew a token, at the moment it is no longer accepted there."""
        self.shelf = Shelf(records, self.gone.send)
        self._signing = signing
        self._directory = directory
        self._letters = letters
        self._clock = clock
        self._tasks = tasks
        self._issuer = issuer
        self.apply(settings)

    def apply(self, settings: PersonalTokenSettings) -> None:
        """Go by other settings from now on; tokens that are out keep the end and the scopes they have."""
        self.settings = settings
        self._scopes = rules.scopes_of(settings)
        self._let_go(self.shelf.places)

    def told(self, change: PersonChanged) -> None:
        """A person is in other groups, or no more: what they may not use any longer is not kept open."""
        self._let_go(place for place in self.shelf.places if place.user == change.name)

    def _let_go(self, places: Iterable[Place]) -> None:
        for place in places:
            person = self._directory.person(place.user)
            is_owner = person is not None and not person.is_disabled and person.entry == place.entry
            if person is None or not is_owner or not self.is_offered(person):
                self.gone.send(TokenGone(place.user, place.token))

    async def start(self) -> None:
        """Know every token from now on. Raises StoreUnavailable."""
        await self.shelf.follower.open()
        self._tasks.keep(self.shelf.follower.follow, name="oidc.personal.follow")
        self._tasks.every(_EVERY, self.write_use, name="oidc.personal.use")

    async def stop(self) -> None:
        """Write down what was used since the last time."""
        await self.write_use()
        await self.shelf.follower.close()

    # What people are offered.

    def is_offered(self, person: Person) -> bool:
        """Whether somebody may make and use tokens."""
        groups = self.settings.groups
        return self.settings.enabled and (not groups or not set(groups).isdisjoint(person.groups))

    @property
    def is_enabled(self) -> bool:
        """Whether there are such tokens at all."""
        return self.settings.enabled

    @property
    def audience(self) -> str:
        """Whom tokens are for."""
        return self.settings.audience or f"{self._issuer}/personal"

    @property
    def scopes(self) -> Mapping[str, str]:
        """What a token may be good for, and how people read that."""
        return self._scopes

    @property
    def lifetimes(self) -> tuple[int, ...]:
        """How many days a token may last, shortest first."""
        return rules.lifetimes_of(self.settings)

    def listed(self, person: Person) -> tuple[PersonalToken, ...]:
        """The tokens of a person that are good now, newest first."""
        held, now = self.shelf.held(person.name), self._clock.now()
        if held is None or held.entry != person.entry:
            return ()
        return tuple(self._as_seen(token) for token in reversed(held.tokens) if rules.is_live(token, now))

    def _as_seen(self, token: PersonalToken) -> PersonalToken:
        place = self.shelf.find(token.digest)
        return token if place is None else replace(token, last_used_at=place.seen)

    # Recognising.

    def look(self, text: str) -> PersonalAccess | None:
        """What a token is worth at this moment; None for everything that is no token of ours. Never waits."""
        found = self._find(text)
        if found is None:
            return None
        place, person = found
        if place.entry != person.entry:
            events.of_another(user=person.name, token=place.token.id)
            return None
        place.seen = self._clock.now()
        access = place.access
        if access is None or access.person is not person:
            # Kept, because whoever remembers a decision knows it by the person it was made for.
            access = place.access = PersonalAccess(person, place.token, frozenset(place.token.scopes))
        return access

    def _find(self, text: str) -> tuple[Place, Person] | None:
        """Where a token is that has not ended, and who has the name that it was made for."""
        if not self.settings.enabled or len(text) > MAX_TOKEN:
            return None
        place = self.shelf.find(_digest(text))
        if place is None or not rules.is_live(place.token, self._clock.now()):
            return None
        person = self._directory.person(place.user)
        if person is None or person.is_disabled or not self.is_offered(person):
            return None
        return place, person

    def foresee(self, text: str, scope: str, audience: str) -> Session | None:
        """What would stand for a session if the token were shown. It does not count as use."""
        found = self._find(text)
        if found is None or found[0].entry != found[1].entry or scope not in found[0].token.scopes:
            return None
        place, person = found
        return PersonalAccess(person, place.token, frozenset(place.token.scopes)).as_session(audience)

    def session_for(self, text: str, scope: str, audience: str) -> tuple[Session, Person] | None:
        """Whose token this is, if it is good for a scope, and what stands for their session at a host."""
        access = self.look(text)
        if access is None or scope not in access.scopes:
            return None
        return access.as_session(audience), access.person

    async def access(self, text: str) -> Access | None:
        """The same for servers that ask the provider what a token is worth (RFC 7662)."""
        found = self.look(text)
        if found is None:
            return None
        token = found.token
        basis = Basis(CLIENT, found.person.name, " ".join(token.scopes), token.id)
        return Access(token.id, basis, token.created_at, token.expires_at, self.audience)

    # Making.

    async def make(self, person: Person, name: str, scopes: tuple[str, ...], days: int) -> Made | NotMade:
        """A new token for somebody whose sign-in is fresh; or why not, which is in the log."""
        made = await self._make(person, rules.proper_name(name), tuple(dict.fromkeys(scopes)), days)
        if isinstance(made, NotMade):
            if made not in {NotMade.KEY, NotMade.UNAVAILABLE}:
                events.refused(user=person.name, reason=made)
            return made
        token = made.token
        lifetime = token.expires_at - token.created_at
        events.issued(user=person.name, token=token.id, scopes=token.scopes, lifetime=lifetime)
        self._letters.created(person, token)
        return made

    async def _make(self, person: Person, name: str, scopes: tuple[str, ...], days: int) -> Made | NotMade:
        if not self.settings.enabled:
            return NotMade.OFF
        if person.is_disabled or not self.is_offered(person):
            return NotMade.PERSON
        wrong = rules.judge(name, scopes, days, self._scopes, self.lifetimes[-1])
        if wrong is not None:
            return wrong
        now = float(math.floor(self._clock.now()))
        token = PersonalToken(new_id(), name, scopes, now, now + days * _DAY, "")
        text = await self._sign(person, token)
        if isinstance(text, NotMade):
            return text
        token = replace(token, digest=_digest(text))
        refusal = await self._keep(person, token)
        return Made(text, token) if refusal is None else refusal

    async def _sign(self, person: Person, token: PersonalToken) -> str | NotMade:
        claims = {
            "iss": self._issuer,
            "sub": person.name,
            "aud": self.audience,
            "client_id": CLIENT,
            "iat": int(token.created_at),
            "nbf": int(token.created_at),
            "exp": int(token.expires_at),
            "jti": token.id,
            "scope": " ".join(token.scopes),
        }
        try:
            return await self._signing.sign_patiently(claims, typ="at+jwt")
        except NoKey as wrong:
            say = events.key_not_loaded if wrong.is_initial else events.signing_failed
            say(user=person.name, error=describe(wrong))
        except (InternalError, UnsupportedAlgorithm, ValueError) as wrong:
            events.signing_failed(user=person.name, error=describe(wrong))
        return NotMade.KEY

    async def _keep(self, person: Person, token: PersonalToken) -> NotMade | None:
        refusal: NotMade | None = None

        def judge(held: Held) -> Held | None:
            nonlocal refusal
            # What somebody had who had the name before goes with this.
            own = held if held.entry == person.entry else Held(person.entry)
            refusal = rules.judge_held(own, token.name, self.settings.most, self._clock.now())
            return None if refusal is not None else rules.with_token(own, token)

        try:
            await self.shelf.change(person.name, judge)
        except StoreUnavailable as problem:
            events.session_failed(user=person.name, error=describe(problem))
            return NotMade.UNAVAILABLE
        return refusal

    # Revoking.

    async def revoke(self, user: str, token_id: str, *, by: str) -> bool:
        """End a token; whether there was one. Raises StoreUnavailable, after which it is as good as before."""
        found: PersonalToken | None = None

        def judge(held: Held) -> Held | None:
            nonlocal found
            found = rules.find(held, token_id)
            return None if found is None else rules.without(held, token_id)

        try:
            await self.shelf.change(user, judge)
        except StoreUnavailable as problem:
            events.not_revoked(user=user, error=describe(problem))
            raise
        if found is None:
            return False
        events.revoked(user=user, token=token_id, by=by)
        self._tell(user, found, by)
        return True

    async def revoke_all(self, user: str, *, by: str = "gateway") -> int:
        """End everything of somebody; how many tokens there were. Raises StoreUnavailable."""
        ended: tuple[PersonalToken, ...] = ()

        def judge(held: Held) -> Held | None:
            nonlocal ended
            ended = held.tokens
            return replace(held, tokens=()) if ended else None

        try:
            await self.shelf.change(user, judge)
        except StoreUnavailable as problem:
            events.not_revoked(user=user, error=describe(problem))
            raise
        if ended:
            events.all_revoked(user=user, tokens=len(ended), by=by)
        for token in ended:
            self._tell(user, token, by)
        return len(ended)

    def _tell(self, user: str, token: PersonalToken, by: str) -> None:
        person = self._directory.person(user)
        if person is not None and not person.is_disabled:
            self._letters.revoked(person, token, by)

    # In the background.

    async def write_use(self) -> None:
        """Write down when tokens were last used, of those where that is worth a write."""
        due: dict[str, list[Place]] = {}
        for place in self.shelf.places:
            if place.seen - place.token.last_used_at >= _WORTH_WRITING:
                due.setdefault(place.user, []).append(place)
        for user, places in due.items():
            seen = {place.token.id: place.seen for place in places}

            def judge(held: Held, seen: Mapping[str, float] = seen) -> Held:
                tokens = (
                    replace(each, last_used_at=max(each.last_used_at, seen.get(each.id, 0.0)))
                    for each in held.tokens
                )
                return replace(held, tokens=tuple(tokens))

            try:
                await self.shelf.change(user, judge, consistency=Consistency.BEST_EFFORT)
            except StoreUnavailable as problem:
                events.use_unwritten(error=describe(problem))
                return


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
