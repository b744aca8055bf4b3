import pytest
from tests.keys.frost import curve
from tests.keys.frost.ceremony import CEREMONY

from yett.keys.frost.ciphersuite import add_points, multiply_base, multiply_point
from yett.keys.frost.polynomials import commitments_to
from yett.keys.frost.proof import Context, prove, proves

SECRET = curve.scalar(0x5EC << 99)
COMMITMENTS = commitments_to([SECRET, curve.scalar(77)])
CONTEXT = Context(CEREMONY, 2, 3)
PROOF = prove(CONTEXT, 1, SECRET, COMMITMENTS)


def test_a_proof_is_accepted():
    assert proves(CONTEXT, 1, COMMITMENTS, PROOF)
    assert len(PROOF) == 64
    assert prove(CONTEXT, 1, SECRET, COMMITMENTS) != PROOF


@pytest.mark.parametrize(
    ("context", "number", "commitments"),
    [
        (CONTEXT, 2, COMMITMENTS),
        (Context(bytes(32), 2, 3), 1, COMMITMENTS),
        (Context(CEREMONY, 3, 3), 1, COMMITMENTS),
        (Context(CEREMONY, 2, 4), 1, COMMITMENTS),
        (CONTEXT, 1, COMMITMENTS[::-1]),
        (CONTEXT, 1, (COMMITMENTS[0], COMMITMENTS[0])),
        (CONTEXT, 1, COMMITMENTS[:1]),
    ],
    ids=["number", "ceremony", "threshold", "participants", "constant term", "other term", "fewer terms"],
)
def test_a_proof_is_good_for_nothing_else(context, number, commitments):
    assert not proves(context, number, commitments, PROOF)


@pytest.mark.parametrize("byte", range(64))
def test_an_altered_proof_is_refused(byte):
    altered = bytearray(PROOF)
    altered[byte] ^= 1

    assert not proves(CONTEXT, 1, COMMITMENTS, bytes(altered))


@pytest.mark.parametrize(
    "proof", [b"", PROOF[:-1], PROOF + b"\0", PROOF.hex(), None, bytes(64), b"\xff" * 64]
)
def test_something_else_is_no_proof(proof):
    assert not proves(CONTEXT, 1, COMMITMENTS, proof)


@pytest.mark.parametrize("raw", [raw for raw in curve.NOT_POINTS.values() if isinstance(raw, bytes)])
def test_a_proof_with_a_bad_point_is_refused(raw):
    assert not proves(CONTEXT, 1, COMMITMENTS, raw + PROOF[32:])


def test_a_proof_whose_point_has_a_part_of_small_order_is_refused():
    # It would hold in the equation with the cofactor.
    nonce = 12345
    mixed = curve.encode(curve.add(curve.times(nonce, curve.BASE), curve.SMALL[4]))
    challenge = curve.number(CONTEXT.challenge(1, COMMITMENTS, mixed))

    answer = curve.scalar(nonce + challenge * curve.number(SECRET))

    assert not proves(CONTEXT, 1, COMMITMENTS, mixed + answer)


def test_the_other_encoding_of_the_answer_is_refused():
    answer = (curve.number(PROOF[32:]) + curve.L).to_bytes(32, "little")

    assert not proves(CONTEXT, 1, COMMITMENTS, PROOF[:32] + answer)


def test_knowing_another_term_proves_nothing():
    assert not proves(CONTEXT, 1, COMMITMENTS, prove(CONTEXT, 1, curve.scalar(77), COMMITMENTS))


def test_a_proof_is_a_schnorr_signature():
    challenge = CONTEXT.challenge(1, COMMITMENTS, PROOF[:32])

    assert multiply_base(PROOF[32:]) == add_points(PROOF[:32], multiply_point(challenge, COMMITMENTS[0]))
