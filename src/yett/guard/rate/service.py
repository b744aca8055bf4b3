"""Counting requests, and turning away whoever makes too many.

What must stay true:
  no client gets more than its burst and its rate let through, whatever it is called;
  memory is bounded by `max_clients`, and the active clients keep their places;
  an exempt address is never counted and never banned.
"""

import math
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Final, NamedTuple

from yett.guard import events as listener
from yett.guard.model import Blocked
from yett.guard.rate import events, rules
from yett.guard.rate.bans import Ban, Bans
from yett.guard.rate.config import RateSettings
from yett.guard.rate.model import Caller, Identify, Limit, Network, Reason, Type
from yett.guard.rate.table import Table
from yett.kernel import Clock, Supervisor
from yett.net.http import Request
from yett.store import Records

_ADDRESSES: Final = 65_536
_COMPLAIN_EVERY: Final = 60.0
_HEADING: Final = "Too many requests"
_SENTENCE: Final = (
    "More was asked for from your address or account than is allowed. Wait a moment, then go on."
)


class _Standing(NamedTuple):
    """What is known of an address before anything is counted."""

    key: str
    """Empty for an exempt address."""
    banned_until: float


class AutomaticBan(NamedTuple):
    """A client that asked for too much, as this node knows it."""

    client: str
    limit: str
    until: float


def nobody(_request: Request) -> Caller | None:
    """For a gateway without sessions: every request is counted by its address."""
    return None


class RateGuard:
    """Counts the requests of each client. Start before use."""

    def __init__(
        self,
        records: Records,
        settings: RateSettings,
        clock: Clock,
        tasks: Supervisor,
        *,
        identify: Identify = nobody,
    ) -> None:
        self._clock = clock
        self._identify = identify
        self._settings = settings
        self._bans = Bans(records, clock, tasks)
        self._bans.changed = self._forget_standings
        self._buckets = Table(settings.max_clients)
        self._banned = Table(settings.max_clients)
        self._complained_at = -math.inf
        self._use(settings)

    # Living.

    @property
    def is_enabled(self) -> bool:
        return self._settings.enabled

    async def start(self) -> None:
        """Read who is banned, and say how requests are counted. Raises StoreUnavailable."""
        await self._bans.start()
        self._say_state()

    async def stop(self) -> None:
        """Stop following the list of bans."""
        await self._bans.stop()

    def apply(self, settings: RateSettings) -> None:
        """Count by these settings from the next request on. Whoever is banned stays so."""
        if settings == self._settings:
            return
        self._use(settings)
        self._say_state()

    def _use(self, settings: RateSettings) -> None:
        self._settings = settings
        self._rules = rules.compile_settings(settings)
        self._type = self._rules.type or Type.IP
        self._missed_fingerprint = False
        self._buckets.resize(settings.max_clients)
        self._banned.resize(settings.max_clients)
        if not settings.enabled:
            self._buckets.clear()
            self._banned.clear()
        self._standing: Callable[[str], _Standing] = self._remember_standings()

    def _say_state(self) -> None:
        settings, compiled = self._settings, self._rules
        if not settings.enabled:
            events.disabled()
            return
        if compiled.type is None:
            listener.rate_limit_type_invalid(type_used=Type.IP.value)
        if compiled.problems:
            events.invalid(problems=compiled.problems)
            return
        events.enabled(
            requests=settings.requests,
            period=settings.period.total_seconds(),
            burst=settings.burst or settings.requests,
            ban_time=compiled.ban_time,
            entities=len(settings.entity),
        )

    # Checking.

    def check(self, request: Request, now: float) -> Blocked | None:
        """Count one request. Raises BansUnknown while the list of bans cannot be read."""
        compiled = self._rules
        if compiled.problems:
            self._complain(now)
        key, banned_until = self._standing(request.scope.client_address)
        if banned_until > now:
            return self._refuse_banned(None, banned_until - now)
        if not key:
            return None
        if self._type is not Type.IP:
            key = self._name(request) or key
        limit, client = compiled.general, key
        bucket: Hashable = key
        if compiled.entities:
            entity = rules.entity_for(compiled.entities, request.host, request.path)
            if entity is not None:
                limit = entity.limit
                bucket = (client, limit.name)
                listener.entity_limited(limit.name, request.host)
        if self._banned.instants:
            until = self._banned.instants.get(bucket, 0.0)
            if until > now:
                return self._refuse_banned(limit, min(until - now, compiled.ban_time))
        return self._count(bucket, limit, now)

    def _count(self, bucket: Hashable, limit: Limit, now: float) -> Blocked | None:
        instants = self._buckets.instants
        at = instants.get(bucket)
        if at is None:
            if not self._buckets.add(bucket, now + limit.interval, now):
                events.at_capacity(len(self._buckets))
                return _blocked(503, Reason.CAPACITY, None, 5)
            events.allowed_anew(limit.name)
            return None
        moved = rules.admit(at, now, limit)
        if moved is None:
            return self._ban(bucket, limit, now)
        instants[bucket] = moved
        if at <= now:
            events.allowed_anew(limit.name)
        else:
            events.allowed(limit.name)
        return None

    def _ban(self, bucket: Hashable, limit: Limit, now: float) -> Blocked:
        ban_time = self._rules.ban_time
        self._banned.discard(bucket)
        # The bucket stays as it is: a ban that is shorter than it takes to drain gives nothing away.
        self._banned.add(bucket, now + ban_time, now)
        events.exceeded(limit.name, ban_time)
        return _blocked(429, Reason.OVER_LIMIT, limit, ban_time)

    def _refuse_banned(self, limit: Limit | None, left: float) -> Blocked:
        events.banned(limit.name if limit is not None else "", -1.0 if math.isinf(left) else round(left, 1))
        return _blocked(429, Reason.BANNED, limit, min(left, 86_400.0))

    def _complain(self, now: float) -> None:
        if not 0.0 <= now - self._complained_at < _COMPLAIN_EVERY:
            self._complained_at = now
            events.check_misconfigured(problems=self._rules.problems)

    def foresee(self, request: Request, now: float, caller: Caller | None = None) -> Blocked | None:
        """What `check` would say to a request of this caller, without counting it. Raises BansUnknown."""
        compiled = self._rules
        key, banned_until = self._standing(request.scope.client_address)
        if banned_until > now:
            return _blocked(429, Reason.BANNED, None, min(banned_until - now, 86_400.0))
        if not key:
            return None
        if caller is not None and self._type in {Type.SESSION, Type.USER}:
            key = self._named(caller)
        limit, bucket = compiled.general, key
        entity = (
            rules.entity_for(compiled.entities, request.host, request.path) if compiled.entities else None
        )
        places: tuple[Hashable, Limit] = (
            (bucket, limit) if entity is None else ((key, entity.limit.name), entity.limit)
        )
        return self._foreseen(*places, now)

    def _foreseen(self, bucket: Hashable, limit: Limit, now: float) -> Blocked | None:
        until = self._banned.instants.get(bucket, 0.0)
        if until > now:
            return _blocked(429, Reason.BANNED, limit, min(until - now, self._rules.ban_time))
        at = self._buckets.instants.get(bucket)
        if at is None:
            return None if self._buckets.has_room(now) else _blocked(503, Reason.CAPACITY, None, 5)
        if rules.admit(at, now, limit) is None:
            return _blocked(429, Reason.OVER_LIMIT, limit, self._rules.ban_time)
        return None

    # Who it is.

    def _name(self, request: Request) -> str:
        """What a client is counted as by the type in force; empty when that is unknown."""
        if self._type is Type.FINGERPRINT:
            # The engine leaves TLS to OpenSSL, which shows nobody the client's first message.
            if not self._missed_fingerprint:
                self._missed_fingerprint = True
                listener.no_fingerprint(fallback=Type.IP.value)
            listener.fingerprint_fallback(fallback=Type.IP.value)
            return ""
        caller = self._identify(request)
        if caller is None:
            return ""
        return self._named(caller)

    def _named(self, caller: Caller) -> str:
        # With a word in front, so that no name can pass for an address.
        return f"session {caller.session}" if self._type is Type.SESSION else f"user {caller.user}"

    def _remember_standings(self) -> Callable[[str], _Standing]:
        """What an address stands for, remembered: reading an address takes longer than all the rest."""

        @lru_cache(maxsize=_ADDRESSES)
        def standing(address: str) -> _Standing:
            network = rules.client_network(address)
            if network is None:
                return _Standing(f"address {address}", 0.0)
            exact = rules.parse_network(address.partition("%")[0])
            if exact is not None and rules.is_within(exact, self._rules.exempt):
                return _Standing("", 0.0)
            until = self._bans.until(exact if exact is not None else network)
            return _Standing(rules.name_of(network), until)

        return standing

    def _forget_standings(self) -> None:
        self._standing = self._remember_standings()

    # Operators.

    def is_exempt(self, network: Network) -> bool:
        """Whether requests from there are never counted."""
        return rules.is_within(network, self._rules.exempt)

    def bans(self) -> tuple[Ban, ...]:
        """What operators banned."""
        return self._bans.list()

    def automatic_bans(self) -> tuple[AutomaticBan, ...]:
        """Who is banned on this node for asking too much."""
        now, general = self._clock.now(), self._rules.general.name
        found = []
        for bucket, until in self._banned.instants.items():
            if until > now:
                client, limit = bucket if isinstance(bucket, tuple) else (bucket, general)
                found.append(AutomaticBan(str(client), str(limit), until))
        return tuple(found)

    async def ban(self, network: Network, seconds: float | None) -> Ban:
        """Keep a network out on every node. Raises StoreUnavailable or TooManyBans."""
        return await self._bans.add(network, seconds)

    async def unban(self, network: Network) -> bool:
        """Let a network in again, whoever banned it; whether it was banned. Raises StoreUnavailable."""
        was_banned = await self._bans.remove(network)
        now = self._clock.now()
        for bucket, until in list(self._banned.instants.items()):
            client = bucket[0] if isinstance(bucket, tuple) else bucket
            banned = rules.parse_network(str(client))
            if banned is not None and rules.is_within(banned, (network,)):
                self._banned.discard(bucket)
                # Otherwise the next request would bring the ban back.
                self._buckets.discard(bucket)
                was_banned = was_banned or until > now
        return was_banned


def _blocked(status: int, reason: Reason, limit: Limit | None, seconds: float) -> Blocked:
    headers = rules.refusal_headers(limit, max(math.ceil(seconds), 1))
    return Blocked(status, reason, _HEADING, _SENTENCE, headers)
