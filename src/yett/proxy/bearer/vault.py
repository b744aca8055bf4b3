"""Sealed copies of tokens in the store, so that every node can use what one has minted.

The record's own name is sealed with the token: a copy that somebody moved to another session's
place does not open there.
"""

import enum
import math

from yett.identity import Person
from yett.keys import Sealer
from yett.oidc import Wanted
from yett.proxy.bearer import rules
from yett.proxy.bearer.model import Held
from yett.store import Records

_PREFIX = "proxy/bearers/"


class Unfit(enum.Enum):
    """Why a kept copy is not used."""

    UNREADABLE = "unreadable"
    """It does not open: the cluster key has changed, or somebody wrote there."""
    OUTDATED = "outdated"
    """It says something else of the person, or is over."""


class Vault:
    """Keeps tokens by session and wish. StoreUnavailable may come from any method."""

    def __init__(self, records: Records, sealer: Sealer) -> None:
        self._records = records
        self._sealer = sealer

    async def find(self, session: str, wanted: Wanted, person: Person, *, now: float) -> Held | Unfit | None:
        """The token that was kept, or why it is of no use; None when there is none."""
        key = _key(session, wanted)
        record = await self._records.get(key)
        if record is None:
            return None
        opened = self._sealer.open(record.value.decode("ascii", "replace"), now=now)
        if opened is None or opened.payload.get("key") != key:
            return Unfit.UNREADABLE
        payload = opened.payload
        try:
            token, about = payload["token"], payload["about"]
            issued_at, expires_at = float(payload["issued_at"]), float(payload["expires_at"])
        except (KeyError, ValueError):
            return Unfit.UNREADABLE
        if opened.is_expired or about != rules.digest_of(person):
            return Unfit.OUTDATED
        found = rules.held(token, person, issued_at=issued_at, expires_at=expires_at)
        return found if rules.is_good(found, person, now) else Unfit.OUTDATED

    async def keep(self, session: str, wanted: Wanted, held: Held, *, expires_at: float, now: float) -> None:
        """Keep a token until it is over. Raises ValueError when it cannot be sealed."""
        key = _key(session, wanted)
        payload = {
            "key": key,
            "token": held.token,
            "about": rules.digest_of(held.person),
            "issued_at": repr(held.issued_at),
            "expires_at": repr(expires_at),
        }
        sealed = self._sealer.seal(payload, expires_at=expires_at).encode("ascii")
        await self._records.put(key, sealed, lifetime=math.ceil(max(expires_at - now, 1.0)))


def _key(session: str, wanted: Wanted) -> str:
    return f"{_PREFIX}{session}/{rules.name_of(wanted)}"
