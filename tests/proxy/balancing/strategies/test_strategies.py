"""What all strategies promise, and what each promises besides."""

from collections import Counter
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.balancing.strategies import Candidate, Chance, Sticky, StrategyName, make_strategy


def crowd(*weights):
    return tuple(Candidate(f"b{number}", weight) for number, weight in enumerate(weights))


def strategy(name, candidates, draw=None):
    return make_strategy(name, {each.id: each.weight for each in candidates}, draw or Chance())


def picks(chooser, candidates, count, key=""):
    return [chooser.pick(candidates, key).id for _ in range(count)]


LIGHT = [name for name in StrategyName if name is not StrategyName.MAGLEV]
draws = st.lists(st.floats(0, 1, exclude_max=True), min_size=1)


@pytest.mark.parametrize("name", LIGHT)
@given(weights=st.lists(st.integers(1, 9), max_size=6), key=st.text(max_size=5), numbers=draws)
def test_whoever_is_picked_is_one_of_the_candidates(name, weights, key, numbers):
    candidates = crowd(*weights)
    chooser = strategy(name, candidates, cycle(numbers).__next__)
    for some in (candidates, candidates[1:], candidates[:1], (), candidates):
        picked = chooser.pick(some, key)
        assert picked in some if some else picked is None


@pytest.mark.parametrize("name", StrategyName)
def test_nobody_is_picked_from_nobody(name):
    candidates = crowd(1, 1)
    chooser = strategy(name, candidates)
    assert chooser.pick((), "key") is None
    chooser.pick(candidates, "key")
    assert chooser.pick((), "") is None


@pytest.mark.parametrize("name", StrategyName)
def test_everybody_gets_something(name):
    candidates = crowd(1, 1, 1, 1)
    chooser = strategy(name, candidates)
    assert {chooser.pick(candidates, str(number)).id for number in range(600)} == {"b0", "b1", "b2", "b3"}


def test_round_robin_takes_turns():
    candidates = crowd(5, 1, 1)
    chooser = strategy(StrategyName.ROUND_ROBIN, candidates)
    assert picks(chooser, candidates, 7) == ["b0", "b1", "b2", "b0", "b1", "b2", "b0"]


def test_weighted_gives_turns_by_weight_and_spreads_them():
    candidates = crowd(3, 1)
    order = picks(strategy(StrategyName.WEIGHTED, candidates), candidates, 40)
    assert Counter(order) == {"b0": 30, "b1": 10}
    assert all("b1" in order[start : start + 5] for start in range(35))


def test_weighted_lets_nobody_catch_up_on_missed_turns():
    candidates = crowd(1, 1)
    chooser = strategy(StrategyName.WEIGHTED, candidates)
    picks(chooser, candidates[:1], 50)
    assert Counter(picks(chooser, candidates, 10)) == {"b0": 5, "b1": 5}


def test_least_conn_prefers_the_less_loaded_of_two():
    candidates = crowd(1, 1)
    chooser = strategy(StrategyName.LEAST_CONN, candidates)
    candidates[0].moved(3)
    assert set(picks(chooser, candidates, 50)) == {"b1"}
    candidates[1].hear(4)
    assert set(picks(chooser, candidates, 50)) == {"b0"}


def test_least_conn_counts_load_in_proportion_to_weight():
    candidates = crowd(10, 1)
    chooser = strategy(StrategyName.LEAST_CONN, candidates)
    candidates[0].moved(5)
    candidates[1].moved(1)
    assert set(picks(chooser, candidates, 50)) == {"b0"}


@pytest.mark.parametrize("name", [StrategyName.HASH, StrategyName.MAGLEV])
def test_a_key_stays_where_it_is_when_another_backend_goes(name):
    candidates = crowd(*[1] * 8)
    chooser = strategy(name, candidates)
    keys = [f"session-{number}" for number in range(2000)]
    before = {key: chooser.pick(candidates, key).id for key in keys}
    left = tuple(each for each in candidates if each.id != "b3")
    after = {key: chooser.pick(left, key).id for key in keys}
    assert {key for key in keys if before[key] != after[key]} == {key for key in keys if before[key] == "b3"}
    # Those that have to move go everywhere, not all to one.
    assert len({after[key] for key in keys if before[key] == "b3"}) == 7
    assert {key: chooser.pick(candidates, key).id for key in keys} == before


@pytest.mark.parametrize("name", [StrategyName.HASH, StrategyName.MAGLEV])
def test_keys_are_spread_by_weight(name):
    candidates = crowd(1, 1, 4)
    chooser = strategy(name, candidates)
    counts = Counter(chooser.pick(candidates, f"key-{number}").id for number in range(6000))
    assert counts["b0"] == pytest.approx(1000, abs=150)
    assert counts["b1"] == pytest.approx(1000, abs=150)


@pytest.mark.parametrize("name", [StrategyName.HASH, StrategyName.MAGLEV])
def test_nodes_agree_about_keys(name):
    here, there = crowd(1, 2, 3), crowd(1, 2, 3)[::-1]
    one, other = strategy(name, here), strategy(name, there)
    assert all(one.pick(here, str(key)).id == other.pick(there, str(key)).id for key in range(300))


def test_maglev_finds_somebody_even_when_hardly_anybody_is_left():
    candidates = crowd(1000, 1)
    chooser = strategy(StrategyName.MAGLEV, candidates)
    assert {chooser.pick(candidates[1:], str(key)).id for key in range(200)} == {"b1"}


def test_adaptive_sends_most_to_the_fastest_and_keeps_trying_the_others():
    candidates = crowd(1, 1, 1)
    chooser = strategy(StrategyName.ADAPTIVE, candidates)
    seconds = {"b0": 0.050, "b1": 0.005, "b2": 0.020}
    counts = Counter()
    for _ in range(3000):
        picked = chooser.pick(candidates, "")
        picked.observe(seconds[picked.id], is_error=False)
        counts[picked.id] += 1
    assert counts["b1"] > 2400
    assert min(counts.values()) > 30


def test_adaptive_leaves_one_that_answers_fast_but_wrong():
    candidates = crowd(1, 1)
    chooser = strategy(StrategyName.ADAPTIVE, candidates, draw=lambda: 0.99)
    for _ in range(20):
        candidates[0].observe(0.001, is_error=True)
        candidates[1].observe(0.005, is_error=False)
    assert picks(chooser, candidates, 3) == ["b1"] * 3
    for _ in range(40):
        candidates[0].observe(0.001, is_error=False)
    assert picks(chooser, candidates, 3) == ["b0"] * 3


def test_adaptive_does_not_drown_the_best_in_requests():
    candidates = crowd(1, 1)
    chooser = strategy(StrategyName.ADAPTIVE, candidates, draw=lambda: 0.99)
    candidates[0].observe(0.010, is_error=False)
    candidates[1].observe(0.020, is_error=False)
    counts = Counter()
    for _ in range(30):
        picked = chooser.pick(candidates, "")
        picked.moved(1)
        counts[picked.id] += 1
    assert counts == {"b0": 20, "b1": 10}


def test_adaptive_explores_less_as_it_learns_and_more_when_somebody_joins():
    candidates = crowd(1, 1)
    chances = iter([0.2] * 10_000)
    chooser = strategy(StrategyName.ADAPTIVE, candidates, draw=chances.__next__)
    assert set(picks(chooser, candidates, 20)) == {"b0", "b1"}
    picks(chooser, candidates, 200)
    assert len(set(picks(chooser, candidates, 20))) == 1
    assert len(set(picks(chooser, crowd(1, 1, 1), 20))) == 3


class Turns:
    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return self.seconds


def test_sticky_sends_a_key_where_it_was_sent_before():
    candidates = crowd(1, 1, 1)
    chooser = Sticky(strategy(StrategyName.ROUND_ROBIN, candidates), 60.0, Turns().now)
    assert picks(chooser, candidates, 3, "ada") == ["b0"] * 3
    assert picks(chooser, candidates, 3, "bob") == ["b1"] * 3
    assert picks(chooser, candidates, 2, "") == ["b2", "b0"]
    assert picks(chooser, candidates, 1, "ada") == ["b0"]


def test_sticky_moves_a_key_when_its_backend_is_gone_and_leaves_it_there():
    candidates = crowd(1, 1)
    chooser = Sticky(strategy(StrategyName.ROUND_ROBIN, candidates), 60.0, Turns().now)
    assert picks(chooser, candidates, 1, "ada") == ["b0"]
    assert picks(chooser, candidates[1:], 1, "ada") == ["b1"]
    assert picks(chooser, candidates, 1, "ada") == ["b1"]
    assert chooser.pick((), "ada") is None


def test_sticky_forgets_after_its_time():
    candidates = crowd(1, 1)
    turns = Turns()
    chooser = Sticky(strategy(StrategyName.ROUND_ROBIN, candidates), 60.0, turns.now)
    chooser.pick(candidates, "ada")
    turns.seconds = 59.0
    assert chooser.pick(candidates, "ada").id == "b0"
    turns.seconds = 59.0 + 60.0
    assert chooser.pick(candidates, "ada").id == "b1"


def test_chance_is_spread_evenly():
    draw = Chance()
    numbers = [draw() for _ in range(4000)]
    assert all(0.0 <= number < 1.0 for number in numbers)
    assert sum(numbers) / 4000 == pytest.approx(0.5, abs=0.05)
