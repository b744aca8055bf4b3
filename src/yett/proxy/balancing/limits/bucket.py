"""Token buckets, and how nodes that share them come to agree.

Each node takes from its own copy at once. Now and then it subtracts what it took from the
shared one, and goes on with what is left there. Between two such moments the nodes together
can let through more than the limit, by at most what each of them holds.
"""

from yett.proxy.balancing.limits.model import Exceeded, LimitRules

_MOST = 10_000
"""Buckets kept; whoever asks under ever new names costs nobody memory."""


class Bucket:
    """One bucket. `now` is in monotonic seconds."""

    __slots__ = ("_at", "_level", "taken")

    def __init__(self, level: float, now: float) -> None:
        self._level = level
        self._at = now
        self.taken = 0.0
        """What this node took since it last told the others."""

    def level(self, rules: LimitRules, now: float) -> float:
        """What is in it."""
        return min(rules.burst, self._level + max(now - self._at, 0.0) * rules.rate)

    def take(self, cost: float, rules: LimitRules, now: float) -> Exceeded | None:
        """Take `cost` out of it, or nothing at all."""
        level = self.level(rules, now)
        if cost > level:
            missing = cost - level if cost <= rules.burst else float("inf")
            return Exceeded(rules.burst - level, missing / rules.rate if rules.rate else float("inf"))
        self._level = level - cost
        self._at = now
        self.taken += cost
        return None

    def settle(self, shared: float, told: float, now: float) -> None:
        """Go on from the shared level, of which `told` was taken by this node."""
        self.taken -= told
        self._level = shared - self.taken
        self._at = now


class Limiter:
    """The buckets of one pool, by user or all in one."""

    __slots__ = ("_buckets", "names", "rules")

    def __init__(self, rules: LimitRules) -> None:
        self.rules = rules
        self.names: dict[str, str] = {}
        """Whose bucket it is that others call so."""
        self._buckets: dict[str, Bucket] = {}

    def take(self, key: str, cost: float, now: float) -> Exceeded | None:
        """Let a request through, or say why not."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _MOST:
                self._make_room(now)
            bucket = self._buckets[key] = Bucket(self.rules.burst, now)
        return bucket.take(cost, self.rules, now)

    def would_take(self, key: str, cost: float, now: float) -> bool:
        """Whether `take` would let a request through; nothing is taken."""
        bucket = self._buckets.get(key)
        return cost <= (self.rules.burst if bucket is None else bucket.level(self.rules, now))

    def taken(self) -> list[tuple[str, Bucket]]:
        """Buckets from which something was taken that the others do not know of."""
        return [(key, bucket) for key, bucket in self._buckets.items() if bucket.taken]

    def hear(self, key: str, shared: float, now: float) -> None:
        """Other nodes have taken from a bucket too. One that is not in use here needs no news."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.settle(shared, 0.0, now)

    def __len__(self) -> int:
        return len(self._buckets)

    def _make_room(self, now: float) -> None:
        """Forget full buckets: a new one is just the same. If all are in use, the emptiest half is kept."""
        rules = self.rules
        levels = sorted((bucket.level(rules, now), key) for key, bucket in self._buckets.items())
        for position, (level, key) in enumerate(levels):
            if level >= rules.burst or position >= _MOST // 2:
                del self._buckets[key]
        self.names = {name: key for name, key in self.names.items() if key in self._buckets}


def refilled(level: float, since: float, rules: LimitRules, now: float) -> float:
    """The level of a shared bucket now. A `since` in the future, of a clock that is ahead, refills nothing."""
    return min(rules.burst, level + max(now - since, 0.0) * rules.rate)
