"""What operators can do about clients that ask for too much."""

import math
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from yett.config import parse_duration
from yett.events import describe
from yett.guard.rate import events, rules
from yett.guard.rate.bans import MOST, TooManyBans
from yett.guard.rate.model import Network
from yett.guard.rate.service import RateGuard
from yett.kernel import CommandFailed, Table, command
from yett.store import StoreUnavailable

_COLUMNS = ("client", "banned_by", "limit", "since", "until")


class RateCommands:
    """The commands under `ratelimit`."""

    def __init__(self, guard: RateGuard) -> None:
        self._guard = guard

    @command("ratelimit list")
    async def show(self) -> Table:
        """List who is banned: by operators everywhere, for asking too much on this node."""
        manual = (
            (rules.name_of(ban.network), "operator", None, _instant(ban.since), _instant(ban.until))
            for ban in self._guard.bans()
        )
        automatic = (
            (ban.client, "limit", ban.limit, None, _instant(ban.until))
            for ban in self._guard.automatic_bans()
        )
        return Table(_COLUMNS, (*manual, *automatic), empty="Nobody is banned.")

    @command("ratelimit ban", writes=True)
    async def ban(
        self, address: str, *, duration: Annotated[str | None, Parameter(name="--for")] = None
    ) -> Table:
        """Keep an address or a network out, for a time ("1h") or until it is unbanned.

        Of IPv6 it is the whole /64 that is banned, as one client has all of it.
        """
        network = self._client(address)
        seconds = _seconds(duration)
        name = rules.name_of(network)
        try:
            ban = await self._guard.ban(network, seconds)
        except StoreUnavailable as problem:
            events.ban_failed(client=name, error=describe(problem))
            raise CommandFailed(f"Nothing was changed: {problem}") from problem
        except TooManyBans as problem:
            raise CommandFailed(
                f"{MOST} networks are banned already; ban larger ones, or unban some."
            ) from problem
        events.client_banned(client=name, seconds=seconds or 0.0)
        return Table(("client", "until"), ((name, _instant(ban.until)),))

    @command("ratelimit unban", writes=True)
    async def unban(self, address: str) -> Table:
        """Let an address or a network in again."""
        network = self._network(address)
        name = rules.name_of(network)
        try:
            was_banned = await self._guard.unban(network)
        except StoreUnavailable as problem:
            events.unban_failed(client=name, error=describe(problem))
            raise CommandFailed(f"Nothing was changed: {problem}") from problem
        if not was_banned:
            raise CommandFailed(f"{name} is not banned; see: ratelimit list")
        events.client_unbanned(client=name)
        return Table(("client", "unbanned"), ((name, True),))

    def _network(self, address: str) -> Network:
        network = rules.client_network(address)
        if network is None:
            raise CommandFailed(f"{address[:64]!r} is no address and no network.")
        return network

    def _client(self, address: str) -> Network:
        if not self._guard.is_enabled:
            raise CommandFailed("Rate limiting is switched off, so no ban would hold.")
        network = self._network(address)
        exact = rules.parse_network(address)
        if self._guard.is_exempt(network) or (exact is not None and self._guard.is_exempt(exact)):
            raise CommandFailed(
                f"{rules.name_of(network)} is exempt by `[protection.rate] exempt`, so no ban would hold."
            )
        if network.prefixlen == 0:
            raise CommandFailed("That would keep everybody out.")
        return network


def _seconds(duration: str | None) -> float | None:
    if duration is None:
        return None
    try:
        seconds = parse_duration(duration).total_seconds()
    except ValueError as problem:
        raise CommandFailed(f'--for {problem}; durations read "30s", "1h30m", "72h".') from problem
    if seconds <= 0:
        raise CommandFailed("--for has to be longer than nothing.")
    return seconds


def _instant(seconds: float) -> str | None:
    """As text; nothing for what has no end."""
    return None if math.isinf(seconds) else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
