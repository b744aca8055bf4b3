"""Who holds a token: from what came with a request to a person, their scopes and how well they are known."""

from typing import Protocol

from yett.identity import Person
from yett.identity.access import Assurance, assurance_of
from yett.proxy.forward_auth.model import Credential, Holder
from yett.proxy.forward_auth.strangers import Foreign, Stranger
from yett.sessions import Session
from yett.tokens import Delegation, Ingress, NotDelegated, QuotaState, Source, TokenData, TokenType, UserInfo


class Tokens(Protocol):
    """Scoped tokens, as far as requests go."""

    def look(self, text: str) -> TokenData | None: ...
    async def find(self, text: str) -> TokenData | None: ...
    def user_info(self, data: TokenData) -> UserInfo: ...
    def used(self, key: str, address: str = "") -> None: ...
    def count(self, info: UserInfo, service: str) -> QuotaState | None: ...
    def delegated(
        self, parent: TokenData, want: Delegation, *, minimum_lifetime: float | None = None
    ) -> str | None: ...
    async def delegate(
        self,
        parent: TokenData,
        want: Delegation,
        *,
        minimum_lifetime: float | None = None,
        address: str = "",
        source: Source | None = None,
        ingress: Ingress | None = None,
    ) -> str | NotDelegated: ...


class Sessions(Protocol):
    """The sessions that tokens in cookies rest on."""

    def attend(self, ref: str) -> Session | None: ...


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Holders:
    """Looks tokens up."""

    def __init__(
        self, tokens: Tokens, sessions: Sessions, directory: Directory, *strangers: Stranger
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._directory = directory
        self._strangers = strangers

    def look(self, credential: Credential, origin: str) -> Holder | None:
        """Whoever holds it, as far as this node knows; `origin` is that of the application asked for."""
        found = self._tokens.look(credential.text)
        if found is not None:
            return self._holder(found, credential.source)
        if credential.source is Source.BEARER:
            for each in self._strangers:
                foreign = each.look(credential.text, origin)
                if foreign is not None:
                    return self._stranger(foreign, credential.source)
        return None

    async def find(self, credential: Credential) -> Holder | None:
        """The same for a scoped token, asking the store for one that this node does not know."""
        found = await self._tokens.find(credential.text)
        return None if found is None else self._holder(found, credential.source)

    def _holder(self, token: TokenData, source: Source) -> Holder | None:
        if token.type is TokenType.OIDC:
            return None  # good at the provider's own interface, and nowhere else
        if source is Source.COOKIE and token.type is not TokenType.SESSION:
            return None  # a browser is given no other: somebody put it there
        assurance = Assurance.SINGLE
        if token.session_ref:
            session = self._sessions.attend(token.session_ref)
            if session is None or session.module_key != token.username:
                return None
            assurance = assurance_of(session.metadata)
        return Holder(token, source, self._tokens.user_info(token), assurance)

    def _stranger(self, foreign: Foreign, source: Source) -> Holder | None:
        person = self._directory.person(foreign.username)
        if person is None or person.is_disabled or person.name != foreign.username:
            return None
        token = TokenData(
            key=foreign.key,
            username=person.name,
            type=TokenType.USER,
            scopes=foreign.scopes,
            created=0.0,
            expires=foreign.expires,
            owner=person.entry,
        )
        info = self._tokens.user_info(token)
        return Holder(token, source, info, assurance_of(foreign.metadata), can_delegate=False)
