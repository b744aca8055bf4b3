"""What participants hold and what they send to one another.

Values of our own (`Group`, `Share`) are checked when they are made, also when they are read from storage. What comes
from others (`Commitment`, `Announcement`) may hold anything; whoever uses it checks it.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn, SupportsIndex

from yett.keys.frost.ciphersuite import ZERO, is_point, is_scalar, multiply_base

MAX_PARTICIPANTS = 16


class Invalid(Exception):
    """Something from another participant cannot be right. The text holds no secret."""

    def __init__(self, text: str, *, culprit: int | None = None) -> None:
        super().__init__(text)
        self.culprit = culprit
        """The number of the one it came from; None where that cannot be told."""


class Unrepeatable:
    """Secret state that is good for one use: a second copy of it would be good for a second one."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        # Copying goes this way as well.
        raise TypeError(f"{type(self).__name__} can be neither copied nor stored")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def is_number(number: object) -> bool:
    """Whether it can be the number of a participant at all."""
    return type(number) is int and 1 <= number <= MAX_PARTICIPANTS


def check_sizes(threshold: int, participants: int) -> None:
    """Raises ValueError unless this many participants may share a key with this threshold."""
    if type(threshold) is not int or type(participants) is not int:
        raise ValueError("threshold and participants are whole numbers")
    if not 2 <= threshold <= participants <= MAX_PARTICIPANTS:
        raise ValueError(
            f"a threshold is at least 2 and at most the number of participants, of whom there are at most "
            f"{MAX_PARTICIPANTS}; got {threshold} of {participants}"
        )


@dataclass(frozen=True, slots=True)
class Group:
    """All that is public about a shared key. Raises ValueError when it cannot be one."""

    threshold: int
    public: bytes
    """The Ed25519 public key that signatures verify with."""
    shares: Mapping[int, bytes]
    """Number to public share, for each participant: what its signature shares verify with."""

    def __post_init__(self) -> None:
        check_sizes(self.threshold, len(self.shares))
        numbers = range(1, len(self.shares) + 1)
        if not all(is_number(number) for number in self.shares) or set(self.shares) != set(numbers):
            raise ValueError("the participants of a group are numbered from 1")
        # A copy of its own, in order; a plain one, since groups are stored.
        object.__setattr__(self, "shares", {number: self.shares[number] for number in numbers})
        if not all(is_point(point) for point in (self.public, *self.shares.values())):
            raise ValueError("the keys of a group are points of prime order")


@dataclass(frozen=True, slots=True)
class Share:
    """One participant's share of the key. Raises ValueError when it cannot be one."""

    number: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not is_number(self.number):
            raise ValueError(f"participants are numbered from 1 to {MAX_PARTICIPANTS}")
        if not is_scalar(self.secret) or hmac.compare_digest(self.secret, ZERO):
            raise ValueError("a share is a canonical scalar that is not zero")


def belongs(share: Share, group: Group) -> bool:
    """Whether this is the share whose public half the group knows under that number."""
    public = group.shares.get(share.number)
    return public is not None and hmac.compare_digest(multiply_base(share.secret), public)


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a participant publishes of its nonces before it signs (RFC 9591, section 5.1)."""

    number: int
    hiding: bytes
    binding: bytes


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a participant publishes of its polynomial when a key is made."""

    number: int
    commitments: tuple[bytes, ...]
    """One point per coefficient, constant term first; as many as the threshold."""
    proof: bytes
    """64 bytes: that it knows the constant term."""
