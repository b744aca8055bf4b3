import itertools

import msgspec
import pytest
from tests.keys.threshold.conftest import GATEWAY, master

from yett.keys.threshold import Identity
from yett.keys.threshold.ceremony import Participant
from yett.keys.threshold.model import Fault, Misbehaved

IDENTITIES = [Identity(each) for each in (GATEWAY, master("a"), master("b"))]
KEYS = [each.public for each in IDENTITIES]


def everybody(threshold=2):
    return [Participant(identity, KEYS, number, threshold) for number, identity in enumerate(IDENTITIES, 1)]


def announced(three):
    nonces = [each.nonce for each in three]
    return [each.announce(nonces) for each in three]


def dealt(three, envelopes):
    """By receiver, in the order of the senders."""
    all_of_them = [each.deal(envelopes) for each in three]
    sent = itertools.chain.from_iterable(all_of_them)
    found = {}
    for envelope in sent:
        found.setdefault(envelope.to, []).append(envelope)
    return [found[number] for number in (1, 2, 3)]


def test_everybody_comes_to_the_same_key():
    three = everybody()
    shares = dealt(three, announced(three))
    confirmed = [each.confirm(mine) for each, mine in zip(three, shares, strict=True)]
    made = [each.conclude(confirmed) for each in three]
    assert len({group.public for _, group in made}) == 1
    assert [share.number for share, _ in made] == [1, 2, 3]


@pytest.mark.parametrize(
    ("keys", "number", "threshold"),
    [
        (KEYS, 2, 2),
        (KEYS, 0, 2),
        (KEYS, 4, 2),
        (KEYS, 1, 1),
        (KEYS, 1, 4),
        ([KEYS[0], KEYS[0]], 1, 2),
        (KEYS[1:], 1, 2),
        ([], 1, 2),
    ],
)
def test_what_cannot_become_a_key_is_refused(keys, number, threshold):
    with pytest.raises(ValueError, match=r"quorum|number"):
        Participant(IDENTITIES[0], keys, number, threshold)


def test_numbers_that_are_not_those_that_were_given():
    three = everybody()
    nonces = [each.nonce for each in three]
    for wrong in (nonces[:2], [bytes(32), *nonces[1:]], [*nonces[:2], b"short"], [nonces[0]] * 3):
        with pytest.raises(ValueError, match="number"):
            three[0].announce(wrong)


def test_everybody_has_to_have_heard_the_same():
    # The first one tells the second something else than the third: two ceremonies of one name cannot be had,
    # so it can only be two announcements.
    three = everybody()
    envelopes = announced(three)
    other = Participant(IDENTITIES[0], KEYS, 1, 2)
    other.nonce = three[0].nonce
    otherwise = [other.announce([each.nonce for each in three]), *envelopes[1:]]
    for_second = three[1].deal(otherwise)
    from_first, from_third = three[0].deal(envelopes), three[2].deal(envelopes)
    from_other = other.deal(otherwise)
    second = three[1].confirm([from_other[0], from_third[1]])
    third = three[2].confirm([from_first[1], for_second[1]])
    first = three[0].confirm([for_second[0], from_third[0]])
    with pytest.raises(Misbehaved, match="heard other announcements"):
        three[2].conclude([first, second, third])


def changed(envelopes, place, **changes):
    envelopes = list(envelopes)
    envelopes[place] = msgspec.structs.replace(envelopes[place], **changes)
    return envelopes


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"signature": b""}, Fault.UNSIGNED),
        ({"signature": bytes(64)}, Fault.FORGED),
        ({"body": b"x"}, Fault.FORGED),
        ({"body": b"x" * 20_000}, Fault.FORGED),
        ({"sender": 3}, Fault.FORGED),
        ({"ceremony": bytes(32)}, Fault.FORGED),
    ],
)
def test_who_did_what_is_told(change, fault):
    three = everybody()
    with pytest.raises(Misbehaved) as caught:
        three[0].deal(changed(announced(three), 1, **change))
    assert (caught.value.number, caught.value.fault) == (2, fault)


def test_nothing_of_another_ceremony_or_receiver_fits():
    three, others = everybody(), everybody()
    earlier, now = announced(others), announced(three)
    with pytest.raises(Misbehaved) as caught:
        three[0].deal([now[0], earlier[1], now[2]])
    assert (caught.value.number, caught.value.fault) == (2, Fault.REPLAYED)
    three = everybody()
    shares = dealt(three, announced(three))
    with pytest.raises(Misbehaved) as caught:
        # What the first dealt to the third.
        three[1].confirm([shares[2][0], shares[1][1]])
    assert (caught.value.number, caught.value.fault) == (1, Fault.REPLAYED)


def test_an_announcement_has_to_be_one():
    three = everybody()
    envelopes = announced(three)
    bent = three[1]._close(envelopes[1].step, 0, b"\xc1 no announcement")
    with pytest.raises(Misbehaved) as caught:
        three[0].deal([envelopes[0], bent, envelopes[2]])
    assert (caught.value.number, caught.value.fault) == (2, Fault.INVALID)


def test_steps_have_an_order():
    three = everybody()
    with pytest.raises(ValueError, match="envelope of everybody"):
        three[0].deal([])
    with pytest.raises(ValueError, match="each of the others"):
        three[0].confirm([])
    with pytest.raises(ValueError, match="envelope of everybody"):
        three[0].conclude([])
