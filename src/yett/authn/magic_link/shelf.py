"""Links as they are kept, under the hashes of their tokens."""

from collections.abc import Collection
from dataclasses import replace

import msgspec

from yett.authn.magic_link.model import Link
from yett.store import Records

REMEMBERED = 600.0
"""Seconds that a link is kept after its end, so that a late one is told from one that never was."""
_LINKS = "magic/links/"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Link).decode


class Shelf:
    """Links in the store. StoreUnavailable may come from any method."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def put(self, ref: str, link: Link, *, now: float) -> None:
        """Keep a new link."""
        await self._records.put(_key(ref), _encode(link), lifetime=link.expires_at - now + REMEMBERED)

    async def get(self, ref: str) -> Link | None:
        """What is kept; nothing is changed by it."""
        record = await self._records.get(_key(ref))
        return None if record is None else _read(record.value)

    async def count_try(self, ref: str, most: int, *, now: float) -> Link | None:
        """The link with one more number counted; None when it is gone or has no tries left.

        A try counts before its number is looked at, so that a hundred at once are not a hundred free ones.
        """
        while (record := await self._records.get(_key(ref))) is not None:
            link = _read(record.value)
            if link is None or link.tries >= most:
                return None
            counted = replace(link, tries=link.tries + 1)
            lifetime = max(link.expires_at - now, 0.0) + REMEMBERED
            version = await self._records.replace(
                _key(ref), _encode(counted), version=record.version, lifetime=lifetime
            )
            if version is not None:
                return counted
        return None

    async def of(self, emails: Collection[str]) -> list[str]:
        """Under what the links of some (folded) addresses are kept."""
        found = [(key, _read(record.value)) for key, record in await self._records.list(_LINKS)]
        return [key.removeprefix(_LINKS) for key, link in found if link is not None and link.email in emails]

    async def take(self, ref: str) -> Link | None:
        """What is kept, which is gone from now on: of any number of callers exactly one gets it."""
        record = await self._records.take(_key(ref))
        return None if record is None else _read(record.value)


def _read(value: bytes) -> Link | None:
    try:
        return _decode(value)
    except msgspec.MsgspecError:
        return None


def _key(ref: str) -> str:
    return _LINKS + ref
