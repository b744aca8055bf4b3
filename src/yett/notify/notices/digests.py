"""What gathers for digests, in the store that all nodes share.

Each notice is a record of its own under its rule and its window of time. In the first moments of a
window one node claims the digest of each rule, sends everything older, and deletes it after that.

What must stay true:
  of all nodes one sends the digest of a rule in a window, whoever is first;
  a notice is deleted only after somebody was told of it, so that a node which dies in between loses
  nothing: the next window's digest has it;
  what gathers is bounded, and what found no place is counted.
"""

import hashlib
from dataclasses import dataclass

import msgspec

from yett.kernel import Clock, new_id
from yett.notify.notices import rules
from yett.notify.notices.model import Digest, Notice
from yett.store import Records, Space

_MOST = 500
"""Notices of one rule that a node keeps in one window."""
_LASTS = 86_400.0
_MOST_CLAIMED = 5_000
"""Notices of one digest; the rest goes out with the next one."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A digest that is this node's to send."""

    digest: Digest
    keys: tuple[str, ...]


class Digests:
    """Keeps notices until their digest is due. StoreUnavailable may come from any method."""

    def __init__(self, records: Records, clock: Clock, *, most: int = _MOST) -> None:
        self._space = Space(records, "notify")
        self._clock = clock
        self._most = most
        self._node = new_id()
        self._counts: dict[tuple[str, int], int] = {}
        self._more: dict[tuple[str, int], int] = {}
        self._looked: dict[str, int] = {}

    async def is_first(self, notice: Notice) -> bool:
        """Whether no node was told of a notice with this id before, today."""
        key = f"told/{_part(notice.id)}"
        return await self._space.create(key, b"", lifetime=_LASTS) is not None

    async def add(self, rule: str, notice: Notice, interval: float) -> None:
        """Keep a notice for the digest of a rule."""
        end = rules.window_end(self._clock.now(), interval)
        place = (rule, end)
        count = self._counts.get(place, 0)
        if not count:
            # Windows that are over need no counts.
            self._counts = {each: kept for each, kept in self._counts.items() if each[0] != rule}
        if count >= self._most:
            self._more[place] = self._more.get(place, 0) + 1
            return
        self._counts[place] = count + 1
        name = _part(notice.id) if notice.id else new_id()
        key = f"kept/{_part(rule)}/{end:012d}/{name}"
        await self._space.create(key, msgspec.json.encode(notice), lifetime=max(_LASTS, 4 * interval))

    async def save_more(self, interval: float) -> None:
        """Write down how many notices found no place."""
        now = self._clock.now()
        for (rule, end), more in list(self._more.items()):
            key = f"more/{_part(rule)}/{end:012d}/{self._node}"
            await self._space.put(key, str(more).encode(), lifetime=max(_LASTS, 4 * interval))
            if end <= now:
                del self._more[rule, end]

    async def claim(self, rule: str, interval: float) -> Claimed | None:
        """What gathered before this window, if it is this node's to send and there is anything."""
        now = self._clock.now()
        end = rules.window_end(now, interval)
        if self._looked.get(rule) == end:
            return None
        part = _part(rule)
        claim = f"claim/{part}/{end:012d}"
        version = await self._space.create(claim, self._node.encode(), lifetime=2 * interval + 60)
        self._looked[rule] = end
        if version is None:
            return None
        kept = [each for each in await self._space.list(f"kept/{part}/") if _end_of(each[0]) <= now]
        more = [each for each in await self._space.list(f"more/{part}/") if _end_of(each[0]) <= now]
        del kept[_MOST_CLAIMED:]
        found = [_notice(record.value) for _, record in kept]
        notices = sorted((each for each in found if each is not None), key=lambda each: each.at)
        count = sum(int(record.value) for _, record in more)
        keys = tuple(key for key, _ in (*kept, *more))
        return Claimed(Digest(rule, tuple(notices), count), keys) if keys else None

    async def settle(self, claimed: Claimed) -> None:
        """Somebody was told; forget it."""
        for key in claimed.keys:
            await self._space.delete(key)


def _part(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _end_of(key: str) -> int:
    return int(key.split("/")[2])


def _notice(value: bytes) -> Notice | None:
    """What was kept; None for what another version wrote and this one does not understand."""
    try:
        return msgspec.json.decode(value, type=Notice)
    except msgspec.DecodeError:
        return None
