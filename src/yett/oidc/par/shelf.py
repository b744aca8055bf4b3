"""Pushed requests in the store, under the hashes of their references.

A request is good for one code. It is spent at the moment when the code is made, by compare-and-set: until then its
person may load the sign-in page again, go back, or sign in in another tab. The record stays as the sign that it was
used.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import msgspec

from yett.kernel import new_secret
from yett.oidc.par.model import PREFIX, Pushed, Use
from yett.store import Record, Records

WHILE = 900.0
"""Seconds that somebody may take to sign in, once they have come."""
_REMEMBERED = 1800.0
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Pushed).decode


class Shelf:
    """Keeps them. StoreUnavailable may come from any method that waits."""

    def __init__(self, records: Records, *, new_secret: Callable[[], str] = new_secret) -> None:
        self._records = records
        self._new_secret = new_secret

    async def put(self, client_id: str, query: str, *, now: float, lifetime: float) -> str:
        """Keep a request; its reference. Raises OSError when the system gives no random bytes."""
        reference = PREFIX + self._new_secret()
        pushed = Pushed(client_id, query, now, now + lifetime)
        await self._records.put(_key(reference), _encode(pushed), lifetime=lifetime)
        return reference

    async def get(self, reference: str, *, now: float) -> Pushed | None:
        """What is kept under a reference; a spent one too, as long as it is remembered."""
        found = await self._get(reference)
        return None if found is None or now >= found[1].ends_at else found[1]

    async def begin(self, reference: str, *, now: float) -> None:
        """Its person has come: let them have a while, counted from their first coming."""
        while (found := await self._get(reference)) is not None:
            record, pushed = found
            if pushed.is_begun or pushed.is_spent:
                return
            begun = replace(pushed, is_begun=True, ends_at=now + WHILE)
            if await self._replace(reference, begun, record, WHILE):
                return

    async def spend(self, reference: str, *, now: float) -> Use | None:
        """Which use this is; None when there is nothing, or nothing any more."""
        while (found := await self._get(reference)) is not None:
            record, pushed = found
            if pushed.is_spent:
                return Use.LATER
            if now >= pushed.ends_at:
                return None
            spent = replace(pushed, is_spent=True, ends_at=now + _REMEMBERED)
            if await self._replace(reference, spent, record, _REMEMBERED):
                return Use.FIRST
        return None

    async def _get(self, reference: str) -> tuple[Record, Pushed] | None:
        record = await self._records.get(_key(reference))
        if record is None:
            return None
        try:
            return record, _decode(record.value)
        except msgspec.MsgspecError:
            # Kept by a program of another version: nothing that can be honoured.
            return None

    async def _replace(self, reference: str, pushed: Pushed, record: Record, lifetime: float) -> bool:
        version = await self._records.replace(
            _key(reference), _encode(pushed), version=record.version, lifetime=lifetime
        )
        return version is not None


def _key(reference: str) -> str:
    return f"oidc/par/{hashlib.sha256(reference.encode('utf-8', 'surrogatepass')).hexdigest()}"
