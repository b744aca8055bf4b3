"""The access tokens of one person, as they see, make and revoke them.

Making one is for callers who found that the sign-in is fresh: a token outlasts it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from yett.identity import Person
from yett.signin.forms import Notice
from yett.signin.profile.authenticator import FAILED
from yett.signin.profile.model import Owner
from yett.store import StoreUnavailable


class Token(Protocol):
    """A token as its owner may see it."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def scopes(self) -> tuple[str, ...]: ...
    @property
    def created_at(self) -> float: ...
    @property
    def expires_at(self) -> float: ...
    @property
    def last_used_at(self) -> float: ...


class Made(Protocol):
    """A new one, and its text."""

    @property
    def text(self) -> str: ...
    @property
    def token(self) -> Token: ...


class Tokens(Protocol):
    """Whoever keeps tokens."""

    def is_offered(self, person: Person) -> bool: ...
    @property
    def scopes(self) -> Mapping[str, str]: ...
    @property
    def lifetimes(self) -> tuple[int, ...]: ...
    def listed(self, person: Person) -> Sequence[Token]: ...
    async def make(self, person: Person, name: str, scopes: tuple[str, ...], days: int) -> Made | str: ...
    async def revoke(self, user: str, token_id: str, *, by: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a token to be, as they typed it."""

    name: str = ""
    scopes: tuple[str, ...] = ()
    days: int = 0


_SAID = {
    "name": Notice(
        "The token needs a name.", "At most 64 letters, by which you will know it again.", marks=True
    ),
    "name_taken": Notice("You have a token of that name.", "Choose another, or revoke that one.", marks=True),
    "scope": Notice("Choose what the token may do."),
    "lifetime": Notice("Choose how long the token lasts."),
    "too_many": Notice("You have as many tokens as you may have.", "Revoke one that you do not need."),
    "person": Notice("You may not have access tokens."),
    "off": Notice("You may not have access tokens."),
}
"""What a person reads of each refusal; the fault is ours otherwise."""


class OwnTokens:
    """Lists, makes and revokes them. Where something is not done, it is told what to say to the person."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def is_offered(self, owner: Owner) -> bool:
        """Whether the person may have tokens."""
        return self._tokens.is_offered(owner.person)

    @property
    def scopes(self) -> Mapping[str, str]:
        """What a token may be good for, and how people read that."""
        return self._tokens.scopes

    @property
    def lifetimes(self) -> tuple[int, ...]:
        """How many days a token may last."""
        return self._tokens.lifetimes

    def shown(self, owner: Owner) -> Sequence[Token]:
        """The tokens that are good now."""
        return self._tokens.listed(owner.person)

    async def make(self, owner: Owner, wish: Wish) -> Made | Notice:
        """A new token; its text is shown once."""
        made = await self._tokens.make(owner.person, wish.name, wish.scopes, wish.days)
        return _SAID.get(made, FAILED) if isinstance(made, str) else made

    async def revoke(self, owner: Owner, token_id: str) -> bool | Notice:
        """End one; whether there was one of theirs."""
        try:
            return await self._tokens.revoke(owner.person.name, token_id, by=owner.person.name)
        except StoreUnavailable:
            return FAILED
