import copy
import dataclasses
import itertools
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.keys.frost import curve
from tests.keys.frost.ceremony import (
    CEREMONY,
    announce,
    announced,
    context,
    for_one,
    generate,
    signed,
    started,
)

from yett.keys.frost import Generation, Group, Invalid, Share, belongs
from yett.keys.frost.ciphersuite import (
    IDENTITY,
    add_points,
    multiply_base,
    multiply_point,
    random_scalar,
)
from yett.keys.frost.polynomials import commitments_to, evaluate, evaluate_committed

SIZES = st.integers(2, 6).flatmap(lambda count: st.tuples(st.integers(2, count), st.just(count)))


def sharing(threshold, participants):
    """A ceremony after round 1."""
    generations = started(threshold, participants)
    told = announced(generations)
    for one in generations.values():
        one.hear(told)
    return generations


def refused(generation, told, culprit, match):
    with pytest.raises(Invalid, match=match) as caught:
        generation.hear(told)
    assert caught.value.culprit == culprit
    with pytest.raises(RuntimeError):
        generation.share_for(generation.number % 2 + 1)


@settings(max_examples=12)
@given(SIZES)
def test_all_finish_with_one_group_and_shares_of_its_key(sizes):
    threshold, count = sizes
    ends = generate(threshold, count)
    groups = [group for _, group in ends.values()]
    secrets = {number: share.secret for number, (share, _) in ends.items()}

    assert all(group == groups[0] for group in groups)
    assert groups[0].threshold == threshold
    assert list(groups[0].shares) == list(ends) == list(range(1, count + 1))
    assert all(share.number == number and belongs(share, group) for number, (share, group) in ends.items())
    # What is put together here is what nobody ever holds.
    for signers in itertools.combinations(secrets, threshold):
        key = curve.interpolated({number: secrets[number] for number in signers})
        assert multiply_base(key) == groups[0].public
    for signers in itertools.combinations(secrets, threshold - 1):
        key = curve.interpolated({number: secrets[number] for number in signers})
        assert multiply_base(key) != groups[0].public


def test_a_key_of_the_most_participants_can_be_made_and_signed_with():
    ends = generate(9, 16)
    shares = {number: share for number, (share, _) in ends.items()}

    assert len(signed(b"message", ends[1][1], shares, range(4, 13))) == 64


def test_every_ceremony_makes_another_key():
    assert generate(2, 2)[1][1].public != generate(2, 2)[1][1].public


def test_the_key_is_the_sum_of_all_parts():
    generations = started(2, 3)
    told = announced(generations)
    for one in generations.values():
        one.hear(told)

    _, group = generations[2].finish(for_one(generations, 2))

    first, second, third = (told[number].commitments[0] for number in (1, 2, 3))
    assert group.public == add_points(add_points(first, second), third)


@pytest.mark.parametrize(
    ("number", "threshold", "participants"),
    [
        (1, 1, 1),
        (1, 1, 2),
        (1, 3, 2),
        (1, 0, 2),
        (1, 2, 17),
        (0, 2, 3),
        (4, 2, 3),
        (-1, 2, 3),
        (True, 2, 3),
        ("1", 2, 3),
        (1, "2", 3),
        (1, 2, 3.0),
    ],
)
def test_sizes_that_cannot_be_are_refused(number, threshold, participants):
    with pytest.raises(ValueError, match=r"threshold|numbered"):
        Generation(number, threshold=threshold, participants=participants, ceremony=CEREMONY)


@pytest.mark.parametrize("ceremony", [b"", bytes(31), bytes(33), "0" * 32, None])
def test_a_ceremony_is_named_by_32_bytes(ceremony):
    with pytest.raises(ValueError, match="32 bytes"):
        Generation(1, threshold=2, participants=3, ceremony=ceremony)


def test_a_generation_shows_nothing_and_cannot_be_copied_or_stored():
    generation = started(2, 2)[1]

    assert repr(generation) == "<Generation>"
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="neither copied nor stored"):
            way(generation)


# The order of calls


def test_nothing_is_shared_before_everybody_was_heard():
    generation = started(2, 2)[1]

    with pytest.raises(RuntimeError, match="announcing"):
        generation.share_for(2)
    with pytest.raises(RuntimeError, match="announcing"):
        generation.finish({2: curve.scalar(1)})


def test_everybody_is_heard_once():
    generations = sharing(2, 2)

    with pytest.raises(RuntimeError, match="sharing"):
        generations[1].hear(announced(generations))


def test_a_ceremony_is_finished_once_and_its_polynomial_is_forgotten():
    generations = sharing(2, 2)
    given_ = for_one(generations, 1)
    generations[1].finish(given_)

    assert generations[1]._coefficients == ()
    with pytest.raises(RuntimeError, match="over"):
        generations[1].finish(given_)
    with pytest.raises(RuntimeError, match="over"):
        generations[1].share_for(2)


def test_an_announcement_can_be_repeated():
    generation = started(2, 2)[1]

    assert generation.announcement() == generation.announcement()


@pytest.mark.parametrize("number", [0, 1, 4, -1, True, "2", None])
def test_shares_are_for_the_other_participants(number):
    with pytest.raises(ValueError, match="other participants"):
        sharing(2, 3)[1].share_for(number)


# Round 1


@pytest.mark.parametrize(
    "numbers", [(1,), (1, 2), (2, 3), (1, 2, 3, 4), (0, 1, 2), (0, 1, 2, 3), (1, 2, "3"), (True, 2, 3)]
)
def test_everybody_announces_and_nobody_else(numbers):
    generations = started(2, 3)
    told = announced(generations)

    refused(generations[1], {number: told.get(number, told[3]) for number in numbers}, None, "from each of")


def test_an_altered_announcement_of_our_own_is_noticed():
    generations = started(2, 2)
    told = announced(generations)
    other = Generation(1, threshold=2, participants=2, ceremony=CEREMONY).announcement()

    refused(generations[1], told | {1: other}, None, "our own announcement")


@pytest.mark.parametrize("number", [0, 1, 3, True, "2", None])
def test_an_announcement_comes_under_its_own_number(number):
    generations = started(2, 2)
    told = announced(generations)

    refused(
        generations[1], told | {2: dataclasses.replace(told[2], number=number)}, 2, "under another number"
    )


def test_true_is_not_the_number_one():
    generations = started(2, 2)
    told = announced(generations)

    refused(generations[2], told | {1: dataclasses.replace(told[1], number=True)}, 1, "under another number")


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_polynomial_has_the_agreed_degree(count):
    generations = started(3, 3)
    coefficients = [random_scalar() for _ in range(count)] or [random_scalar()]
    wrong = announce(2, coefficients, context(3, 3))
    if not count:
        wrong = dataclasses.replace(wrong, commitments=())

    refused(generations[1], announced(generations) | {2: wrong}, 2, "another degree")


@pytest.mark.parametrize("raw", curve.NOT_POINTS.values(), ids=curve.NOT_POINTS)
@pytest.mark.parametrize("position", [0, 1])
def test_commitments_are_points(raw, position):
    generations = started(2, 2)
    told = announced(generations)
    commitments = list(told[2].commitments)
    commitments[position] = raw

    wrong = dataclasses.replace(told[2], commitments=tuple(commitments))

    refused(generations[1], told | {2: wrong}, 2, "not a point")


@pytest.mark.parametrize(
    "foreign",
    [context(2, 2, bytes(32)), context(2, 3), context(3, 2)],
    ids=["ceremony", "participants", "threshold"],
)
def test_a_proof_for_something_else_is_refused(foreign):
    generations = started(2, 2)
    wrong = announce(2, [random_scalar(), random_scalar()], foreign)

    refused(generations[1], announced(generations) | {2: wrong}, 2, "does not prove")


def test_an_announcement_repeated_under_another_number_is_refused():
    generations = started(2, 3)
    told = announced(generations)

    refused(generations[1], told | {3: dataclasses.replace(told[2], number=3)}, 3, "does not prove")
    refused(generations[2], told | {3: dataclasses.replace(told[1], number=3)}, 3, "does not prove")


@pytest.mark.parametrize("proof", [b"", bytes(64), b"\xff" * 64, bytes(63), None])
def test_a_wrong_proof_is_blamed_on_its_sender(proof):
    generations = started(2, 3)
    told = announced(generations)

    refused(generations[1], told | {3: dataclasses.replace(told[3], proof=proof)}, 3, "does not prove")


def test_whoever_announces_last_cannot_cancel_the_others_parts():
    generations = started(2, 3)
    told = announced(generations)
    own = [random_scalar(), random_scalar()]
    others = add_points(told[1].commitments[0], told[2].commitments[0])
    rogue = add_points(multiply_base(own[0]), multiply_point(curve.scalar(-1), others))
    # With this, the key would be the attacker's own.
    assert add_points(others, rogue) == multiply_base(own[0])

    wrong = announce(3, own, context(2, 3), commitments=(rogue, multiply_base(own[1])))

    for number in (1, 2):
        refused(generations[number], told | {3: wrong}, 3, "does not prove")


# Round 2


@pytest.mark.parametrize("culprit", [2, 3, 5])
def test_a_wrong_share_is_blamed_on_its_sender(culprit):
    generations = sharing(3, 5)
    given_ = for_one(generations, 1)
    given_[culprit] = curve.scalar(curve.number(given_[culprit]) + 1)

    with pytest.raises(Invalid, match=f"from participant {culprit} is not of its polynomial") as caught:
        generations[1].finish(given_)

    assert caught.value.culprit == culprit
    assert generations[1]._coefficients == ()


def test_a_share_for_somebody_else_or_from_somebody_else_is_wrong():
    generations = sharing(2, 3)
    given_ = for_one(generations, 1)

    with pytest.raises(Invalid) as caught:
        generations[1].finish(given_ | {2: generations[2].share_for(3)})
    assert caught.value.culprit == 2
    with pytest.raises(Invalid) as caught:
        generations[3].finish({1: generations[2].share_for(3), 2: generations[2].share_for(3)})
    assert caught.value.culprit == 1


@pytest.mark.parametrize("raw", curve.NOT_SCALARS.values(), ids=curve.NOT_SCALARS)
def test_shares_are_scalars(raw):
    generations = sharing(2, 3)

    with pytest.raises(Invalid, match="participant 3 is not a scalar") as caught:
        generations[1].finish(for_one(generations, 1) | {3: raw})

    assert caught.value.culprit == 3


@pytest.mark.parametrize("numbers", [(), (2,), (1, 2, 3), (0, 2), (2, 3, 4), (2, "3")])
def test_every_other_participant_shares_and_nobody_else(numbers):
    generations = sharing(2, 3)

    with pytest.raises(Invalid, match="from each of") as caught:
        generations[1].finish(dict.fromkeys(numbers, curve.scalar(1)))

    assert caught.value.culprit is None


def test_polynomials_that_cancel_to_a_lower_degree_are_refused():
    generations = started(3, 3)
    told = announced(generations)
    # Two that work together need to know no secret of the first for this; here one that knows all does it.
    top = -sum(curve.number(generations[number]._coefficients[2]) for number in (1, 2))
    rogue = [random_scalar(), random_scalar(), curve.scalar(top)]
    told[3] = announce(3, rogue, context(3, 3))
    generations[1].hear(told)
    generations[2].hear(told)

    with pytest.raises(Invalid, match="cancel"):
        generations[1].finish({2: generations[2].share_for(1), 3: evaluate(rogue, 1)})


def test_polynomials_that_leave_somebody_without_a_share_are_refused():
    generations = started(3, 3)
    told = announced(generations)
    first, middle = random_scalar(), random_scalar()
    others = sum(curve.number(evaluate(generations[number]._coefficients, 2)) for number in (1, 2))
    top = -(others + curve.number(first) + 2 * curve.number(middle)) * pow(4, -1, curve.L)
    rogue = [first, middle, curve.scalar(top)]
    told[3] = announce(3, rogue, context(3, 3))
    generations[1].hear(told)
    generations[2].hear(told)

    with pytest.raises(Invalid, match="without a share"):
        generations[1].finish({2: generations[2].share_for(1), 3: evaluate(rogue, 1)})


def test_a_dealt_share_may_be_zero():
    generations = started(2, 2)
    second = [random_scalar(), random_scalar()]
    second[0] = curve.scalar(-curve.number(second[1]))
    told = announced(generations) | {2: announce(2, second, context(2, 2))}
    assert evaluate_committed(commitments_to(second), 1) == IDENTITY
    generations[1].hear(told)

    share, group = generations[1].finish({2: bytes(32)})

    assert belongs(share, group)


def test_whoever_tells_different_things_leaves_different_groups():
    generations = started(2, 3)
    told = announced(generations)
    faces = [[random_scalar(), random_scalar()] for _ in range(2)]
    for number, face in enumerate(faces, 1):
        generations[number].hear(told | {3: announce(3, face, context(2, 3))})
    between = {1: generations[2].share_for(1), 2: generations[1].share_for(2)}

    (_, first), (_, second) = (
        generations[number].finish({3 - number: between[number], 3: evaluate(face, number)})
        for number, face in enumerate(faces, 1)
    )

    assert first != second


def test_shares_and_groups_outlive_the_ceremony():
    share, group = generate(2, 3)[2]

    assert Share(share.number, share.secret) == share
    assert Group(group.threshold, group.public, dict(group.shares)) == group
