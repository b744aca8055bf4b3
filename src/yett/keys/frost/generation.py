"""The making of a key that no one ever holds: Pedersen's distributed key generation with proofs of possession.

Komlo and Goldberg, "FROST: Flexible Round-Optimized Schnorr Threshold Signatures", 2020, figure 1. Every participant
draws a polynomial and announces commitments to it (round 1), then hands everybody its value at their number (round 2).
A share is the sum of the values received, the key the sum of all constant terms. Nobody can go on alone: one that
stays away or lies ends the ceremony, and those who remain start another.

    ANNOUNCING --hear--> SHARING --finish--> OVER        Anything invalid leads to OVER as well.
"""

import enum
import hmac
from collections.abc import Iterable, Mapping

from yett.keys.frost.ciphersuite import (
    IDENTITY,
    add_points,
    add_scalars,
    is_point,
    is_scalar,
    multiply_base,
    random_scalar,
)
from yett.keys.frost.model import Announcement, Group, Invalid, Share, Unrepeatable, check_sizes
from yett.keys.frost.polynomials import commitments_to, evaluate, evaluate_committed
from yett.keys.frost.proof import Context, prove, proves


class _Step(enum.Enum):
    ANNOUNCING = "announcing"
    SHARING = "sharing"
    OVER = "over"


class Generation(Unrepeatable):
    """One participant's part in one ceremony. Raises ValueError when sizes or ceremony cannot be right.

    `ceremony` is 32 bytes that all agree on and that were never used before. Methods raise RuntimeError when they are
    called out of order; after Invalid, nothing is left to call.
    """

    __slots__ = ("_announcement", "_coefficients", "_context", "_heard", "_step", "number")

    def __init__(self, number: int, *, threshold: int, participants: int, ceremony: bytes) -> None:
        check_sizes(threshold, participants)
        if type(number) is not int or not 1 <= number <= participants:
            raise ValueError(f"participants are numbered from 1 to {participants}")
        if type(ceremony) is not bytes or len(ceremony) != 32:
            raise ValueError("a ceremony is named by 32 bytes")
        self.number = number
        self._context = Context(ceremony, threshold, participants)
        self._coefficients = tuple(random_scalar() for _ in range(threshold))
        commitments = commitments_to(self._coefficients)
        proof = prove(self._context, number, self._coefficients[0], commitments)
        self._announcement = Announcement(number, commitments, proof)
        self._heard: dict[int, tuple[bytes, ...]] = {}
        self._step = _Step.ANNOUNCING

    def announcement(self) -> Announcement:
        """Round 1: what everybody is told; the same each time."""
        return self._announcement

    def hear(self, announcements: Mapping[int, Announcement]) -> None:
        """End of round 1: the announcements of all, our own included, by the number they came under. Raises Invalid."""
        self._proceed(_Step.ANNOUNCING)
        self._expect(announcements, range(1, self._context.participants + 1))
        if announcements[self.number] != self._announcement:
            raise Invalid("our own announcement was altered")
        for number, announcement in sorted(announcements.items()):
            self._check(number, announcement)
        self._heard = {number: tuple(told.commitments) for number, told in sorted(announcements.items())}
        self._step = _Step.SHARING

    def share_for(self, number: int) -> bytes:
        """Round 2: the secret value for that participant; nobody else may see it."""
        if self._step is not _Step.SHARING:
            raise RuntimeError(f"there is nothing to share while {self._step.value}")
        if type(number) is not int or number not in self._heard or number == self.number:
            raise ValueError("shares are for the other participants")
        return evaluate(self._coefficients, number)

    def finish(self, shares: Mapping[int, bytes]) -> tuple[Share, Group]:
        """End of round 2: what each other participant had for us, by sender. Raises Invalid.

        All our own shares have been sent before, for the polynomial is forgotten. The group is not to be used
        until all participants have told one another that theirs is equal.
        """
        self._proceed(_Step.SHARING)
        coefficients, self._coefficients = self._coefficients, ()
        self._expect(shares, (number for number in self._heard if number != self.number))
        secret = evaluate(coefficients, self.number)
        for sender, value in sorted(shares.items()):
            if not is_scalar(value):
                raise Invalid(f"the share from participant {sender} is not a scalar", culprit=sender)
            if not hmac.compare_digest(
                multiply_base(value), evaluate_committed(self._heard[sender], self.number)
            ):
                raise Invalid(f"the share from participant {sender} is not of its polynomial", culprit=sender)
            secret = add_scalars(secret, value)
        group = self._group()
        return Share(self.number, secret), group

    def _proceed(self, step: _Step) -> None:
        """Raise unless at this step, and let nothing follow it but what the caller sets."""
        if self._step is not step:
            raise RuntimeError(f"this is for {step.value}, not while {self._step.value}")
        self._step = _Step.OVER

    @staticmethod
    def _expect(given: Mapping[int, object], numbers: Iterable[int]) -> None:
        wanted = set(numbers)
        if set(given) != wanted or not all(type(number) is int for number in given):
            raise Invalid(f"there has to be something from each of {sorted(wanted)}, and from nobody else")

    def _check(self, number: int, announcement: Announcement) -> None:
        if type(announcement.number) is not int or announcement.number != number:
            raise Invalid(f"participant {number} announced under another number", culprit=number)
        commitments = announcement.commitments
        # More of them would raise the threshold for everybody, fewer would lower what this one adds to it.
        if type(commitments) is not tuple or len(commitments) != self._context.threshold:
            raise Invalid(f"participant {number} announced a polynomial of another degree", culprit=number)
        if not all(is_point(point) for point in commitments):
            raise Invalid(f"participant {number} announced something that is not a point", culprit=number)
        if not proves(self._context, number, commitments, announcement.proof):
            raise Invalid(
                f"participant {number} does not prove that it knows its part of the key", culprit=number
            )

    def _group(self) -> Group:
        """The sum of all polynomials, in the group. Raises Invalid."""
        total = [IDENTITY] * self._context.threshold
        for commitments in self._heard.values():
            total = [add_points(sum_, one) for sum_, one in zip(total, commitments, strict=True)]
        # Only the constant term comes with a proof, so those who announce last can choose the other commitments so
        # that they cancel. A polynomial of lower degree would need fewer signers than agreed.
        if IDENTITY in total:
            raise Invalid("the announced polynomials cancel one another out")
        shares = {number: evaluate_committed(total, number) for number in self._heard}
        if IDENTITY in shares.values():
            raise Invalid("the announced polynomials leave a participant without a share")
        return Group(self._context.threshold, total[0], shares)
