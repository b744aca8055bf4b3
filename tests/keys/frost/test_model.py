import dataclasses

import msgspec
import pytest
from tests.keys.frost import curve
from tests.keys.frost.ceremony import made

from yett.keys.frost import Commitment, Group, Invalid, Share, belongs
from yett.keys.frost.ciphersuite import multiply_base

SECRET = curve.scalar(0xA11CE << 200)
POINTS = {number: multiply_base(curve.scalar(number + 10)) for number in range(1, 18)}
PUBLIC = POINTS[17]


def points(count):
    return {number: POINTS[number] for number in range(1, count + 1)}


@pytest.mark.parametrize(("threshold", "count"), [(2, 2), (2, 3), (3, 5), (16, 16)])
def test_a_group_has_a_threshold_of_at_least_two_and_at_most_all(threshold, count):
    assert Group(threshold, PUBLIC, points(count)).shares == points(count)


@pytest.mark.parametrize(
    ("threshold", "count"),
    [(1, 1), (1, 2), (0, 2), (-1, 2), (3, 2), (2, 1), (2, 0), (2, 17), (True, 2), ("2", 2)],
)
def test_other_sizes_are_refused(threshold, count):
    with pytest.raises(ValueError, match="threshold"):
        Group(threshold, PUBLIC, points(count))


@pytest.mark.parametrize("numbers", [(0, 1), (2, 3), (1, 3), (-1, 1), (True, 2), ("1", "2"), (1, 2.0)])
def test_participants_are_numbered_from_one(numbers):
    with pytest.raises(ValueError, match="numbered"):
        Group(2, PUBLIC, dict.fromkeys(numbers, POINTS[1]))


@pytest.mark.parametrize("raw", curve.NOT_POINTS.values(), ids=curve.NOT_POINTS)
def test_the_keys_of_a_group_are_points(raw):
    with pytest.raises(ValueError, match="points"):
        Group(2, raw, points(2))
    with pytest.raises(ValueError, match="points"):
        Group(2, PUBLIC, {1: POINTS[1], 2: raw})


def test_a_group_stays_as_it_was_made():
    given = {2: POINTS[2], 1: POINTS[1]}
    group = Group(2, PUBLIC, given)

    given[3] = POINTS[3]

    assert list(group.shares) == [1, 2]
    with pytest.raises(dataclasses.FrozenInstanceError):
        group.threshold = 3


def test_a_group_can_be_stored_and_is_checked_when_it_is_read():
    group, _ = made(2, 3)
    stored = msgspec.msgpack.encode(group)

    assert msgspec.msgpack.decode(stored, type=Group) == group
    with pytest.raises(msgspec.ValidationError, match="points"):
        msgspec.msgpack.decode(stored.replace(group.public, bytes(32)), type=Group)


@pytest.mark.parametrize("number", [0, -1, 17, True, 1.0, "1", None])
def test_a_share_has_the_number_of_a_participant(number):
    with pytest.raises(ValueError, match="numbered"):
        Share(number, SECRET)


@pytest.mark.parametrize("secret", [*curve.NOT_SCALARS.values(), bytes(32)], ids=[*curve.NOT_SCALARS, "zero"])
def test_a_share_is_a_scalar_that_is_not_zero(secret):
    with pytest.raises(ValueError, match="scalar") as refused:
        Share(1, secret)

    assert repr(secret) not in str(refused.value)


def test_a_share_does_not_show_its_secret():
    share = Share(1, SECRET)

    assert repr(share) == str(share) == "Share(number=1)"


def test_a_share_belongs_under_its_number_and_to_its_group():
    group, shares = made(2, 3)
    other, _ = made(3, 5)

    assert all(belongs(share, group) for share in shares.values())
    assert not belongs(Share(1, shares[2].secret), group)
    assert not belongs(Share(4, shares[1].secret), group)
    assert not any(belongs(share, other) for share in shares.values())


def test_what_is_invalid_names_its_culprit_if_it_has_one():
    assert Invalid("wrong").culprit is None
    assert Invalid("wrong", culprit=3).culprit == 3
    assert str(Invalid("wrong", culprit=3)) == "wrong"


def test_a_commitment_may_hold_anything_until_it_is_used():
    assert Commitment(0, b"", b"").hiding == b""
