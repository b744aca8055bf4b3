"""Access tokens and ID tokens, made of what they rest on. What cannot be made is said here, with the reason."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from yett.events import describe
from yett.identity import Person
from yett.kernel import new_id
from yett.keys import NoKey
from yett.oidc.clients import Client, TokenFormat
from yett.oidc.signing import MAX_TOKEN, Signing
from yett.oidc.tokens import claims, events, texts
from yett.oidc.tokens.config import TokenSettings
from yett.oidc.tokens.model import Basis, Family, Issued, TokenAnswer, Unissued
from yett.oidc.tokens.saga import Saga

ACCESS = "at+jwt"
IDENTITY = "JWT"
_THEIRS = "gt-"


class Opaque(Protocol):
    """Whoever makes access tokens that say nothing, for people."""

    @property
    def is_on(self) -> bool:
        """Whether it makes any at present."""
        ...

    async def make(self, user: str, sign_on_ref: str, expires_at: float, *, jti: str) -> str:
        """A new one, over with a session if one is named. It begins with `gt-`. Raises StoreUnavailable."""
        ...

    def is_good(self, token: str) -> bool:
        """Whether one is good as far as its maker is concerned. Never waits."""
        ...

    async def end(self, token: str) -> object:
        """End one that was made just now. Raises StoreUnavailable."""
        ...

    def ended(self, user: str, names: Collection[str]) -> None:
        """Those of these names (`jti`) are good for nothing any more."""
        ...


@dataclass(frozen=True, slots=True)
class Made:
    """Tokens that nobody has yet."""

    access_token: str
    id_token: str
    issued: Issued

    def __repr__(self) -> str:
        return f"Made(issued={self.issued.jti!r})"


class Making:
    """Makes tokens."""

    def __init__(
        self,
        signing: Signing,
        refresh: texts.RefreshTokens,
        settings: TokenSettings,
        new_secret: Callable[[], str],
    ) -> None:
        self.settings = settings
        self.opaque: Opaque | None = None
        self._signing = signing
        self._refresh = refresh
        self._new_secret = new_secret

    def secret(self, client: Client, basis: Basis) -> str | Unissued:
        """Something that nobody can guess."""
        try:
            return self._new_secret()
        except OSError as wrong:
            events.random_failed(error=describe(wrong))
            return not_generated(client, basis, Unissued.RANDOM, wrong)

    def is_good(self, token: str) -> bool:
        """Whether whoever made an access token, if it was somebody else, takes it for good still."""
        if not token.startswith(_THEIRS):
            return True
        return self.opaque is not None and self.opaque.is_good(token)

    def answer(self, family: Family, made: Made, now: float) -> TokenAnswer:
        """What the client gets, its refresh token included if it has one."""
        refresh = ""
        if family.generation >= 0:
            refresh = self._refresh.make(family.owner, family.ref, family.generation, family.salt)
        return TokenAnswer(
            access_token=made.access_token,
            expires_in=max(math.floor(made.issued.expires_at - now), 0),
            token_type=made.issued.confirmation.token_type,
            scope=made.issued.scope,
            refresh_token=refresh,
            id_token=made.id_token,
        )

    async def make(
        self,
        saga: Saga,
        client: Client,
        basis: Basis,
        person: Person | None,
        *,
        ref: str,
        now: float,
        expires_at: float,
        with_identity: bool,
        code: str = "",
        is_offline: bool = False,
    ) -> Made | Unissued:
        """An access token and, where it is wanted, an ID token. Raises StepFailed."""
        # A node that has not heard of the token yet finds its family by this.
        jti = f"{ref}.{new_id()}"
        access_token = await self._access(
            saga, client, basis, person, jti=jti, now=now, expires_at=expires_at, is_offline=is_offline
        )
        if isinstance(access_token, Unissued):
            return access_token
        id_token: str | Unissued = ""
        if with_identity and person is not None:
            id_token = await self._identity(
                client, basis, person, now=now, jti=jti, access_token=access_token, code=code
            )
        if isinstance(id_token, Unissued):
            return id_token
        issued = Issued(texts.digest(access_token), jti, basis.scope, now, expires_at, basis.confirmation)
        return Made(access_token, id_token, issued)

    async def _access(
        self,
        saga: Saga,
        client: Client,
        basis: Basis,
        person: Person | None,
        *,
        jti: str,
        now: float,
        expires_at: float,
        is_offline: bool,
    ) -> str | Unissued:
        if client.token_format is TokenFormat.OPAQUE:
            opaque = self.opaque
            if opaque is None or not opaque.is_on or person is None:
                secret = self.secret(client, basis)
                return secret if isinstance(secret, Unissued) else f"yo.{secret}"
            session = "" if is_offline else basis.sign_on_ref
            making = opaque.make(person.name, session, expires_at, jti=jti)
            token = await saga.step("access token", making)
            saga.add("access token", lambda: opaque.end(token))
            return token
        said = claims.access(
            self._signing.issuer, client, basis, person, now=now, expires_at=expires_at, jti=jti
        )
        try:
            token = await self._signing.sign_patiently(said, typ=ACCESS)
        except NoKey as wrong:
            return not_generated(client, basis, Unissued.KEY, wrong)
        except ValueError as wrong:
            return not_generated(client, basis, Unissued.MALFORMED, wrong)
        if len(token) > MAX_TOKEN:
            return not_generated(client, basis, Unissued.TOO_LONG, None)
        return token

    async def _identity(
        self,
        client: Client,
        basis: Basis,
        person: Person,
        *,
        now: float,
        jti: str,
        access_token: str,
        code: str,
    ) -> str | Unissued:
        algorithm = client.identity_algorithm or self._signing.algorithms[0]
        try:
            hashes = {"at_hash": self._signing.half_hash(access_token, algorithm)}
            if code:
                hashes["c_hash"] = self._signing.half_hash(code, algorithm)
            said = claims.identity(
                self._signing.issuer,
                client,
                basis,
                person,
                now=now,
                jti=jti,
                hashes=hashes,
                has_claims=self.settings.identity_claims,
            )
            token = await self._signing.sign_patiently(said, typ=IDENTITY, algorithm=algorithm)
        except NoKey:
            events.identity_without_key(client=client.label, algorithm=algorithm)
            return Unissued.KEY
        except ValueError as wrong:
            events.identity_not_signed(user=basis.user, client=client.label, error=describe(wrong))
            return Unissued.MALFORMED
        if len(token) > MAX_TOKEN:
            return not_generated(client, basis, Unissued.TOO_LONG, None)
        events.signer(client=client.label, algorithm=algorithm)
        confirmation = basis.confirmation
        if confirmation.claim:
            events.bound(
                client=client.label, is_key=bool(confirmation.jkt), is_certificate=bool(confirmation.x5t)
            )
        return token


def not_generated(client: Client, basis: Basis, reason: Unissued, wrong: Exception | None) -> Unissued:
    """Say that there are no tokens; the reason."""
    error = reason.value if wrong is None else describe(wrong.__cause__ or wrong)
    events.not_generated(user=basis.user, client=client.label, reason=reason, error=error)
    return reason
