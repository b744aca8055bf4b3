"""Documents of providers, kept in the store so that not every node asks for them.

What cannot be kept is used all the same: the store is a convenience here, never the judge.
"""

from typing import Any, Final

import msgspec

from yett.events import describe
from yett.store import Records, Space, StoreUnavailable

STALE_AFTER: Final = 86400.0
"""Seconds for which a document is used when there is no newer one to be had."""


class Kept(msgspec.Struct, frozen=True):
    """A document as it came, and for whom."""

    url: str
    fetched_at: float
    document: dict[str, Any]


class Unreadable(Exception):
    """What is kept is something else."""


class Shelf:
    """Documents of one kind, by provider."""

    def __init__(self, records: Records, kind: str) -> None:
        self._records = Space(records, f"federation/{kind}")

    async def get(self, provider: str, url: str) -> Kept | None:
        """The document of that address; None without one. Raises Unreadable."""
        try:
            record = await self._records.get(provider)
        except StoreUnavailable:
            return None
        if record is None:
            return None
        try:
            kept = msgspec.json.decode(record.value, type=Kept)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Unreadable from None
        # Another issuer may have the name by now.
        return kept if kept.url == url else None

    async def put(self, provider: str, kept: Kept) -> str:
        """Keep it; what went wrong, empty for nothing."""
        try:
            await self._records.put(provider, msgspec.json.encode(kept), lifetime=STALE_AFTER)
        except (StoreUnavailable, ValueError, msgspec.MsgspecError) as problem:
            return describe(problem)
        return ""
