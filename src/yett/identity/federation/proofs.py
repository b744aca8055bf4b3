"""Proofs that a request comes from who holds our key (DPoP, RFC 9449), one for each request."""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from yett.events import describe
from yett.identity.federation import events, rules
from yett.identity.federation.signing import Signing, public_jwk, thumbprint
from yett.kernel import Clock, new_secret
from yett.store import Records, Space, StoreUnavailable

_LIFETIME: Final = 600.0
"""Seconds that the number of a proof is remembered; providers believe proofs for less."""
_PATIENCE: Final = 2.0
_ROUNDS: Final = 3
_MOST_NONCES: Final = 100
_LONGEST_NONCE: Final = 1024


class Proofs:
    """Makes proofs for one provider, with one key."""

    def __init__(
        self,
        provider: str,
        signing: Signing,
        records: Records,
        clock: Clock,
        *,
        patience: float = _PATIENCE,
        number: Callable[[], str] = new_secret,
    ) -> None:
        self._provider = provider
        self._signing = signing
        self._jwk = public_jwk(signing.key)  # type: ignore[arg-type]  # a key of P-256, by `derive_key`
        self.thumbprint = thumbprint(self._jwk)
        self._records = Space(records, "federation/proofs")
        self._clock = clock
        self._patience = patience
        self._number = number
        self._nonces: dict[str, str] = {}

    async def make(self, method: str, url: str, access_token: str = "") -> str:
        """A proof for one request (RFC 9449, 4.2)."""
        parts = urlsplit(url)
        claims = {
            "jti": await self._fresh(),
            "htm": method,
            "htu": f"{parts.scheme}://{parts.netloc}{parts.path}",
            "iat": int(self._clock.now()),
        }
        if access_token:
            claims["ath"] = rules.challenge_of(access_token)
        nonce = self._nonces.get(parts.netloc)
        if nonce:
            claims["nonce"] = nonce
        return self._signing.sign({"typ": "dpop+jwt", "jwk": self._jwk}, claims)

    def hear(self, url: str, nonce: str) -> bool:
        """Remember the nonce that a server wants to see next (RFC 9449, 8.2); whether it is another one."""
        host = urlsplit(url).netloc
        if not nonce or len(nonce) > _LONGEST_NONCE or not nonce.isascii() or self._nonces.get(host) == nonce:
            return False
        if len(self._nonces) >= _MOST_NONCES:
            self._nonces.clear()
        self._nonces[host] = nonce
        return True

    async def _fresh(self) -> str:
        """A number that no proof of ours had, on any node."""
        number = self._number()
        for _ in range(_ROUNDS):
            if not await self._was_used(number):
                break
            events.jti_twice(provider=self._provider)
            number = self._number()
        return number

    async def _was_used(self, number: str) -> bool:
        key = rules.state_key(number)
        try:
            if await self._records.get(key) is not None:
                return True
        except StoreUnavailable as problem:
            events.jti_unchecked(provider=self._provider, error=describe(problem))
            return False
        try:
            async with asyncio.timeout(self._patience):
                return await self._records.create(key, b"", lifetime=_LIFETIME) is None
        except TimeoutError:
            events.jti_too_slow(provider=self._provider)
        except StoreUnavailable as problem:
            events.jti_unstored(provider=self._provider, error=describe(problem))
        return False
