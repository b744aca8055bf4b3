"""Signature shares: making, checking and putting them together (RFC 9591, sections 5.2 and 5.3)."""

from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from yett.keys.frost.ciphersuite import (
    ZERO,
    add_points,
    add_scalars,
    is_scalar,
    multiply_base,
    multiply_point,
    multiply_scalars,
)
from yett.keys.frost.model import Commitment, Group, Invalid, Share, belongs
from yett.keys.frost.nonces import Nonces
from yett.keys.frost.session import Session, open_session


def sign(
    share: Share, nonces: Nonces, message: bytes, commitments: Sequence[Commitment], group: Group
) -> bytes:
    """Round two: this participant's signature share. The nonces are used up, also when this raises.

    Raises Invalid when the list of commitments cannot be right, RuntimeError when the nonces were used before,
    ValueError when share, nonces and group are not of one another.
    """
    hiding, binding = nonces.take()
    if nonces.commitment.number != share.number or not belongs(share, group):
        raise ValueError("the share, the nonces and the group do not belong together")
    session = open_session(message, commitments, group)
    # Binding this signature to this very list is what makes concurrent sessions safe (section 5.2).
    if session.commitments.get(share.number) != nonces.commitment:
        raise Invalid("our own commitment is not in the list")
    bound = multiply_scalars(binding, session.binding_factors[share.number])
    weight = multiply_scalars(session.interpolating_value(share.number), session.challenge)
    return add_scalars(add_scalars(hiding, bound), multiply_scalars(weight, share.secret))


def verify_share(
    number: int,
    signature_share: bytes,
    message: bytes,
    commitments: Sequence[Commitment],
    group: Group,
) -> bool:
    """Whether this signature share is right (section 5.3). Raises Invalid when the list of commitments cannot be."""
    return _is_right(number, signature_share, open_session(message, commitments, group), group)


def aggregate(
    message: bytes,
    commitments: Sequence[Commitment],
    signature_shares: Mapping[int, bytes],
    group: Group,
) -> bytes:
    """The signature, 64 bytes, of one share from each signer; it has been verified (section 5.3).

    Raises Invalid, with the lowest number of those whose share is wrong as the culprit.
    """
    session = open_session(message, commitments, group)
    if set(signature_shares) != set(session.commitments):
        raise Invalid("there has to be one signature share from each that committed, and from nobody else")
    total = ZERO
    for number in session.commitments:
        if not is_scalar(signature_shares[number]):
            raise Invalid(f"the signature share of participant {number} is not a scalar", culprit=number)
        total = add_scalars(total, signature_shares[number])
    signature = session.commitment + total
    try:
        # By the library that everybody else verifies with. Key and commitment are of prime order, where its
        # equation and the one with the cofactor (section 6.1) are the same.
        Ed25519PublicKey.from_public_bytes(group.public).verify(signature, message)
    except InvalidSignature:
        raise _blamed(session, signature_shares, group) from None
    return signature


def _blamed(session: Session, signature_shares: Mapping[int, bytes], group: Group) -> Invalid:
    for number in session.commitments:
        if not _is_right(number, signature_shares[number], session, group):
            return Invalid(f"the signature share of participant {number} is wrong", culprit=number)
    return Invalid("the signature shares fit their public shares, but those do not fit the public key")


def _is_right(number: int, signature_share: object, session: Session, group: Group) -> bool:
    if number not in session.commitments or not is_scalar(signature_share):
        return False
    weight = multiply_scalars(session.interpolating_value(number), session.challenge)
    expected = add_points(session.nonce_shares[number], multiply_point(weight, group.shares[number]))
    return multiply_base(signature_share) == expected
