"""What everybody can work out about one signature from the message and the commitments (RFC 9591, section 4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from yett.keys.frost.ciphersuite import (
    IDENTITY,
    add_points,
    hash_binding,
    hash_challenge,
    hash_commitments,
    hash_message,
    is_point,
    multiply_point,
    scalar,
)
from yett.keys.frost.model import Commitment, Group, Invalid
from yett.keys.frost.polynomials import interpolating_value


@dataclass(frozen=True, slots=True)
class Session:
    """One signature in the making."""

    commitments: dict[int, Commitment]
    """By number, in ascending order."""
    binding_factors: dict[int, bytes]
    nonce_shares: dict[int, bytes]
    """What each signer adds to `commitment` (comm_share of section 5.3)."""
    commitment: bytes
    """The group commitment: R, the first half of the signature."""
    challenge: bytes

    def interpolating_value(self, number: int) -> bytes:
        """Lambda of one signer among these."""
        return interpolating_value(list(self.commitments), number)


def open_session(message: bytes, commitments: Sequence[Commitment], group: Group) -> Session:
    """The session of these signers, listed in any order. Raises Invalid unless all of it is well-formed."""
    listed = _checked(commitments, group)
    factors = {
        number: hash_binding(given)
        for number, given in binding_factor_inputs(message, list(listed.values()), group.public).items()
    }
    # Section 4.5, keeping the addends.
    parts = {
        number: add_points(one.hiding, multiply_point(factors[number], one.binding))
        for number, one in listed.items()
    }
    total = IDENTITY
    for part in parts.values():
        total = add_points(total, part)
    if total == IDENTITY:
        raise Invalid("the commitments cancel one another out")
    # Section 4.6.
    challenge = hash_challenge(total + group.public + message)
    return Session(listed, factors, parts, total, challenge)


def binding_factor_inputs(
    message: bytes, commitments: Sequence[Commitment], public: bytes
) -> dict[int, bytes]:
    """What is hashed to each signer's binding factor (section 4.4); the commitments are in ascending order."""
    encoded = b"".join(scalar(one.number) + one.hiding + one.binding for one in commitments)
    prefix = public + hash_message(message) + hash_commitments(encoded)
    return {one.number: prefix + scalar(one.number) for one in commitments}


def _checked(commitments: Sequence[Commitment], group: Group) -> dict[int, Commitment]:
    # Who made the list is to blame for its shape, and that need not be one of those on it.
    if not group.threshold <= len(commitments) <= len(group.shares):
        raise Invalid(
            f"{len(commitments)} participants cannot sign, {group.threshold} of {len(group.shares)} can"
        )
    listed: dict[int, Commitment] = {}
    for one in commitments:
        if type(one.number) is not int or one.number not in group.shares:
            raise Invalid("a commitment has a number that no participant has")
        if one.number in listed:
            raise Invalid(f"participant {one.number} is listed twice")
        if not (is_point(one.hiding) and is_point(one.binding)):
            raise Invalid(
                f"the commitment of participant {one.number} is not a pair of points", culprit=one.number
            )
        listed[one.number] = one
    return dict(sorted(listed.items()))
