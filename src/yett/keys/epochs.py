"""Ed25519 keys that change with time and that every node works out for itself.

Time is cut into epochs of equal length, counted from 1970. The key of an epoch follows from the
cluster key, a purpose and the epoch's number, so that nothing has to be stored or told.
"""

from dataclasses import dataclass

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from yett.keys.master import MasterKey
from yett.keys.signing import jwk, key_id, signing_key

_KEPT = 300.0


class NoKey(Exception):
    """There is no key to sign with in this epoch."""

    def __init__(self, epoch: int, *, is_initial: bool) -> None:
        super().__init__(f"no key could be derived for epoch {epoch}")
        self.epoch = epoch
        self.is_initial = is_initial
        """Whether there never was one; a rotation failed otherwise."""


@dataclass(frozen=True, slots=True)
class EpochKey:
    """The key of one epoch."""

    number: int
    private: Ed25519PrivateKey
    key_id: str


class Epochs:
    """The keys of one purpose."""

    def __init__(self, master: MasterKey, purpose: str, rotation: float) -> None:
        self._master = master
        self._purpose = purpose
        self._known: dict[int, EpochKey] = {}
        self._has_any = False
        self.rotation = rotation
        """Seconds that an epoch lasts."""

    def use(self, rotation: float) -> None:
        """Change keys at another pace from now on; that gives epochs other numbers, and so other keys."""
        self.rotation = rotation
        self._known.clear()

    @property
    def fresh_for(self) -> int:
        """Seconds that the published keys may be kept without looking again: the next one is among them."""
        return int(min(_KEPT, self.rotation / 2))

    def at(self, now: float) -> EpochKey:
        """The key to sign with at this instant. Raises NoKey."""
        return self._key(int(now // self.rotation))

    def around(self, now: float) -> list[EpochKey]:
        """The keys of the epoch before, this one and the next. Raises NoKey."""
        current = int(now // self.rotation)
        return [self._key(number) for number in (current - 1, current, current + 1) if number >= 0]

    def find(self, wanted: str, now: float) -> EpochKey | None:
        """The one of those keys that has this id. Raises NoKey."""
        return next((key for key in self.around(now) if key.key_id == wanted), None)

    def published(self, now: float, alg: str) -> list[dict[str, str]]:
        """The public halves of those keys as JSON Web Keys (RFC 7517). Raises NoKey."""
        return [{**jwk(key.private.public_key()), "alg": alg} for key in self.around(now)]

    def _key(self, number: int) -> EpochKey:
        key = self._known.get(number)
        if key is None:
            try:
                private = signing_key(self._master, self._purpose, number)
            except (UnsupportedAlgorithm, InternalError, ValueError, OSError) as problem:
                raise NoKey(number, is_initial=not self._has_any) from problem
            self._has_any = True
            key = EpochKey(number, private, key_id(private.public_key()))
            self._known = {old: kept for old, kept in self._known.items() if abs(old - number) < 3}
            self._known[number] = key
        return key
