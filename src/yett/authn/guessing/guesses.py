"""Who has to wait before another guess is checked: of a password, or of anything else that can be guessed.

Two things are counted: wrong guesses at one person from one address, and wrong guesses from one
address at whomever. There is deliberately no count of a person alone that makes anybody
wait: it would let a stranger lock the person out from everywhere. Such a count only warns.

What must stay true:
  an attempt counts as wrong from its beginning, so that a thousand at once are not a thousand free ones;
  an accepted one clears its pair and takes back what it added to its address, and no more, so that
  signing in as oneself does not buy free guesses at others;
  each memory holds at most `remembered` entries; the one that failed longest ago goes first.
"""

import enum
import functools
import ipaddress
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

WARN_AT = 20


class By(enum.Enum):
    """What made somebody wait."""

    PERSON_AND_ADDRESS = "person_and_address"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Policy:
    """When waits begin, how they grow, and when all is forgotten. In seconds."""

    free: int
    first_wait: float
    longest_wait: float
    forget_after: float


@dataclass(frozen=True, slots=True)
class Track:
    """Wrong guesses so far."""

    failures: int
    last: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that may be checked; it counts as wrong until it is settled."""

    person: str
    address: str
    failures_of_person: int
    """Wrong ones for this person from anywhere, this one included."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """A try that has to wait."""

    by: By
    failures: int
    wait: float


def wait_left(track: Track | None, policy: Policy, now: float) -> float:
    """How long until another try may be checked; zero when at once."""
    if track is None or track.failures < policy.free:
        return 0.0
    # The exponent is bounded so that the number stays a number.
    doubled = policy.first_wait * 2.0 ** min(track.failures - policy.free, 40)
    return max(0.0, track.last + min(doubled, policy.longest_wait) - now)


def after_failure(track: Track | None, policy: Policy, now: float) -> Track:
    """What is remembered after one more wrong guess."""
    if track is None or now - track.last >= max(policy.forget_after, policy.longest_wait):
        return Track(1, now)
    return Track(track.failures + 1, now)


@functools.lru_cache(maxsize=4096)
def address_key(address: str) -> str:
    """The address as far as one party owns it: IPv6 by its first 64 bits, as a home gets no less."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


class Tracks(Generic[K]):
    """Tracks by key, the one that failed longest ago first."""

    def __init__(self) -> None:
        self._tracks: OrderedDict[K, Track] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tracks)

    def get(self, key: K) -> Track | None:
        """What is remembered of a key."""
        return self._tracks.get(key)

    def fail(self, key: K, policy: Policy, now: float, limit: int) -> Track:
        """Remember one more wrong guess, and at most `limit` keys."""
        track = after_failure(self._tracks.get(key), policy, now)
        self._tracks[key] = track
        self._tracks.move_to_end(key)
        while len(self._tracks) > limit:
            self._tracks.popitem(last=False)
        return track

    def take_back(self, key: K) -> None:
        """One of them was none."""
        track = self._tracks.get(key)
        if track is None:
            return
        if track.failures <= 1:
            del self._tracks[key]
        else:
            self._tracks[key] = Track(track.failures - 1, track.last)

    def clear(self, key: K) -> None:
        """Forget a key."""
        self._tracks.pop(key, None)


@dataclass(frozen=True, slots=True)
class Limits:
    """When waits begin for a pair and for an address, and how much is remembered."""

    pair: Policy
    address: Policy
    remembered: int


class Guesses:
    """The wrong guesses of late, in this process. Times are monotonic seconds given by the caller."""

    def __init__(self, limits: Limits) -> None:
        self._pairs: Tracks[tuple[str, str]] = Tracks()
        self._addresses: Tracks[str] = Tracks()
        self._people: Tracks[str] = Tracks()
        self.configure(limits)

    def configure(self, limits: Limits) -> None:
        """Other limits from now on; what is remembered stays."""
        self._pair_policy = limits.pair
        self._address_policy = limits.address
        self._limit = limits.remembered

    def begin(self, person: str, address: str, now: float) -> Attempt | Throttled:
        """Count a try, unless it has to wait. Names of nobody are counted like any other."""
        address = address_key(address)
        pair = (person, address)
        for by, track, policy in (
            (By.PERSON_AND_ADDRESS, self._pairs.get(pair), self._pair_policy),
            (By.ADDRESS, self._addresses.get(address), self._address_policy),
        ):
            wait = wait_left(track, policy, now)
            if wait > 0 and track is not None:
                return Throttled(by, track.failures, wait)
        self._pairs.fail(pair, self._pair_policy, now, self._limit)
        self._addresses.fail(address, self._address_policy, now, self._limit)
        total = self._people.fail(person, self._pair_policy, now, self._limit)
        return Attempt(person, address, total.failures)

    def accepted(self, attempt: Attempt) -> None:
        """The try was right after all."""
        self._pairs.clear((attempt.person, attempt.address))
        self._addresses.take_back(attempt.address)
        self._people.take_back(attempt.person)

    def unchecked(self, attempt: Attempt) -> None:
        """The try was not checked in the end, for a reason that is ours."""
        self._pairs.take_back((attempt.person, attempt.address))
        self._addresses.take_back(attempt.address)
        self._people.take_back(attempt.person)

    def remembered(self) -> int:
        """How many entries the largest memory holds."""
        return max(len(self._pairs), len(self._addresses), len(self._people))


def is_worth_a_warning(failures: int) -> bool:
    """Whether a count of wrong guesses for one person is said: at 20, 40, 80 and so on."""
    if failures < WARN_AT or failures % WARN_AT:
        return False
    times = failures // WARN_AT
    return times & (times - 1) == 0
