"""How tokens are made."""

from collections import Counter

from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock
from yett.store import StoreUnavailable
from yett.tokens import events, recording, rules, saying, text
from yett.tokens.config import TokensSettings
from yett.tokens.mirror import Mirror
from yett.tokens.model import (
    DELEGATED,
    Actor,
    Change,
    Draft,
    Ingress,
    Refusal,
    Refused,
    Token,
    TokenData,
    TokenType,
)
from yett.tokens.shelf import NameTaken, Shelf
from yett.tokens.stored import Stored


class Making:
    """Makes tokens. They are written down and known here before anybody gets them."""

    def __init__(
        self, shelf: Shelf, mirror: Mirror, settings: TokensSettings, clock: Clock, root: bytes
    ) -> None:
        self._shelf = shelf
        self._mirror = mirror
        self._clock = clock
        self._root = root
        self._underway: Counter[str] = Counter()
        self.settings = settings

    def is_full(self, username: str, *, spare: int = 0) -> bool:
        """Whether a user may have no more tokens, those in the making included."""
        return (
            self._mirror.count_of(username) + self._underway[username] >= self.settings.max_per_user - spare
        )

    async def own(self, draft: Draft, actor: Actor, person: Person | None) -> Token | Refused:
        """A token that somebody makes for themselves. It says of them what the one they use says."""
        fault = rules.own_fault(actor, draft, self.settings, self._clock.now())
        return fault or await self._from_draft(draft, actor, person, as_administrator=False)

    async def for_somebody(self, draft: Draft, actor: Actor, person: Person | None) -> Token | Refused:
        """A token that an administrator makes."""
        fault = rules.admin_fault(actor, draft, self.settings, self._clock.now())
        return fault or await self._from_draft(draft, actor, person, as_administrator=True)

    async def _from_draft(
        self, draft: Draft, actor: Actor, person: Person | None, *, as_administrator: bool
    ) -> Token | Refused:
        if self.is_full(draft.username):
            return Refused(Refusal.TOO_MANY, "There are too many tokens of this user; delete some first")
        expires = None if draft.expires is None else float(int(draft.expires))
        data = TokenData(
            key=text.new_key(),
            username=draft.username,
            type=draft.type,
            scopes=draft.scopes,
            created=self._clock.now(),
            expires=expires,
            token_name=draft.token_name if draft.type is TokenType.USER else "",
            owner="" if person is None else person.entry,
            identity=draft.identity,
        )
        try:
            return await self.make(data, actor, as_administrator=as_administrator)
        except NameTaken:
            return Refused(Refusal.DUPLICATE_NAME, "Token name already used", "token_name")
        except StoreUnavailable:
            return Refused(Refusal.UNAVAILABLE, "This does not work at the moment; try again")

    async def make(
        self,
        data: TokenData,
        actor: Actor,
        ingress: Ingress | None = None,
        *,
        as_administrator: bool = False,
    ) -> Token:
        """Make a token as it stands. Raises StoreUnavailable, or NameTaken."""
        is_derived = data.type in DELEGATED
        secret = text.derived_secret(self._root, data.key) if is_derived else text.new_key()
        now = self._clock.now()
        entry = recording.entry_of(data, Change.CREATE, actor, now)
        stored = Stored(data, text.digest(secret))
        self._underway[data.username] += 1
        try:
            version = await self._shelf.create(stored, entry)
        except StoreUnavailable as problem:
            events.not_stored(token_username=data.username, error=describe(problem))
            raise
        finally:
            self._underway[data.username] -= 1
            if not self._underway[data.username]:
                del self._underway[data.username]
        self._mirror.adopt(stored, version)
        saying.created(data, actor, now, ingress, as_administrator=as_administrator)
        return Token(data.key, secret)

    def text_of(self, data: TokenData) -> str:
        """A delegated token as its holder has it."""
        return str(Token(data.key, text.derived_secret(self._root, data.key)))
