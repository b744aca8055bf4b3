"""One pool at work: who may be chosen, what was heard of them.

Everything here happens in memory and without waiting, on the path of every request. Instants
are monotonic seconds. Who may be chosen is worked out when it changes, not when somebody asks:
`look_at` is when time alone will change it next.
"""

from collections.abc import Collection, Iterator
from typing import Protocol

from yett.proxy.balancing import events
from yett.proxy.balancing.circuit import (
    Circuit,
    CircuitState,
    Evaluation,
    Rule,
    Sample,
    Transition,
)
from yett.proxy.balancing.health import HealthState
from yett.proxy.balancing.limits import Limiter
from yett.proxy.balancing.model import Backend, BackendProtocol, NoBackend, NotSelected, Pool, Selected
from yett.proxy.balancing.outliers import (
    EjectReason,
    Standing,
    ejection_length,
    is_run_too_long,
    max_ejectable,
)
from yett.proxy.balancing.strategies import Candidate, Strategy

NEVER = float("inf")
Way = BackendProtocol | None
"""The protocol that a circuit is for; None where one circuit is for all."""


class Teller(Protocol):
    """Hears what a pool decided, to say it and to let other nodes know."""

    def circuit_changed(
        self, live: "LivePool", member: "Member", way: Way, transition: Transition
    ) -> None: ...
    def ejected(
        self, live: "LivePool", member: "Member", reason: EjectReason, length: float, now: float
    ) -> None: ...
    def readmitted(self, live: "LivePool", member: "Member") -> None: ...


class Member:
    """One backend, and everything this node knows of it."""

    __slots__ = (
        "backend",
        "bytes_in",
        "bytes_out",
        "candidate",
        "circuits",
        "health",
        "selected",
        "selects",
        "stamps",
        "standing",
    )

    def __init__(self, pool_id: str, backend: Backend, latency: float) -> None:
        self.candidate = Candidate(backend.id, backend.weight, latency)
        self.health = HealthState()
        self.circuits: dict[Way, Circuit] = {}
        self.standing = Standing()
        self.stamps: dict[str, float] = {}
        """When each of its states was last changed here, by its key, in seconds since the epoch."""
        self.selects = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.use(pool_id, backend)

    def use(self, pool_id: str, backend: Backend) -> None:
        """Be this backend from now on."""
        self.backend = backend
        self.candidate.weight = backend.weight
        self.selected = {protocol: Selected(pool_id, backend, protocol) for protocol in BackendProtocol}

    def may_serve(self, way: Way) -> bool:
        """Whether it can be sent a request now."""
        circuit = self.circuits.get(way)
        return self.is_up and (circuit is None or circuit.allows)

    def could_serve(self, way: Way, now: float) -> bool:
        """`may_serve`, once what time brings by now has been done."""
        circuit = self.circuits.get(way)
        return self.is_up_at(now) and (circuit is None or circuit.could_allow(now))

    def is_up_at(self, now: float) -> bool:
        """`is_up`, once what time brings by now has been done."""
        health = self.health
        return not (health.is_draining or health.is_healthy is False or self.standing.ejected_until > now)

    @property
    def is_up(self) -> bool:
        """Whether nothing but a circuit speaks against it."""
        health = self.health
        return not (health.is_draining or health.is_healthy is False or self.standing.ejected_until)


class LivePool:
    """A pool with its members."""

    def __init__(self, pool: Pool, strategy: Strategy, rule: Rule | None, teller: Teller) -> None:
        self.pool = pool
        self.members: dict[str, Member] = {}
        self.limiter: Limiter | None = None
        self.look_at = 0.0
        self.interval_ends = NEVER
        self.failures = 0
        """Selections that found nobody."""
        self._teller = teller
        self.strategy = strategy
        self._per_protocol = False
        self._protocol = BackendProtocol.HTTP1
        self._sets: dict[Way, tuple[Candidate, ...]] = {}
        self.use(pool, strategy, rule)

    def use(self, pool: Pool, strategy: Strategy, rule: Rule | None) -> None:
        """Work by other settings from now on; backends that stay keep what is known about them."""
        before, self.pool = self.pool, pool
        self.strategy = strategy
        members = {}
        for backend in pool.backends:
            member = self.members.get(backend.id)
            if member is None or member.backend.upstream != backend.upstream:
                member = Member(pool.id, backend, self._best_latency())
            else:
                member.use(pool.id, backend)
            self._equip(member, before, rule)
            members[backend.id] = member
        self.members = members
        self._per_protocol = pool.circuit is not None and pool.circuit.is_per_protocol
        self._protocol = pool.protocol
        if pool.limit is None:
            self.limiter = None
        elif self.limiter is None or self.limiter.rules != pool.limit:
            self.limiter = Limiter(pool.limit)
        self.interval_ends = NEVER if pool.outliers is None else min(self.interval_ends, 0.0)
        self.changed()

    def _equip(self, member: Member, before: Pool, rule: Rule | None) -> None:
        pool = self.pool
        if pool.health is None and member.health.is_healthy is not None:
            # Nobody would ever find it well again.
            member.health = HealthState(is_draining=member.health.is_draining)
        if pool.outliers is None:
            member.standing = Standing(total=member.standing.total)
        if pool.circuit is None:
            member.circuits = {}
        elif pool.circuit != before.circuit or not member.circuits:
            ways: tuple[Way, ...] = tuple(BackendProtocol) if pool.circuit.is_per_protocol else (None,)
            member.circuits = {way: Circuit(pool.circuit, rule) for way in ways}

    # Choosing.

    def spoken(self, upgrade: bytes) -> BackendProtocol:
        """What is spoken for a request that asks for this upgrade, or for none."""
        return BackendProtocol.WEBSOCKET if upgrade == b"websocket" else self._protocol

    def choose(
        self, key: str, protocol: BackendProtocol, exclude: Collection[str], now: float
    ) -> Selected | NotSelected:
        """The backend for one request."""
        if now >= self.look_at:
            self.refresh(now)
        way = protocol if self._per_protocol else None
        candidates = self._sets.get(way)
        if candidates is None:
            candidates = self._gather(way)
        if not candidates:
            return self._nobody(way, now)
        if exclude:
            candidates = tuple(candidate for candidate in candidates if candidate.id not in exclude)
        chosen = self.strategy.pick(candidates, key)
        if chosen is None:
            self.failures += 1
            return NotSelected(NoBackend.ALGORITHM_RETURNED_NIL)
        member = self.members[chosen.id]
        member.selects += 1
        circuit = member.circuits.get(way)
        if circuit is None or circuit.state is CircuitState.CLOSED:
            return member.selected[protocol]
        trial = circuit.admit()
        if not circuit.allows:
            self.changed()
        return Selected(self.pool.id, member.backend, protocol, trial)

    def available(self, protocol: BackendProtocol) -> int:
        """How many backends may be chosen now."""
        way = protocol if self._per_protocol else None
        return len(self._sets.get(way) or self._gather(way))

    def outlook(self, protocol: BackendProtocol, now: float) -> tuple[int, bool]:
        """How many backends could be chosen now, and whether circuits keep any away. Nothing changes by looking."""
        way = protocol if self._per_protocol else None
        usable = [member.could_serve(way, now) for member in self.members.values()]
        blocked = any(
            member.is_up_at(now) for member, can in zip(self.members.values(), usable, strict=True) if not can
        )
        return sum(usable), blocked

    def _gather(self, way: Way) -> tuple[Candidate, ...]:
        found = tuple(member.candidate for member in self.members.values() if member.may_serve(way))
        self._sets[way] = found
        return found

    def _nobody(self, way: Way, now: float) -> NotSelected:
        self.failures += 1
        waiting = [
            circuit.until - now
            for member in self.members.values()
            if member.is_up and (circuit := member.circuits.get(way)) is not None
        ]
        retry_after = max(min(waiting), 0.0) if waiting else 0.0
        return NotSelected(NoBackend.NO_HEALTHY_BACKENDS, retry_after, is_circuit_open=bool(waiting))

    def changed(self) -> None:
        """Who may be chosen has to be worked out anew."""
        self._sets.clear()
        self.look_at = min(self._ends(), default=NEVER)

    def _ends(self) -> Iterator[float]:
        for member in self.members.values():
            if member.standing.ejected_until:
                yield member.standing.ejected_until
            for circuit in member.circuits.values():
                if circuit.state is not CircuitState.CLOSED:
                    yield circuit.until

    def refresh(self, now: float) -> None:
        """Do what time brings: circuits that may be tried, backends that come back."""
        for member in self.members.values():
            for way, circuit in member.circuits.items():
                transition = circuit.tick(now)
                if transition is not None:
                    # What was learnt of it while it failed would keep the trials away.
                    member.candidate.expect(self._best_latency())
                    self._teller.circuit_changed(self, member, way, transition)
            if 0.0 < member.standing.ejected_until <= now:
                self.readmit(member)
                self._teller.readmitted(self, member)
        self.changed()

    def readmit(self, member: Member) -> None:
        """Let an ejected backend take part again."""
        member.standing.ejected_until = 0.0
        member.standing.in_a_row = 0
        member.candidate.expect(self._best_latency())
        self.changed()

    def _best_latency(self) -> float:
        return min(
            (each.candidate.latency for each in self.members.values() if each.candidate.seen), default=0.0
        )

    # Hearing.

    def report(self, selected: Selected, sample: Sample | None, now: float) -> None:
        """Take in how a request went; None when it says nothing about the backend."""
        member = self.members.get(selected.backend.id)
        if member is None:
            return
        way = selected.protocol if self._per_protocol else None
        circuit = member.circuits.get(way)
        if sample is None:
            if circuit is not None and selected.trial:
                circuit.release(selected.trial)
                self.changed()
            return
        member.candidate.observe(sample.latency, is_error=sample.is_error)
        if circuit is not None:
            self._judge(member, way, circuit, sample, selected.trial, now)
        if self.pool.outliers is not None:
            self._count(member, sample, now)

    def outrun(self, selected: Selected, latency: float, now: float) -> None:
        """Take in that a request was given up after a while: at least that slow, and nothing more is known."""
        self.report(selected, None, now)
        member = self.members.get(selected.backend.id)
        if member is not None and latency > member.candidate.latency:
            member.candidate.observe(latency, is_error=False)

    def _judge(
        self, member: Member, way: Way, circuit: Circuit, sample: Sample, trial: int, now: float
    ) -> None:
        finding = circuit.report(sample, trial, now)
        if finding is None:
            return
        if finding.evaluation is not None:
            self._say(member, finding.evaluation)
        if finding.transition is not None:
            self.changed()
            self._teller.circuit_changed(self, member, way, finding.transition)

    def _say(self, member: Member, evaluation: Evaluation) -> None:
        rules = self.pool.circuit
        if rules is None:
            return
        if evaluation.expression_problem:
            events.expression_failed(
                pool_id=self.pool.id,
                backend_id=member.backend.id,
                expression=rules.expression,
                error=evaluation.expression_problem,
            )
        events.thresholds_evaluated(
            pool_id=self.pool.id,
            backend_id=member.backend.id,
            combine_mode=rules.combine,
            conditions_met=evaluation.conditions_met,
            error_ratio=evaluation.error_ratio,
            error_threshold=rules.error_threshold,
            p95_latency_ms=evaluation.p95 * 1000.0,
            latency_threshold_ms=rules.latency_threshold * 1000.0,
            network_error_ratio=evaluation.network_ratio,
            network_threshold=rules.network_threshold,
        )

    def _count(self, member: Member, sample: Sample, now: float) -> None:
        standing, rules = member.standing, self.pool.outliers
        standing.requests += 1
        if not sample.is_error:
            standing.in_a_row = 0
            return
        standing.failures += 1
        standing.in_a_row += 1
        if rules is not None and is_run_too_long(standing, rules):
            self.eject(member, EjectReason.CONSECUTIVE, now)

    # Ejecting.

    def room_to_eject(self) -> int:
        """How many more backends may be ejected now."""
        rules = self.pool.outliers
        if rules is None:
            return 0
        standings = [member.standing for member in self.members.values()]
        out = sum(1 for standing in standings if standing.ejected_until)
        # Never the last one: a bad backend is better than none.
        up = sum(1 for member in self.members.values() if member.is_up)
        return max(0, min(max_ejectable(len(standings), rules) - out, up - 1))

    def eject(self, member: Member, reason: EjectReason, now: float) -> bool:
        """Take a backend out for a while, if the cap allows; whether that was done."""
        standing, rules = member.standing, self.pool.outliers
        if rules is None or standing.ejected_until or not self.room_to_eject():
            return False
        standing.ejections += 1
        standing.total += 1
        standing.in_a_row = 0
        length = ejection_length(standing.ejections, rules)
        standing.ejected_until = now + length
        self.changed()
        self._teller.ejected(self, member, reason, length, now)
        return True
