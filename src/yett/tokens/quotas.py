"""How much of what a user may use, and how much of it they have used in this minute.

What members of a group may use is added to what everybody may. A service that is not listed has no limit;
one with a limit of 0 is blocked. Requests are counted in windows of a minute, on this node alone: in a
cluster each node grants the whole limit.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from yett.kernel import Clock
from yett.tokens.config import QuotaSettings, ServiceQuotaSettings, TokensSettings

WINDOW = 60
_MOST = 100_000
"""Counts that are kept at most; the windows of a minute ago go first."""


@dataclass(frozen=True, slots=True)
class Notebook:
    """What a notebook may take."""

    cpu: float
    memory: float
    spawn: bool = True

    def plus(self, other: "Notebook | None") -> "Notebook":
        """Both together. One that forbids to start notebooks forbids it."""
        if other is None:
            return self
        return Notebook(self.cpu + other.cpu, self.memory + other.memory, self.spawn and other.spawn)


@dataclass(frozen=True, slots=True)
class Quota:
    """What somebody may use."""

    api: Mapping[str, int] = field(default_factory=dict)
    tap: Mapping[str, int] = field(default_factory=dict)
    disk: Mapping[str, int] = field(default_factory=dict)
    notebook: Notebook | None = None

    def plus(self, other: "Quota") -> "Quota":
        """Both together."""
        notebook = other.notebook if self.notebook is None else self.notebook.plus(other.notebook)
        return Quota(
            _sum(self.api, other.api), _sum(self.tap, other.tap), _sum(self.disk, other.disk), notebook
        )

    def over(self, other: "Quota") -> "Quota":
        """This in place of the other, key by key."""
        return Quota(
            {**other.api, **self.api},
            {**other.tap, **self.tap},
            {**other.disk, **self.disk},
            self.notebook or other.notebook,
        )


@dataclass(frozen=True, slots=True)
class Quotas:
    """Everybody's."""

    default: Quota = Quota()
    groups: Mapping[str, Quota] = field(default_factory=dict)
    bypass: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said at all."""
        return self == Quotas()

    def of(self, groups: Iterable[str]) -> Quota | None:
        """What members of these groups may use; None when nothing limits them."""
        held = frozenset(groups)
        if not held.isdisjoint(self.bypass):
            return None
        found = self.default
        for group in sorted(held & self.groups.keys()):
            found = found.plus(self.groups[group])
        return None if found == Quota() else found


@dataclass(frozen=True, slots=True)
class QuotaState:
    """Where somebody stands with a service, after the request that was just counted."""

    resource: str
    limit: int
    used: int
    reset: int
    """When the window ends, in seconds since the epoch."""
    is_exceeded: bool

    @property
    def remaining(self) -> int:
        """How many more there may be until then."""
        return max(self.limit - self.used, 0)

    @property
    def is_blocked(self) -> bool:
        """Whether there may never be any."""
        return self.limit == 0


def quota_of(groups: Iterable[str], quotas: Quotas, overrides: Quotas | None) -> Quota | None:
    """What members of these groups may use, with overrides in place of settings, key by key."""
    held = frozenset(groups)
    if overrides is None:
        return quotas.of(held)
    if not held.isdisjoint(overrides.bypass):
        return None
    usual, instead = quotas.of(held), overrides.of(held)
    if instead is None:
        return usual
    return instead if usual is None else instead.over(usual)


def quotas_of(settings: TokensSettings) -> Quotas:
    """What the settings say."""
    by_group = {each.group: _quota(each) for each in settings.quota}
    default = by_group.pop("", Quota())
    return Quotas(default, by_group, frozenset(settings.quota_bypass))


def _quota(settings: QuotaSettings) -> Quota:
    cpu, memory = settings.notebook_cpu, settings.notebook_memory
    notebook = None
    if cpu is not None or memory is not None or not settings.notebook_spawn:
        notebook = Notebook(cpu or 0.0, memory or 0.0, settings.notebook_spawn)
    return Quota(_amounts(settings.api), _amounts(settings.tap), _amounts(settings.disk), notebook)


def _amounts(settings: tuple[ServiceQuotaSettings, ...]) -> dict[str, int]:
    return {each.service: each.amount for each in settings}


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


class Counting:
    """Counts requests by user and service."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._window = 0
        self._used: dict[tuple[str, str], int] = {}

    def count(self, user: str, service: str, limit: int) -> QuotaState:
        """Count one request. One that is too many is not counted."""
        now = self._clock.now()
        window = math.floor(now / WINDOW)
        if window != self._window:
            # All windows begin and end together, so nothing of the last one is needed.
            self._window = window
            self._used = {}
        key = (user, service)
        used = self._used.get(key, 0)
        is_exceeded = used >= limit or (key not in self._used and len(self._used) >= _MOST)
        if not is_exceeded:
            used += 1
            self._used[key] = used
        return QuotaState(service, limit, used, (window + 1) * WINDOW, is_exceeded)
