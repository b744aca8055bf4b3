"""Tokens of providers that are kept for later: to ask whether somebody is still welcome, and to give them back.

They are sealed: whoever reads the store, or a copy of it, cannot use them.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from yett.identity.federation.model import Identity, TokenSet
from yett.kernel import Clock, new_id
from yett.store import Record, Records, Space

GRANT: Final = "federated"
"""Under this name a session keeps the id of what is kept for it."""
PROVIDER: Final = "provider"
"""Under this name a session keeps through which provider its person signed in."""


class Opened(Protocol):
    """What a seal held."""

    @property
    def payload(self) -> dict[str, str]: ...


class Sealer(Protocol):
    """Seals what is kept."""

    def seal(self, payload: dict[str, str], *, expires_at: float) -> str: ...
    def open(self, text: str, *, now: float) -> Opened | None: ...


class _Kept(msgspec.Struct, frozen=True):
    provider: str
    issuer: str
    subject: str
    sealed: str
    check_at: float
    """When to ask again; 0 for never."""
    expires_at: float


@dataclass(frozen=True, slots=True)
class Grant:
    """What is kept for one session."""

    id: str
    provider: str
    identity: Identity
    access_token: str
    refresh_token: str
    version: int
    expires_at: float

    def __repr__(self) -> str:
        return f"Grant(id={self.id!r}, provider={self.provider!r})"


class Grants:
    """What is kept. StoreUnavailable may come from any method."""

    def __init__(self, records: Records, sealer: Sealer, clock: Clock) -> None:
        self._records = Space(records, "federation/grants")
        self._sealer = sealer
        self._clock = clock

    async def keep(
        self, provider: str, identity: Identity, tokens: TokenSet, *, every: float, lifetime: float
    ) -> str:
        """Keep tokens; the id, empty when they are too long to be kept. `every` is 0 when nobody will ask."""
        now = self._clock.now()
        expires_at = now + lifetime
        sealed = self._seal(tokens.access_token, tokens.refresh_token, expires_at)
        if not sealed:
            return ""
        number = new_id()
        kept = _Kept(
            provider, identity.issuer, identity.subject, sealed, now + every if every else 0.0, expires_at
        )
        await self._records.put(number, msgspec.json.encode(kept), lifetime=lifetime)
        return number

    async def claim(self, number: str, every: float) -> Grant | None:
        """What is kept, if it is time to ask and no other node does; the next time is put off first."""
        record = await self._records.get(number)
        kept = None if record is None else _read(record)
        now = self._clock.now()
        if record is None or kept is None or not kept.check_at or kept.check_at > now:
            return None
        later = msgspec.structs.replace(kept, check_at=now + every)
        version = await self._records.replace(
            number,
            msgspec.json.encode(later),
            version=record.version,
            lifetime=max(kept.expires_at - now, 1.0),
        )
        return None if version is None else self._opened(number, later, version)

    async def renew(self, grant: Grant, tokens: TokenSet, every: float) -> bool:
        """Keep newer tokens in place of those; False when somebody else changed it meanwhile."""
        refresh_token = tokens.refresh_token or grant.refresh_token
        sealed = self._seal(tokens.access_token, refresh_token, grant.expires_at)
        now = self._clock.now()
        kept = _Kept(
            grant.provider,
            grant.identity.issuer,
            grant.identity.subject,
            sealed,
            now + every if sealed else 0.0,
            grant.expires_at,
        )
        version = await self._records.replace(
            grant.id,
            msgspec.json.encode(kept),
            version=grant.version,
            lifetime=max(grant.expires_at - now, 1.0),
        )
        return version is not None

    async def take(self, number: str) -> Grant | None:
        """What is kept, and is not any more: of any number of callers one gets it."""
        record = await self._records.take(number)
        kept = None if record is None else _read(record)
        return None if record is None or kept is None else self._opened(number, kept, record.version)

    def _opened(self, number: str, kept: _Kept, version: int) -> Grant | None:
        opened = self._sealer.open(kept.sealed, now=self._clock.now())
        if opened is None:
            return None
        return Grant(
            number,
            kept.provider,
            Identity(kept.issuer, kept.subject),
            opened.payload.get("access", ""),
            opened.payload.get("refresh", ""),
            version,
            kept.expires_at,
        )

    def _seal(self, access_token: str, refresh_token: str, expires_at: float) -> str:
        for payload in ({"access": access_token, "refresh": refresh_token}, {"refresh": refresh_token}):
            try:
                return self._sealer.seal(payload, expires_at=expires_at)
            except ValueError:
                # Some providers write everything they know into a token.
                if not refresh_token:
                    break
        return ""


def _read(record: Record) -> _Kept | None:
    try:
        return msgspec.json.decode(record.value, type=_Kept)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
