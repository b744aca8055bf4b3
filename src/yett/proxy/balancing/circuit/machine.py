"""The circuit of one backend.

    CLOSED ── the conditions are met ──────────────▶ OPEN
    OPEN ── `open_for` seconds are over ───────────▶ HALF_OPEN
    HALF_OPEN ── a trial fails ────────────────────▶ OPEN
    HALF_OPEN ── `trials` of them succeed ─────────▶ CLOSED
    any ── reset, or news from another node ───────▶ the state that is named

What must stay true:
  nothing but `report`, `tick`, `reset` and `adopt` changes the state, and each says so;
  in HALF_OPEN no more than `trials` requests are on their way at once;
  a request that was sent before the present state began has no say in it: trials carry the
  number of the half-open spell they belong to.
"""

from collections.abc import Callable

from yett.proxy.balancing.circuit.expression import ExpressionUnknown, Rule
from yett.proxy.balancing.circuit.model import (
    CircuitRules,
    CircuitState,
    Combine,
    Evaluation,
    Finding,
    Sample,
    Transition,
)
from yett.proxy.balancing.circuit.window import Window

_LOOKS = 100
"""How often within one window answers alone make the conditions worth another look; errors always do."""


class Circuit:
    """A state machine without clock: `now` is in monotonic seconds."""

    __slots__ = ("_given", "_look_at", "_passed", "_rule", "_rules", "_window", "spell", "state", "until")

    def __init__(self, rules: CircuitRules, rule: Rule | None = None) -> None:
        self._rules = rules
        self._rule = rule
        self._window = Window(rules.window)
        self.state = CircuitState.CLOSED
        self.until = 0.0
        """When OPEN ends, or when trials that were never heard of again are given up."""
        self.spell = 0
        """Numbers the half-open spells, from 1."""
        self._given = 0
        self._passed = 0
        self._look_at = 0.0

    # Asking.

    @property
    def allows(self) -> bool:
        """Whether one more request may be sent now."""
        if self.state is CircuitState.CLOSED:
            return True
        return self.state is CircuitState.HALF_OPEN and self._given < self._rules.trials

    def could_allow(self, now: float) -> bool:
        """`allows`, once `tick` has done what time brings by now."""
        if self.state is CircuitState.CLOSED or now < self.until:
            return self.allows
        return self.state is CircuitState.OPEN or self._passed < self._rules.trials

    @property
    def error_ratio(self) -> float:
        """The share of requests in the window that failed."""
        return self._window.error_ratio

    # Requests.

    def admit(self) -> int:
        """A request is sent. In HALF_OPEN it is a trial, and this is its spell; else 0."""
        if self.state is not CircuitState.HALF_OPEN:
            return 0
        self._given += 1
        return self.spell

    def release(self, spell: int) -> None:
        """A trial ended without saying anything about the backend."""
        if spell and spell == self.spell and self.state is CircuitState.HALF_OPEN:
            self._given -= 1

    def report(self, sample: Sample, spell: int, now: float) -> Finding | None:
        """Take in how a request went; None when that led to nothing."""
        if self.state is CircuitState.HALF_OPEN:
            return self._judge_trial(sample, now) if spell and spell == self.spell else None
        if self.state is CircuitState.OPEN:
            return None
        window = self._window
        window.add(sample, now)
        if window.requests < self._rules.minimum_requests or (not sample.is_error and now < self._look_at):
            return None
        self._look_at = now + self._rules.window / _LOOKS
        window.turn(now)
        if window.requests < self._rules.minimum_requests:
            return None
        evaluation = evaluate(window, self._rules, self._rule)
        transition = self._open(now) if evaluation.is_tripped else None
        return Finding(evaluation, transition)

    def _judge_trial(self, sample: Sample, now: float) -> Finding | None:
        limit = self._rules.latency_threshold
        is_slow = bool(limit) and sample.latency is not None and sample.latency > limit
        if sample.is_error or is_slow:
            return Finding(None, self._open(now))
        self._passed += 1
        if self._passed < self._rules.trials:
            return None
        return Finding(None, self._move(CircuitState.CLOSED))

    # Time and other people.

    def tick(self, now: float) -> Transition | None:
        """What time brings. Does nothing before `until`."""
        if self.state is CircuitState.CLOSED or now < self.until:
            return None
        if self.state is CircuitState.OPEN:
            transition = self._move(CircuitState.HALF_OPEN)
            self.until = now + self._rules.open_for
            return transition
        # Trials can be lost (a tunnel that stays open for hours); without new ones it would stay half open.
        self._given = self._passed
        self.until = now + self._rules.open_for
        return None

    def reset(self) -> Transition | None:
        """Close it, whatever it was, and forget what was counted; None if it was closed."""
        if self.state is CircuitState.CLOSED:
            self._window.clear()
            return None
        return self._move(CircuitState.CLOSED)

    def adopt(self, state: CircuitState, until: float, now: float) -> bool:
        """Take over what another node decided; whether that changed anything.

        `until` counts at most as far as this node would have opened it for itself.
        """
        if state is self.state and state is not CircuitState.OPEN:
            return False
        if state is CircuitState.HALF_OPEN:
            # Each node makes its own trials, beginning when it next looks.
            state, until = CircuitState.OPEN, now
        self._move(state)
        if state is CircuitState.OPEN:
            self.until = min(until, now + self._rules.open_for)
        return True

    def _open(self, now: float) -> Transition:
        transition = self._move(CircuitState.OPEN)
        self.until = now + self._rules.open_for
        return transition

    def _move(self, state: CircuitState) -> Transition:
        transition = Transition(self.state, state, self._window.error_ratio)
        self.state = state
        self._given = 0
        self._passed = 0
        if state is CircuitState.HALF_OPEN:
            self.spell += 1
        if state is not CircuitState.OPEN:
            # What was counted led to the opening; it must not do so twice.
            self._window.clear()
            self._look_at = 0.0
        return transition


def evaluate(window: Window, rules: CircuitRules, rule: Rule | None) -> Evaluation:
    """Whether the circuit has to open. An expression that gives no answer leaves it to the thresholds."""
    problem = ""
    is_tripped: bool | None = None
    if rule is not None:
        try:
            is_tripped = rule(window)
        except ExpressionUnknown as unknown:
            problem = str(unknown)
    p95 = window.quantile(0.95) or 0.0 if rules.latency_threshold else 0.0
    met = [
        value >= threshold
        for value, threshold in (
            (window.error_ratio, rules.error_threshold),
            (p95, rules.latency_threshold),
            (window.network_ratio, rules.network_threshold),
        )
        if threshold
    ]
    if is_tripped is None:
        combine: Callable[[list[bool]], bool] = all if rules.combine is Combine.ALL else any
        is_tripped = bool(met) and combine(met)
    return Evaluation(is_tripped, sum(met), window.error_ratio, window.network_ratio, p95, problem)
