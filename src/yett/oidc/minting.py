"""Access tokens that the proxy shows to applications in a person's name: JWTs that anybody can check.

A token follows RFC 9068 and is signed with Ed25519 (RFC 8037). Its keys follow from the cluster
key and change with time (`keys.Epochs`); the set at `/oidc/jwks` holds the one before, the
current and the next one, and a token never lasts longer than an epoch. Nothing is stored.

Where co-signers hold shares of the provider's key, that key signs these tokens, too, and keys that follow from the
cluster key are not published: whoever has the cluster key could make any token with them.
"""

import base64
import math
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from yett.events import describe
from yett.identity import Person
from yett.identity.access import ASSURANCE, METHODS, assurance_of
from yett.kernel import Clock, new_id
from yett.keys import Epochs, MasterKey, NoKey
from yett.oidc import events
from yett.oidc.config import OIDCSettings
from yett.oidc.model import Minted, Unminted, Wanted

MAX_TOKEN = 16 * 1024
"""Characters of the longest token: what many servers take as one header field at most."""
MAX_LIFETIME = 3600.0
_PURPOSE = "oidc/bearer"
_NOTHING: Mapping[str, str] = {}
_encode = msgspec.json.Encoder().encode


class Signer(Protocol):
    """Whoever has the provider's keys."""

    @property
    def is_shared(self) -> bool: ...
    async def sign_patiently(self, claims: Mapping[str, Any], *, typ: str, algorithm: str = "") -> str: ...


class Minting:
    """Makes tokens and publishes the keys to check them with."""

    def __init__(self, master: MasterKey, settings: OIDCSettings, clock: Clock, *, issuer: str) -> None:
        self.issuer = issuer
        self._clock = clock
        self._epochs = Epochs(master, _PURPOSE, settings.key_rotation.total_seconds())
        self._signer: Signer | None = None
        self._alone_at = -math.inf
        """When a token was last signed with a key that follows from the cluster key."""

    def sign_with(self, signer: Signer) -> None:
        """Have this one sign while co-signers hold shares of its key."""
        self._signer = signer

    @property
    def is_shared(self) -> bool:
        """Whether co-signers have a part in each token."""
        return self._signer is not None and self._signer.is_shared

    def apply(self, settings: OIDCSettings) -> None:
        """Change keys at another pace from now on."""
        self._epochs.use(settings.key_rotation.total_seconds())

    async def mint(
        self,
        person: Person,
        wanted: Wanted,
        *,
        session: str,
        auth_time: float | None,
        ends_at: float,
        metadata: Mapping[str, str] = _NOTHING,
        is_assertion: bool = False,
    ) -> Minted | Unminted:
        """A token that names the person to one application; it is over when their session is.

        `metadata` is what the session keeps, of which the token tells how its person signed in. An
        assertion is for another authorization server (RFC 7523, section 3), and good for nothing else.
        """
        try:
            made = await self.make(
                person,
                wanted,
                session=session,
                auth_time=auth_time,
                ends_at=ends_at,
                metadata=metadata,
                is_assertion=is_assertion,
            )
        except NoKey as wrong:
            error = describe(wrong.__cause__ or wrong)
            events.bearer_not_minted(user=person.name, client=wanted.app, reason=Unminted.KEY, error=error)
            return Unminted.KEY
        if isinstance(made, Minted):
            lifetime = made.expires_at - made.issued_at
            events.bearer_minted(user=person.name, client=wanted.app, session=session, lifetime=lifetime)
        else:
            events.bearer_not_minted(user=person.name, client=wanted.app, reason=made, error=made.value)
        return made

    async def make(
        self,
        person: Person,
        wanted: Wanted,
        *,
        session: str,
        auth_time: float | None,
        ends_at: float,
        metadata: Mapping[str, str] = _NOTHING,
        is_assertion: bool = False,
    ) -> Minted | Unminted:
        """The same for whoever says in the log what becomes of it. Raises NoKey."""
        now = self._clock.now()
        issued_at = math.floor(now)
        expires_at = math.floor(min(now + min(wanted.lifetime, MAX_LIFETIME), ends_at))
        if person.is_disabled:
            return Unminted.PERSON
        if expires_at <= now:
            return Unminted.OVER
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": person.name,
            "aud": wanted.audience,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": expires_at,
            "jti": new_id(),
            "sid": session,
            "name": person.display_name,
            "email": person.email,
            "groups": list(person.groups),
        }
        if not is_assertion:
            # Over there we are another client than any of ours.
            claims["client_id"] = wanted.app
        # How they signed in, as RFC 9068, section 2.2.1, has it; what nobody knows is left out.
        if auth_time:
            claims["auth_time"] = int(auth_time)
        if metadata.get(METHODS):
            claims["amr"] = metadata[METHODS].split()
        if metadata.get(ASSURANCE):
            claims["acr"] = assurance_of(metadata).value
        if wanted.scope:
            claims["scope"] = wanted.scope
        # The name that RFC 8037 gave Ed25519 in JOSE is the one that libraries know.
        # An assertion does not pass for an access token where types are looked at (RFC 8725, section 3.11).
        typ = "JWT" if is_assertion else "at+jwt"
        try:
            token = await self._signed(claims, typ, now)
        except UnicodeEncodeError:
            return Unminted.MALFORMED
        if len(token) > MAX_TOKEN:
            return Unminted.TOO_LONG
        return Minted(token, float(issued_at), float(expires_at))

    async def _signed(self, claims: Mapping[str, Any], typ: str, now: float) -> str:
        if self._signer is not None and self._signer.is_shared:
            return await self._signer.sign_patiently(claims, typ=typ, algorithm="EdDSA")
        key = self._epochs.at(now)
        header = {"alg": "EdDSA", "kid": key.key_id, "typ": typ}
        text = f"{_base64url(_encode(header))}.{_base64url(_encode(claims))}"
        self._alone_at = now
        return f"{text}.{_base64url(key.private.sign(text.encode('ascii')))}"

    def published(self) -> list[dict[str, str]]:
        """The public keys to check tokens with, as JSON Web Keys (RFC 7517). Raises NoKey.

        None while co-signers sign, but for as long as tokens are good that were made before, in this process.
        """
        if self.is_shared and self._clock.now() > self._alone_at + MAX_LIFETIME:
            return []
        return self._epochs.published(self._clock.now(), "EdDSA")


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
