import dataclasses
import itertools

import pytest
from tests.keys.frost import curve, vectors
from tests.keys.frost.ceremony import committed, made

from yett.keys.frost import Invalid
from yett.keys.frost import session as module
from yett.keys.frost.ciphersuite import add_points, multiply_point
from yett.keys.frost.session import binding_factor_inputs, open_session


def test_binding_factors_match_rfc_9591_appendix_e_1():
    inputs = binding_factor_inputs(vectors.MESSAGE, vectors.COMMITMENTS, vectors.PUBLIC)
    session = open_session(vectors.MESSAGE, vectors.COMMITMENTS, vectors.GROUP)

    assert inputs == {number: one["binding_factor_input"] for number, one in vectors.ROUND_ONE.items()}
    assert session.binding_factors == {
        number: one["binding_factor"] for number, one in vectors.ROUND_ONE.items()
    }


def test_the_group_commitment_matches_rfc_9591_appendix_e_1():
    session = open_session(vectors.MESSAGE, vectors.COMMITMENTS, vectors.GROUP)

    assert session.commitment == vectors.SIGNATURE[:32]


def test_the_order_of_the_list_does_not_matter():
    group, shares = made(3, 5)
    _, commitments = committed(shares, (1, 2, 4))

    sessions = [open_session(b"m", order, group) for order in itertools.permutations(commitments)]

    assert all(session == sessions[0] for session in sessions)
    assert list(sessions[-1].commitments) == [1, 2, 4]


def test_everything_is_bound_to_message_group_and_list():
    group, shares = made(2, 3)
    _, commitments = committed(shares, (1, 2, 3))
    usual = open_session(b"m", commitments, group)
    others = [
        open_session(b"n", commitments, group),
        open_session(b"m", commitments[:2], group),
        open_session(b"m", commitments, dataclasses.replace(group, public=group.shares[1])),
    ]

    for other in others:
        assert other.challenge != usual.challenge
        assert all(other.binding_factors[number] != usual.binding_factors[number] for number in (1, 2))


@pytest.mark.parametrize("signers", [(), (1,), (1, 2)])
def test_fewer_than_the_threshold_are_refused(signers):
    group, shares = made(3, 5)
    _, commitments = committed(shares, signers)

    with pytest.raises(Invalid, match="cannot sign") as refused:
        open_session(b"m", commitments, group)

    assert refused.value.culprit is None


def test_nobody_is_listed_twice():
    group, shares = made(2, 3)
    _, commitments = committed(shares, (1, 2))

    with pytest.raises(Invalid, match="participant 1 is listed twice"):
        open_session(b"m", [*commitments, commitments[0]], group)
    with pytest.raises(Invalid, match="participant 1 is listed twice"):
        open_session(b"m", [commitments[0], commitments[0]], group)


def test_more_than_there_are_cannot_be_listed():
    group, shares = made(2, 2)
    _, commitments = committed(shares, (1, 2))

    with pytest.raises(Invalid, match="3 participants cannot sign"):
        open_session(b"m", [*commitments, commitments[0]], group)


@pytest.mark.parametrize("number", [0, -1, 4, 17, curve.L + 1, True, "1", None, [1]])
def test_nobody_outside_the_group_is_listed(number):
    group, shares = made(2, 3)
    _, commitments = committed(shares, (2, 3))

    with pytest.raises(Invalid, match="no participant has"):
        open_session(b"m", [*commitments, dataclasses.replace(commitments[0], number=number)], group)


@pytest.mark.parametrize("raw", curve.NOT_POINTS.values(), ids=curve.NOT_POINTS)
@pytest.mark.parametrize("which", ["hiding", "binding"])
def test_a_commitment_that_is_not_of_points_is_blamed_on_its_sender(which, raw):
    group, shares = made(2, 3)
    _, commitments = committed(shares, (1, 3))
    commitments[1] = dataclasses.replace(commitments[1], **{which: raw})

    with pytest.raises(Invalid, match="participant 3 is not a pair of points") as refused:
        open_session(b"m", commitments, group)

    assert refused.value.culprit == 3


def test_commitments_that_cancel_one_another_out_are_refused(monkeypatch):
    # With real binding factors nobody finds such a list.
    monkeypatch.setattr(module, "hash_binding", lambda _: curve.scalar(1))
    group, shares = made(2, 3)
    _, commitments = committed(shares, (1, 2))
    minus = curve.scalar(-1)
    commitments[1] = dataclasses.replace(
        commitments[1],
        hiding=multiply_point(minus, commitments[0].hiding),
        binding=multiply_point(minus, commitments[0].binding),
    )

    with pytest.raises(Invalid, match="cancel"):
        open_session(b"m", commitments, group)


def test_what_each_signer_adds_is_kept_apart():
    session = open_session(vectors.MESSAGE, vectors.COMMITMENTS, vectors.GROUP)

    assert add_points(*session.nonce_shares.values()) == session.commitment
