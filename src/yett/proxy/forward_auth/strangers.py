"""Tokens of other kinds that may be shown at forward-auth: people's personal ones, and the provider's.

Neither says more than its owner may: of its scopes those count that the groups of its owner give them
now. Both are off unless a setting lets them in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from yett.identity import Person
from yett.identity.access import ASSURANCE
from yett.oidc.personal import APPLICATIONS, PersonalAccess
from yett.oidc.tokens import Access


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a token that is no scoped one says."""

    key: str
    """What it may be called in the log."""
    username: str
    scopes: frozenset[str]
    expires: float | None
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What is known of how its person signed in, as a session keeps it."""


class Stranger(Protocol):
    """Whoever knows tokens of another kind, here and now."""

    def look(self, text: str, origin: str) -> Foreign | None:
        """What a token is worth for an application at this origin."""
        ...


class PersonalTokens:
    """Personal access tokens that were made for applications."""

    def __init__(
        self,
        look: Callable[[str], PersonalAccess | None],
        scopes_for: Callable[[Person], frozenset[str]],
        is_wanted: Callable[[], bool],
    ) -> None:
        self._look = look
        self._scopes_for = scopes_for
        self._is_wanted = is_wanted

    def look(self, text: str, origin: str) -> Foreign | None:  # noqa: ARG002 - they are for all applications
        """See `Stranger.look`."""
        access = self._look(text) if self._is_wanted() else None
        if access is None or APPLICATIONS not in access.scopes:
            return None
        person = access.person
        scopes = access.scopes & self._scopes_for(person)
        # Nobody need be there to show one, so it proves one factor.
        return Foreign(access.token_id, person.name, scopes, access.expires_at)


class AccessTokens:
    """Access tokens of the provider that were made for the very application that is asked for.

    One that was made for another would let that one act in its user's name here. One that is bound
    to a key or a certificate would have to be shown with it, which a proxy cannot pass on.
    """

    def __init__(
        self,
        peek: Callable[[str], Access | None],
        person: Callable[[str], Person | None],
        scopes_for: Callable[[Person], frozenset[str]],
        is_wanted: Callable[[], bool],
    ) -> None:
        self._peek = peek
        self._person = person
        self._scopes_for = scopes_for
        self._is_wanted = is_wanted

    def look(self, text: str, origin: str) -> Foreign | None:
        """See `Stranger.look`."""
        access = self._peek(text) if self._is_wanted() else None
        if access is None or access.is_refresh or not origin or access.audience != origin:
            return None
        basis = access.basis
        person = self._person(basis.user) if basis.user else None
        if person is None or basis.confirmation.claim:
            return None
        scopes = frozenset(basis.scope.split()) & self._scopes_for(person)
        return Foreign(access.jti, person.name, scopes, access.expires_at, {ASSURANCE: basis.assurance.value})
