"""Tokens that rest on something else than a token: on a sign-on session, or on a grant of the OpenID provider."""

from collections.abc import Iterable

from yett.identity import Person
from yett.kernel import Clock
from yett.tokens import rules
from yett.tokens.endings import Endings
from yett.tokens.making import Making
from yett.tokens.mirror import Mirror
from yett.tokens.model import Actor, TokenData, TokenType
from yett.tokens.text import new_key


class Resting:
    """Makes them. StoreUnavailable may come from any method."""

    def __init__(self, making: Making, mirror: Mirror, endings: Endings, clock: Clock) -> None:
        self._making = making
        self._mirror = mirror
        self._endings = endings
        self._clock = clock

    async def session(
        self,
        person: Person,
        *,
        scopes: Iterable[str],
        session_ref: str,
        expires_at: float | None,
        address: str,
    ) -> str:
        """A browser's token."""
        await self._make_room(person.name, TokenType.SESSION)
        now = self._clock.now()
        data = TokenData(
            key=new_key(),
            username=person.name,
            type=TokenType.SESSION,
            scopes=frozenset(scopes),
            created=now,
            expires=rules.earliest(self._latest(now), expires_at),
            session_ref=session_ref,
            owner=person.entry,
        )
        return await self._make(data, address)

    async def oidc(
        self,
        user: str,
        person: Person | None,
        session_ref: str,
        expires_at: float | None,
        *,
        grant: str,
        address: str,
    ) -> str:
        """An access token of the OpenID provider, which says itself how long it lasts."""
        await self._make_room(user, TokenType.OIDC)
        now = self._clock.now()
        data = TokenData(
            key=new_key(),
            username=user,
            type=TokenType.OIDC,
            scopes=frozenset(),
            created=now,
            expires=self._latest(now) if expires_at is None else expires_at,
            session_ref=session_ref,
            grant=grant,
            owner="" if person is None else person.entry,
        )
        return await self._make(data, address)

    def _latest(self, now: float) -> float:
        return now + self._making.settings.lifetime.total_seconds()

    async def _make_room(self, username: str, kind: TokenType) -> None:
        """Where a user has as many tokens as there may be, let the oldest of a type go."""
        if self._making.is_full(username):
            held = [each for each in self._mirror.of_user(username) if each.data.type is kind]
            await self._endings.drop(sorted(held, key=lambda entry: entry.data.created)[:1])

    async def _make(self, data: TokenData, address: str) -> str:
        token = await self._making.make(data, Actor(data.username, address))
        if data.key not in self._mirror.entries:
            # The session ended while the token was written down; it is good for nothing, and must not become so.
            await self._endings.disown(data)
        return str(token)
