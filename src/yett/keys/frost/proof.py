"""Proofs of possession: a Schnorr signature that only its sender's constant term can make.

Without them the participant that announces last could choose its commitment so that it cancels the others', and
own the key alone (Komlo and Goldberg, "FROST", 2020, figure 1, round 1, steps 2 and 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from yett.keys.frost.ciphersuite import (
    add_points,
    add_scalars,
    hash_proof,
    is_point,
    is_scalar,
    multiply_base,
    multiply_point,
    multiply_scalars,
    random_scalar,
    scalar,
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a proof is good for, and nothing else."""

    ceremony: bytes
    threshold: int
    participants: int

    def challenge(self, number: int, commitments: Sequence[bytes], nonce: bytes) -> bytes:
        """The paper's hash over number, context, first commitment and R; here over all commitments.

        Each part has a fixed length, given the threshold, which is among them.
        """
        sizes = scalar(self.threshold) + scalar(self.participants)
        return hash_proof(self.ceremony + sizes + scalar(number) + b"".join(commitments) + nonce)


def prove(context: Context, number: int, secret: bytes, commitments: Sequence[bytes]) -> bytes:
    """R and z in 64 bytes, for the constant term that the first commitment is of."""
    nonce = random_scalar()
    committed = multiply_base(nonce)
    challenge = context.challenge(number, commitments, committed)
    return committed + add_scalars(nonce, multiply_scalars(challenge, secret))


def proves(context: Context, number: int, commitments: Sequence[bytes], proof: object) -> bool:
    """Whether it was made with the constant term, by that number, in this ceremony; the commitments are points."""
    if not (isinstance(proof, bytes) and len(proof) == 64):
        return False
    committed, answer = proof[:32], proof[32:]
    if not (is_point(committed) and is_scalar(answer)):
        return False
    challenge = context.challenge(number, commitments, committed)
    return multiply_base(answer) == add_points(committed, multiply_point(challenge, commitments[0]))
