from dataclasses import replace

import pytest

from yett.oidc.signing import rules
from yett.oidc.signing.model import Algorithm, Key, Making

DAY = 86400.0
NOW = 1_800_000_000.0
ROTATION = 30 * DAY
ES, RS = Algorithm.ES256, Algorithm.RS256


def key(kid, *, use_from=NOW, algorithm=ES, sealed="sealed", **more):
    return Key(kid, algorithm, {}, use_from, use_from, sealed, **more)


def plan(*keys, now=NOW, wanted=(ES,), own=None, usable=None):
    usable = {each.kid for each in keys} if usable is None else usable
    return rules.plan(keys, wanted=wanted, own=own or {}, usable=usable, now=now, rotation=ROTATION)


def test_the_first_keys_sign_at_once():
    assert plan(wanted=(ES, RS)).making == (Making(ES, NOW), Making(RS, NOW))


@pytest.mark.parametrize(
    ("age", "making"),
    [
        (0.0, ()),
        (29 * DAY - 1, ()),
        (29 * DAY, (Making(ES, NOW + 30 * DAY),)),
        (30 * DAY - 1, (Making(ES, NOW + 30 * DAY - 1 + rules.SOON),)),
        (90 * DAY, (Making(ES, NOW + 90 * DAY + rules.SOON),)),  # nobody was there in time
    ],
)
def test_the_next_key_is_published_a_day_before_it_signs(age, making):
    assert plan(key("a"), now=NOW + age).making == making


def test_while_one_waits_no_other_is_made():
    kept = (key("a"), key("b", use_from=NOW + 30 * DAY))
    found = plan(*kept, now=NOW + 29 * DAY + 5)
    assert found.keys == kept
    assert not found.making


def test_the_old_key_retires_when_the_next_one_signs_and_stays_for_what_it_signed():
    new = key("b", use_from=NOW + 30 * DAY)
    later = NOW + 30 * DAY + 1
    old, _ = plan(key("a"), new, now=later).keys
    assert old.retired_at == new.use_from

    assert plan(old, new, now=later + DAY - 2).keys[0] == old
    assert plan(old, new, now=later + DAY).keys == (new,)
    needed = replace(old, needed_until=NOW + 300 * DAY)
    assert plan(needed, replace(new, use_from=NOW + 290 * DAY), now=NOW + 300 * DAY).keys[0].kid == "a"


def test_an_algorithm_that_is_no_longer_wanted_signs_no_more_and_is_still_checked():
    kept, _ = plan(key("a"), key("r", algorithm=RS), wanted=(RS,)).keys
    assert kept.kid == "a"
    assert kept.retired_at == NOW


def test_beside_a_key_of_the_operators_none_is_made_and_the_made_ones_retire():
    own = key("own", sealed="")
    found = plan(key("a"), own={ES: own})
    assert [(each.kid, each.retired_at) for each in found.keys] == [("a", NOW), ("own", 0.0)]
    assert not found.making


def test_a_file_that_is_gone_retires_its_key_and_one_that_is_back_is_used_again():
    own = key("own", sealed="")
    gone = plan(own, usable=())
    assert gone.keys[0].retired_at == NOW
    assert gone.making == (Making(ES, NOW),)
    back = plan(*gone.keys, own={ES: own}, now=NOW + 5).keys
    assert [(each.kid, each.retired_at, each.use_from) for each in back] == [("own", 0.0, NOW + 5)]


def test_a_key_that_cannot_be_opened_here_is_left_to_others():
    found = plan(key("theirs"), usable=())
    assert found.keys == (key("theirs"),)
    assert found.making == (Making(ES, NOW),)


def test_a_key_that_nobody_could_open_for_a_whole_rotation_retires():
    theirs = key("theirs")
    found = plan(theirs, now=NOW + ROTATION + DAY - 1, usable=())
    assert found.keys == (theirs,)
    later = NOW + ROTATION + DAY
    (retired,) = plan(theirs, now=later, usable=()).keys
    assert retired.retired_at == later
    assert plan(theirs, now=later, usable=(), wanted=(RS,)).keys == (retired,)


def test_the_youngest_key_that_is_due_signs():
    keys = (key("a"), key("b", use_from=NOW + 10), key("x", use_from=NOW + 20))
    usable = {"a", "b"}

    def signs(now):
        return rules.signing_key(keys, ES, usable, now).kid

    assert [signs(NOW - 5), signs(NOW), signs(NOW + 10), signs(NOW + 30)] == ["a", "a", "b", "b"]
    assert rules.signing_key(keys, RS, usable, NOW) is None
    assert rules.next_change(keys, NOW) == NOW + 10
    assert rules.next_change(keys, NOW + 20) == float("inf")


def test_what_any_node_needs_counts():
    kept = (key("a", needed_until=5.0), key("b", needed_until=5.0))
    found = rules.merged(kept, {"a": 9.0, "b": 4.0})
    assert [each.needed_until for each in found] == [9.0, 5.0]
