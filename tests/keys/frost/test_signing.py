import dataclasses
import itertools

import nacl.signing
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.keys.frost import curve, vectors
from tests.keys.frost.ceremony import committed, made, signature_shares, signed

from yett.keys.frost import Group, Invalid, Nonces, aggregate, commit, sign, verify_share

SIZES = [(2, 2), (2, 3), (3, 5)]
SUBSETS = [
    (threshold, count, signers)
    for threshold, count in SIZES
    for size in range(threshold, count + 1)
    for signers in itertools.combinations(range(1, count + 1), size)
]
TOO_FEW = [
    (threshold, count, signers)
    for threshold, count in SIZES
    for size in range(threshold)
    for signers in itertools.combinations(range(1, count + 1), size)
]


def vector_nonces(number):
    given = vectors.ROUND_ONE[number]
    return Nonces(number, given["hiding_nonce"], given["binding_nonce"])


def spoilt(raw):
    return curve.scalar(curve.number(raw) + 1)


@pytest.mark.parametrize("number", vectors.SIGNERS)
def test_signature_shares_match_rfc_9591_appendix_e_1(number):
    share = sign(
        vectors.SHARES[number], vector_nonces(number), vectors.MESSAGE, vectors.COMMITMENTS, vectors.GROUP
    )

    assert share == vectors.ROUND_TWO[number]["sig_share"]
    assert verify_share(number, share, vectors.MESSAGE, vectors.COMMITMENTS, vectors.GROUP)


def test_the_signature_matches_rfc_9591_appendix_e_1():
    shares = {number: one["sig_share"] for number, one in vectors.ROUND_TWO.items()}

    assert aggregate(vectors.MESSAGE, vectors.COMMITMENTS, shares, vectors.GROUP) == vectors.SIGNATURE


@pytest.mark.parametrize(("threshold", "count", "signers"), SUBSETS)
def test_any_that_are_enough_sign_so_that_everybody_can_verify(threshold, count, signers):
    group, shares = made(threshold, count)

    signature = signed(b"message", group, shares, signers)

    assert len(signature) == 64
    Ed25519PublicKey.from_public_bytes(group.public).verify(signature, b"message")
    nacl.signing.VerifyKey(group.public).verify(b"message", signature)


@pytest.mark.parametrize(("threshold", "count", "signers"), TOO_FEW)
def test_too_few_can_neither_sign_nor_aggregate(threshold, count, signers):
    group, shares = made(threshold, count)
    nonces, commitments = committed(shares, signers)

    for number in signers:
        with pytest.raises(Invalid, match="cannot sign"):
            sign(shares[number], nonces[number], b"message", commitments, group)
    with pytest.raises(Invalid, match="cannot sign"):
        aggregate(b"message", commitments, dict.fromkeys(signers, bytes(32)), group)


def test_too_few_do_not_sign_under_a_threshold_of_their_own_either():
    group, shares = made(3, 5)
    lowered = dataclasses.replace(group, threshold=2)
    commitments, parts = signature_shares(b"message", lowered, shares, (1, 2))

    with pytest.raises(Invalid, match="do not fit the public key") as refused:
        aggregate(b"message", commitments, parts, lowered)

    assert refused.value.culprit is None


@settings(max_examples=15)
@given(st.binary(max_size=300))
def test_any_message_can_be_signed(message):
    group, shares = made(2, 3)

    nacl.signing.VerifyKey(group.public).verify(message, signed(message, group, shares, (3, 1)))


def test_two_signatures_of_one_message_differ():
    group, shares = made(2, 3)

    assert signed(b"m", group, shares, (1, 2))[:32] != signed(b"m", group, shares, (1, 2))[:32]


@pytest.mark.parametrize("culprit", [1, 2, 4, 5])
def test_a_wrong_share_is_blamed_on_its_sender(culprit):
    group, shares = made(3, 5)
    commitments, parts = signature_shares(b"message", group, shares, (1, 2, 4, 5))
    parts[culprit] = spoilt(parts[culprit])

    with pytest.raises(Invalid, match=f"share of participant {culprit} is wrong") as refused:
        aggregate(b"message", commitments, parts, group)

    assert refused.value.culprit == culprit
    right = {n: verify_share(n, part, b"message", commitments, group) for n, part in parts.items()}
    assert right == {number: number != culprit for number in parts}


def test_two_wrong_shares_that_make_up_for_each_other_still_sign():
    # The signature is right, and RFC 9591, section 5.3, checks shares only when it is not.
    group, shares = made(2, 3)
    commitments, parts = signature_shares(b"message", group, shares, (1, 2))
    parts = {1: spoilt(parts[1]), 2: curve.scalar(curve.number(parts[2]) - 1)}

    nacl.signing.VerifyKey(group.public).verify(b"message", aggregate(b"message", commitments, parts, group))
    assert not verify_share(1, parts[1], b"message", commitments, group)


@pytest.mark.parametrize("raw", curve.NOT_SCALARS.values(), ids=curve.NOT_SCALARS)
def test_a_share_that_is_not_a_scalar_is_blamed_on_its_sender(raw):
    group, shares = made(2, 3)
    commitments, parts = signature_shares(b"message", group, shares, (1, 3))
    parts[3] = raw

    with pytest.raises(Invalid, match="participant 3 is not a scalar") as refused:
        aggregate(b"message", commitments, parts, group)

    assert refused.value.culprit == 3
    assert not verify_share(3, raw, b"message", commitments, group)


def test_the_other_encoding_of_a_right_share_is_refused():
    group, shares = made(2, 3)
    commitments, parts = signature_shares(b"message", group, shares, (1, 3))
    parts[1] = (curve.number(parts[1]) + curve.L).to_bytes(32, "little")

    with pytest.raises(Invalid, match="participant 1 is not a scalar"):
        aggregate(b"message", commitments, parts, group)


def test_a_share_of_zero_is_a_wrong_one():
    group, shares = made(2, 3)
    commitments, parts = signature_shares(b"message", group, shares, (1, 3))

    assert not verify_share(1, bytes(32), b"message", commitments, group)
    with pytest.raises(Invalid) as refused:
        aggregate(b"message", commitments, parts | {1: bytes(32)}, group)
    assert refused.value.culprit == 1


def test_a_share_is_right_for_one_number_message_list_and_group_only():
    group, shares = made(2, 3)
    commitments, parts = signature_shares(b"message", group, shares, (1, 2))
    _, others = committed(shares, (1, 2))
    foreign = Group(2, group.shares[1], group.shares)

    assert verify_share(1, parts[1], b"message", commitments, group)
    assert not verify_share(2, parts[1], b"message", commitments, group)
    assert not verify_share(3, parts[1], b"message", commitments, group)
    assert not verify_share(1, parts[1], b"another", commitments, group)
    assert not verify_share(1, parts[1], b"message", others, group)
    assert not verify_share(1, parts[1], b"message", commitments, foreign)


@pytest.mark.parametrize("numbers", [(1,), (1, 2, 3), (1, 3), ()])
def test_there_is_one_share_from_each_signer_and_from_nobody_else(numbers):
    group, shares = made(2, 3)
    commitments, parts = signature_shares(b"message", group, shares, (1, 2))

    with pytest.raises(Invalid, match="nobody else") as refused:
        aggregate(b"message", commitments, dict.fromkeys(numbers, parts[1]), group)

    assert refused.value.culprit is None


def test_nonces_sign_once():
    group, shares = made(2, 3)
    nonces, commitments = committed(shares, (1, 2))
    sign(shares[1], nonces[1], b"message", commitments, group)

    for message in (b"message", b"another"):
        with pytest.raises(RuntimeError, match="used before"):
            sign(shares[1], nonces[1], message, commitments, group)


def test_nonces_are_used_up_by_a_refusal_too():
    group, shares = made(2, 3)
    nonces, commitments = committed(shares, (1, 2))
    with pytest.raises(Invalid):
        sign(shares[1], nonces[1], b"message", commitments[:1], group)
    with pytest.raises(ValueError, match="belong together"):
        sign(shares[3], nonces[2], b"message", commitments, group)

    for number in (1, 2):
        with pytest.raises(RuntimeError, match="used before"):
            sign(shares[number], nonces[number], b"message", commitments, group)


def test_nobody_signs_a_list_without_the_own_commitment():
    group, shares = made(2, 3)
    nonces, _ = commit(shares[1])
    _, commitments = committed(shares, (2, 3))

    with pytest.raises(Invalid, match="our own commitment"):
        sign(shares[1], nonces, b"message", commitments, group)


@pytest.mark.parametrize("which", ["hiding", "binding"])
def test_nobody_signs_a_list_with_the_own_commitment_altered(which):
    group, shares = made(2, 3)
    nonces, commitments = committed(shares, (1, 2))
    commitments[0] = dataclasses.replace(commitments[0], **{which: getattr(commitments[1], which)})

    with pytest.raises(Invalid, match="our own commitment"):
        sign(shares[1], nonces[1], b"message", commitments, group)


def test_a_bad_commitment_of_another_is_blamed_by_every_signer():
    group, shares = made(2, 3)
    nonces, commitments = committed(shares, (1, 2))
    commitments[1] = dataclasses.replace(commitments[1], binding=curve.encode(curve.SMALL[4]))

    with pytest.raises(Invalid) as refused:
        sign(shares[1], nonces[1], b"message", commitments, group)

    assert refused.value.culprit == 2


def test_a_share_signs_for_its_own_group_only():
    group, _ = made(2, 3)
    _, shares = made(3, 5)
    nonces, commitments = committed(shares, (1, 2))

    with pytest.raises(ValueError, match="belong together"):
        sign(shares[1], nonces[1], b"message", commitments, group)
