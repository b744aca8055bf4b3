import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.balancing.circuit import (
    Circuit,
    CircuitRules,
    CircuitState,
    Combine,
    Sample,
    Transition,
    compile_expression,
)
from yett.proxy.balancing.circuit.machine import evaluate
from yett.proxy.balancing.circuit.window import Window

CLOSED, OPEN, HALF_OPEN = CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN
GOOD, BAD = Sample(is_error=False, latency=0.01), Sample(is_error=True)
RULES = CircuitRules(minimum_requests=4, open_for=30.0, trials=2)


def opened(now=100.0, rules=RULES):
    circuit = Circuit(rules)
    for _ in range(rules.minimum_requests):
        finding = circuit.report(BAD, 0, now)
    assert finding.transition == Transition(CLOSED, OPEN, 1.0)
    return circuit


def half_open(now=130.0):
    circuit = opened()
    assert circuit.tick(now) == Transition(OPEN, HALF_OPEN, 1.0)
    return circuit


def test_too_few_requests_prove_nothing():
    circuit = Circuit(RULES)
    assert [circuit.report(BAD, 0, 100.0) for _ in range(3)] == [None] * 3
    assert circuit.state is CLOSED


def test_it_opens_at_the_threshold():
    circuit = Circuit(RULES)
    circuit.report(GOOD, 0, 100.0)
    circuit.report(GOOD, 0, 100.0)
    circuit.report(BAD, 0, 100.0)
    finding = circuit.report(BAD, 0, 100.0)
    assert finding.transition == Transition(CLOSED, OPEN, 0.5)
    assert finding.evaluation.is_tripped
    assert not circuit.allows


def test_failures_long_ago_do_not_count():
    circuit = Circuit(RULES)
    for _ in range(3):
        circuit.report(BAD, 0, 100.0)
    assert circuit.report(BAD, 0, 111.0) is None
    assert circuit.state is CLOSED


def test_while_it_is_open_nothing_passes_and_late_answers_are_ignored():
    circuit = opened()
    assert not circuit.allows
    assert circuit.report(GOOD, 0, 101.0) is None
    assert circuit.tick(129.9) is None
    assert circuit.state is OPEN


def test_no_more_than_the_trials_pass_at_once():
    circuit = half_open()
    assert circuit.allows
    assert circuit.admit() == circuit.admit() == 1
    assert not circuit.allows


def test_it_closes_when_every_trial_succeeds():
    circuit = half_open()
    first, second = circuit.admit(), circuit.admit()
    assert circuit.report(GOOD, first, 131.0) is None
    assert circuit.report(GOOD, second, 131.0).transition == Transition(HALF_OPEN, CLOSED, 0.0)
    # What led to the opening is forgotten.
    assert circuit.report(BAD, 0, 131.0) is None
    assert circuit.state is CLOSED


def test_it_opens_again_when_one_trial_fails():
    circuit = half_open()
    first, second = circuit.admit(), circuit.admit()
    circuit.report(GOOD, first, 131.0)
    assert circuit.report(BAD, second, 131.0).transition == Transition(HALF_OPEN, OPEN, 0.0)
    assert circuit.until == 161.0


def test_a_slow_trial_fails_where_latency_is_looked_at():
    rules = CircuitRules(minimum_requests=4, latency_threshold=1.0, error_threshold=0.0, trials=1)
    circuit = Circuit(rules)
    for _ in range(4):
        finding = circuit.report(Sample(is_error=False, latency=2.0), 0, 100.0)
    assert finding.transition.after is OPEN
    circuit.tick(130.0)
    assert (
        circuit.report(Sample(is_error=False, latency=2.0), circuit.admit(), 131.0).transition.after is OPEN
    )


def test_requests_of_before_have_no_say_in_the_trials():
    circuit = half_open()
    assert circuit.report(BAD, 0, 131.0) is None
    spell = circuit.admit()
    circuit.report(BAD, spell, 131.0)
    circuit.tick(170.0)
    assert circuit.state is HALF_OPEN
    assert circuit.report(BAD, spell, 171.0) is None
    assert circuit.state is HALF_OPEN


def test_a_trial_that_says_nothing_makes_room_for_another():
    circuit = half_open()
    spell = circuit.admit()
    circuit.admit()
    circuit.release(spell)
    assert circuit.allows
    circuit.release(0)
    circuit.release(spell + 1)
    circuit.admit()
    assert not circuit.allows


def test_trials_that_are_never_heard_of_again_are_given_anew():
    circuit = half_open(130.0)
    circuit.admit()
    circuit.admit()
    assert circuit.tick(160.0) is None
    assert circuit.allows


def test_a_reset_closes_it_and_forgets():
    circuit = opened()
    assert circuit.reset() == Transition(OPEN, CLOSED, 1.0)
    assert circuit.allows
    assert circuit.reset() is None
    assert circuit.report(BAD, 0, 101.0) is None


@pytest.mark.parametrize(
    ("here", "there", "then", "changed"),
    [
        (CLOSED, CLOSED, CLOSED, False),
        (CLOSED, OPEN, OPEN, True),
        (CLOSED, HALF_OPEN, OPEN, True),
        (OPEN, CLOSED, CLOSED, True),
        (OPEN, OPEN, OPEN, True),
        (OPEN, HALF_OPEN, OPEN, True),
        (HALF_OPEN, CLOSED, CLOSED, True),
        (HALF_OPEN, OPEN, OPEN, True),
        # Two nodes that try at the same time must not send each other back and forth.
        (HALF_OPEN, HALF_OPEN, HALF_OPEN, False),
    ],
)
def test_what_another_node_decided_is_taken_over(here, there, then, changed):
    circuit = {CLOSED: lambda: Circuit(RULES), OPEN: opened, HALF_OPEN: half_open}[here]()
    assert circuit.adopt(there, 140.0, 135.0) is changed
    assert circuit.state is then


def test_another_nodes_trials_are_the_sign_to_begin_ones_own():
    circuit = opened()
    circuit.adopt(HALF_OPEN, 200.0, 110.0)
    assert circuit.tick(110.0).after is HALF_OPEN


def test_news_from_a_clock_far_ahead_does_not_keep_it_open_for_longer():
    circuit = Circuit(RULES)
    circuit.adopt(OPEN, 1e9, 100.0)
    assert circuit.until == 130.0


def counted(errors=0, network=0, slow=0, total=20):
    window = Window(10.0)
    for number in range(total):
        window.add(
            Sample(
                is_error=number < errors,
                is_network_error=number < network,
                latency=3.0 if number < slow else 0.01,
            ),
            1.0,
        )
    return window


@pytest.mark.parametrize(
    ("thresholds", "window", "combine", "tripped", "met"),
    [
        ((0.5, 0, 0), counted(errors=10), Combine.ANY, True, 1),
        ((0.5, 0, 0), counted(errors=9), Combine.ANY, False, 0),
        ((0, 1.0, 0), counted(slow=2), Combine.ANY, True, 1),
        ((0, 1.0, 0), counted(slow=0), Combine.ANY, False, 0),
        ((0, 0, 0.2), counted(errors=4, network=4), Combine.ANY, True, 1),
        ((0.5, 1.0, 0.2), counted(errors=10, slow=2), Combine.ANY, True, 2),
        ((0.5, 1.0, 0.2), counted(errors=10, slow=2), Combine.ALL, False, 2),
        ((0.5, 1.0, 0.2), counted(errors=10, slow=2, network=4), Combine.ALL, True, 3),
        ((0.5, 1.0, 0), counted(errors=10, slow=2), Combine.ALL, True, 2),
        ((0, 0, 0), counted(errors=20), Combine.ALL, False, 0),
        ((0, 0, 0), counted(errors=20), Combine.ANY, False, 0),
    ],
)
def test_thresholds_that_are_set_are_combined(thresholds, window, combine, tripped, met):
    error, latency, network = thresholds
    rules = CircuitRules(
        error_threshold=error, latency_threshold=latency, network_threshold=network, combine=combine
    )
    found = evaluate(window, rules, None)
    assert (found.is_tripped, found.conditions_met) == (tripped, met)


def test_an_expression_stands_in_for_the_thresholds():
    rules = CircuitRules(error_threshold=0.5)
    assert not evaluate(counted(errors=20), rules, compile_expression("requests > 1000")).is_tripped
    assert evaluate(counted(), rules, compile_expression("requests == 20")).is_tripped


def test_an_expression_without_an_answer_leaves_it_to_the_thresholds():
    window = Window(10.0)
    for _ in range(20):
        window.add(BAD, 1.0)
    found = evaluate(window, CircuitRules(), compile_expression("latency_p99 > 2"))
    assert found.is_tripped
    assert "latency_p99" in found.expression_problem


acts = st.lists(
    st.tuples(st.sampled_from(["good", "bad", "nothing", "tick", "reset", "adopt"]), st.floats(0, 20)),
    max_size=60,
)


@given(acts)
def test_whatever_happens_no_more_than_the_trials_are_on_their_way(steps):
    circuit = Circuit(RULES)
    now, sent = 0.0, []
    for act, pause in steps:
        now += pause
        circuit.tick(now)
        if circuit.allows:
            sent.append(circuit.admit())
        assert circuit._given <= RULES.trials
        if act in {"good", "bad"} and sent:
            circuit.report(GOOD if act == "good" else BAD, sent.pop(0), now)
        elif act == "nothing" and sent:
            circuit.release(sent.pop(0))
        elif act == "reset":
            circuit.reset()
        elif act == "adopt":
            circuit.adopt(OPEN, now + 5, now)
        assert circuit._given >= 0
        assert circuit.state in {CLOSED, OPEN, HALF_OPEN}


@pytest.mark.parametrize("now", [100.0, 129.9, 130.0, 200.0])
def test_what_time_would_bring_is_known_without_bringing_it(now):
    circuit = opened()
    foretold = circuit.could_allow(now)
    assert circuit.state is OPEN
    circuit.tick(now)
    assert circuit.allows is foretold is circuit.could_allow(now)


def test_trials_that_were_lost_are_foreseen_as_given_anew():
    circuit = half_open(130.0)
    for _ in range(RULES.trials):
        circuit.admit()
    assert [circuit.could_allow(now) for now in (131.0, 160.0)] == [False, True]
    circuit.tick(160.0)
    assert circuit.allows
