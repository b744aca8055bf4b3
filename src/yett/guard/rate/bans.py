"""Who operators keep out: kept in the store, known on every node.

What must stay true:
  a ban that was acknowledged is written down, holds at once here, and after a moment everywhere;
  while the list cannot be known, nobody is told that a client is not on it.
"""

import asyncio
import ipaddress
import math
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from yett.events import describe
from yett.guard.rate import events, rules
from yett.guard.rate.model import Network
from yett.kernel import Clock, Supervisor
from yett.store import Change, Follower, Record, Records, Space, StoreUnavailable

MOST = 10_000
"""Networks that can be banned at a time."""


class Ban(NamedTuple):
    """One network that is kept out."""

    network: Network
    since: float
    until: float
    """Infinity for ever."""


class BansUnknown(Exception):
    """The list of bans could not be read, so nobody can say who is on it."""


class TooManyBans(Exception):
    """The list is full."""


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    since: float
    until: float | None


class Bans:
    """The list of bans. Start before use."""

    def __init__(self, records: Records, clock: Clock, tasks: Supervisor) -> None:
        self.changed: Callable[[], None] = lambda: None
        """Called after each change of the list, for whoever remembers answers."""
        self.is_known = False
        self._records = Space(records, "guard/rate/bans")
        self._clock = clock
        self._tasks = tasks
        self._bans: dict[str, Ban] = {}
        # By length of the network and its bits: a look costs one step per length in use.
        self._by_length: dict[tuple[int, int], dict[int, Ban]] = {}
        self._follower = Follower(self._records, "", load=self._load, hear=self._change, missed=self._missed)
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the list, and follow it from now on. Raises StoreUnavailable."""
        await self._follower.open()
        self._following = self._tasks.keep(self._follower.follow, name="guard.bans")

    async def stop(self) -> None:
        """Stop following."""
        await self._follower.close()
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            self._following = None

    def until(self, network: Network) -> float:
        """Until when a client is banned; 0 for one that is not. Raises BansUnknown."""
        if not self.is_known:
            raise BansUnknown("the list of bans could not be read")
        latest = 0.0
        bits = int(network.network_address)
        for (version, length), bans in self._by_length.items():
            if version == network.version and length <= network.prefixlen:
                ban = bans.get(bits >> (network.max_prefixlen - length))
                if ban is not None:
                    latest = max(latest, ban.until)
        return latest

    def list(self) -> tuple[Ban, ...]:
        """Every ban that holds, in the order of addresses."""
        now = self._clock.now()
        live = (ban for ban in self._bans.values() if ban.until > now)
        return tuple(sorted(live, key=lambda ban: (ban.network.version, ban.network)))

    async def add(self, network: Network, seconds: float | None) -> Ban:
        """Ban a network, for ever without `seconds`; an earlier ban of the same gives way.

        Raises StoreUnavailable or TooManyBans; then nothing has changed.
        """
        name = rules.name_of(network)
        if name not in self._bans and len(self._bans) >= MOST:
            raise TooManyBans
        now = self._clock.now()
        kept = _Kept(now, None if seconds is None else now + seconds)
        await self._records.put(name, msgspec.json.encode(kept), lifetime=seconds)
        return self._take_in(name, network, kept)

    async def remove(self, network: Network) -> bool:
        """End the ban of exactly this network; whether there was one. Raises StoreUnavailable."""
        name = rules.name_of(network)
        was_there = await self._records.delete(name)
        return self._drop(name) or was_there

    async def _load(self) -> None:
        try:
            found = await self._records.list("")
        except StoreUnavailable as problem:
            events.list_unreadable(error=describe(problem))
            raise
        self._bans.clear()
        self._by_length.clear()
        for name, record in found:
            self._hear(name, record)
        self.is_known = True
        self.changed()

    def _missed(self) -> None:
        self.is_known = False
        self.changed()

    def _change(self, change: Change) -> None:
        if change.record is None:
            self._drop(change.key)
        else:
            self._hear(change.key, change.record)

    def _hear(self, name: str, record: Record) -> None:
        try:
            network = ipaddress.ip_network(name)
            kept = msgspec.json.decode(record.value, type=_Kept)
        except (ValueError, msgspec.MsgspecError) as problem:
            events.ban_unreadable(error=describe(problem))
            return
        self._take_in(name, network, kept)

    def _take_in(self, name: str, network: Network, kept: _Kept) -> Ban:
        ban = Ban(network, kept.since, math.inf if kept.until is None else kept.until)
        self._bans[name] = ban
        self._by_length.setdefault((network.version, network.prefixlen), {})[_bits(network)] = ban
        self.changed()
        return ban

    def _drop(self, name: str) -> bool:
        ban = self._bans.pop(name, None)
        if ban is None:
            return False
        network = ban.network
        length = (network.version, network.prefixlen)
        del self._by_length[length][_bits(network)]
        if not self._by_length[length]:
            del self._by_length[length]
        self.changed()
        return True


def _bits(network: Network) -> int:
    return int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
