"""One request that may be sent more than once, or changed on its way.

A route needs a plan if it has steps (`steps`), or a `Delivery`: tries again, copies besides, a
canary, shadows. The gate makes one for each request of such a route, with `Planning.plan`, in place of
`Pooling.choose`; the engine then asks the plan (`Plan` in `net/http/model`). Its order is:

    prepare   steps in order → version (canary) → backend, or the fallback, or a refusal
    sent      shadows
    again     worth another try? permitted? attempts left? within the budget? → another backend
    hedge     permitted? another backend? within the budget?
    reply     steps in order
    ended     tell the pool how this attempt went
    over      tell it how much was carried, and take back whatever never ended

What must stay true:
  each selection is opened once, and closed once, however the request ends;
  the pool hears of an attempt once; of one that was given up before it was answered, nothing is
  concluded but how long it was waited for;
  a refusal of ours carries the header lines that every answer carries.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from yett.kernel import Clock
from yett.kernel.metrics import Tally
from yett.net.http import Again, Answer, Attempt, Forward, Outcome, Reply, Request, Upstream
from yett.proxy import events
from yett.proxy.balancing import Balancer, NoBackend, NotSelected, sample_of_attempt
from yett.proxy.balancing.strategies import Chance, Draw
from yett.proxy.canary import Version, Visitor, version_for
from yett.proxy.canary import events as canary_events
from yett.proxy.delivery import Delivery
from yett.proxy.hedging import Pace, Skip, skip_at_once
from yett.proxy.hedging import events as hedge_events
from yett.proxy.pooled import Place, Pooled, Pooling, Target
from yett.proxy.retrying import (
    UNSENT,
    Budget,
    Cause,
    RetryRules,
    backoff,
    cause_of,
    is_permitted,
    retry_after,
)
from yett.proxy.retrying import events as retry_events
from yett.proxy.routes import Route
from yett.proxy.shadow import Mirror, wants
from yett.proxy.steps import Call, Step

_MOST_REMEMBERED = 1024
_NO_DELIVERY = Delivery()


class Past:
    """What is remembered of a pool or service from one request to the next."""

    __slots__ = ("budget", "pace")

    def __init__(self) -> None:
        self.budget = Budget()
        self.pace = Pace()


class Planning:
    """Makes the plans of a gate; one per gate."""

    def __init__(
        self,
        balancer: Balancer,
        clock: Clock,
        mirror: Mirror | None = None,
        *,
        refuse: Callable[[Request, Answer], Answer] = lambda _, answer: answer,
        draw: Draw | None = None,
    ) -> None:
        """`refuse` completes an answer of ours with what every answer carries."""
        self.balancer = balancer
        self.pooling = Pooling(balancer)
        self.clock = clock
        self.mirror = mirror
        self.refuse = refuse
        self.draw = draw or Chance()
        self.resent: Tally[tuple[str, str]] = Tally()
        """Requests that were sent more than once: by application, and "retry" or "hedge"."""
        self._past: dict[str | Upstream, Past] = {}
        self._hurried: dict[tuple[Upstream, float], Upstream] = {}

    def plan(self, call: Call, route: Route, forward: Forward) -> Forward:
        """`forward` with a plan of its own. The request's note is a `Pooled` from here on."""
        request = call.request
        request.note = note = Pooled(route, route.address, None)
        note.is_fallback = False
        note.plan = plan = RoutePlan(self, call, route, note)
        return replace(forward, plan=plan)

    def past(self, target: Target) -> Past:
        """What is remembered of the pool, or of the service."""
        name = target.pool_id or target.upstream
        found = self._past.get(name)
        if found is None:
            if len(self._past) >= _MOST_REMEMBERED:
                # Names come from settings, so that takes very many reloads.
                self._past.clear()
            found = self._past[name] = Past()
        return found

    def hurried(self, upstream: Upstream, seconds: float) -> Upstream:
        """The upstream, with so much time to answer. Equal ones share their connections, so it is made once."""
        if not 0 < seconds < upstream.response_timeout:
            return upstream
        found = self._hurried.get((upstream, seconds))
        if found is None:
            if len(self._hurried) >= _MOST_REMEMBERED:
                self._hurried.clear()
            found = self._hurried[upstream, seconds] = replace(upstream, response_timeout=seconds)
        return found


class _Try:
    """One attempt, as the plan knows it."""

    __slots__ = ("forward", "has_failed", "is_closed", "place")

    def __init__(self, place: Place, forward: Forward) -> None:
        self.place = place
        self.forward = forward
        self.has_failed = False
        """Whether it gave nothing that could go to the client."""
        self.is_closed = False
        """Whether the pool was told that it is over."""


class RoutePlan:
    """The plan of one request."""

    __slots__ = (
        "_answered",
        "_body",
        "_call",
        "_chosen",
        "_delivery",
        "_forward",
        "_has_body",
        "_hedges",
        "_is_over",
        "_note",
        "_past",
        "_planning",
        "_retries",
        "_route",
        "_target",
        "_tries",
        "hedge_after",
        "keep_body",
        "whole_body",
    )

    def __init__(self, planning: Planning, call: Call, route: Route, note: Pooled) -> None:
        self._planning = planning
        self._call = call
        self._route = route
        self._note = note
        self._delivery = delivery = route.delivery or _NO_DELIVERY
        self._target: Target = route
        self._past: Past | None = None
        self._tries: list[_Try] = []
        self._chosen: _Try | None = None
        self._retries = 0
        self._hedges = 0
        self._is_over = False
        self._answered = False
        self._forward: Forward | None = None
        self._has_body = False
        """Whether the engine has told what the body is."""
        self._body: bytes | None = None
        self.whole_body = max(step.whole_body for step in route.steps) if route.steps else 0
        self.keep_body = delivery.keep_body
        self.hedge_after = 0.0
        if delivery.hedge is not None:
            self._expect_hedges(call.request)

    @property
    def _app(self) -> str:
        return self._route.app

    # Before the first attempt.

    def prepare(
        self, request: Request, forward: Forward, body: bytes | None
    ) -> Forward | Answer | Awaitable[Forward | Answer]:
        """Run the steps, then find out where to send it."""
        steps = self._route.steps
        for number, step in enumerate(steps):
            result = step.prepare(self._call, forward, _seen(step, body))
            if isinstance(result, Answer):
                return self._ours(request, result)
            if not isinstance(result, Forward):
                return self._prepare_later(request, result, number + 1, body)
            forward = result
        return self._begin(request, forward)

    async def _prepare_later(
        self, request: Request, pending: Awaitable[Forward | Answer], following: int, body: bytes | None
    ) -> Forward | Answer:
        result = await pending
        for step in self._route.steps[following:]:
            if isinstance(result, Answer):
                break
            changed = step.prepare(self._call, result, _seen(step, body))
            result = changed if isinstance(changed, Forward | Answer) else await changed
        if self._is_over:
            # Nobody will carry this out, or tell how it ended: nothing may be counted as begun.
            return Answer(503)
        return self._ours(request, result) if isinstance(result, Answer) else self._begin(request, result)

    def _begin(self, request: Request, forward: Forward) -> Forward | Answer:
        pooling, target = self._planning.pooling, self._pick_version(request)
        place = pooling.find(request, target)
        if (
            isinstance(place, NotSelected)
            and target is not self._route
            and place.reason is not NoBackend.RATE_LIMITED
        ):
            # What is only tried out must not keep anybody from what works.
            target = self._route
            place = pooling.find(request, target)
        if isinstance(place, NotSelected):
            stand_in = pooling.stand_in(request, self._app, target, place)
            if isinstance(stand_in, Answer):
                return self._ours(request, stand_in)
            place = stand_in
        self._target = target
        if self._delivery.canary is not None:
            version = Version.STABLE if target is self._route else Version.CANARY
            say = canary_events.to_stable if version is Version.STABLE else canary_events.to_canary
            say(app=self._app, version=version, backend=place.address)
        if self._delivery.retry is not None or self._delivery.hedge is not None:
            self._past = self._planning.past(target)
            self._past.budget.count(self._planning.clock.monotonic())
        self._forward = forward
        if not place.is_fallback:
            events.proxying(self._app, place.address)
        if self._has_body:
            self._mirror(request)
        return self._send(place)

    def _pick_version(self, request: Request) -> Target:
        delivery, call = self._delivery, self._call
        if delivery.canary is None or delivery.canary_target is None:
            return self._route
        rules, scope = delivery.canary, request.scope
        visitor = Visitor(
            user=scope.user,
            session=scope.session,
            address=scope.client_address or request.connection.client_address,
            groups=call.person.groups if call.person is not None else (),
            header=(request.field(rules.header) or b"") if rules.header else b"",
            cookie=request.cookie,
        )
        version = version_for(rules, visitor, self._planning.draw())
        return delivery.canary_target if version is Version.CANARY else self._route

    def _send(self, place: Place) -> Forward:
        """What goes to that place; the plan remembers it as an attempt."""
        retry, forward = self._delivery.retry, self._forward
        assert forward is not None  # noqa: S101 - nothing is sent before `_begin` has set it
        upstream = place.upstream
        if retry is not None and retry.per_try_timeout:
            upstream = self._planning.hurried(upstream, retry.per_try_timeout)
        # A step that named a Host of its own had a reason.
        host = place.host if forward.host == self._route.host_header else forward.host
        made = replace(forward, upstream=upstream, host=host)
        self._tries.append(_Try(place, made))
        self._note.address = place.address
        self._note.is_fallback = place.is_fallback
        return made

    def _ours(self, request: Request, answer: Answer) -> Answer:
        self._answered = True
        self._note.address = ""
        return self._planning.refuse(request, answer)

    # Shadows.

    def sent(self, request: Request, body: bytes | None) -> None:
        """The request is complete: copies can be made of it."""
        if not self._delivery.shadows:
            return
        self._has_body = True
        self._body = body if body is not None or request.has_body else b""
        if self._forward is not None and not self._answered:
            self._mirror(request)

    def _mirror(self, request: Request) -> None:
        mirror, forward, body = self._planning.mirror, self._forward, self._body
        self._body = None
        if mirror is None or forward is None or body is None:
            return
        for shadow in self._delivery.shadows:
            if len(body) <= shadow.max_body and wants(shadow, request, self._planning.draw()):
                mirror.copy(shadow, self._app, request, forward, body)

    # Again.

    def again(self, request: Request, attempt: Attempt, *, can_repeat: bool) -> Again | None:
        """Send it once more, if that is worth it, permitted, and within the budget."""
        rules, past = self._delivery.retry, self._past
        failed = self._find(attempt)
        cause = cause_of(rules, attempt.status, attempt.failure) if rules is not None else None
        if failed is None:
            return None
        is_bad = cause is not None or (self._hedges > 0 and attempt.status >= 500)
        failed.has_failed = is_bad or attempt.failure is not None
        if failed.has_failed and self._is_waited_for(failed):
            # Another one is on its way, and may still bring an answer.
            return Again(None)
        repeated = None
        if rules is not None and past is not None and cause is not None:
            repeated = self._repeat(request, rules, past, cause, attempt, failed, can_repeat=can_repeat)
        if rules is None and can_repeat and attempt.failure in UNSENT:
            repeated = self._turn_elsewhere(request)
        if repeated is None and self._hedges and failed.has_failed:
            hedge_events.all_failed(app=self._app, total_attempts=len(self._tries))
        return repeated

    def _turn_elsewhere(self, request: Request) -> Again | None:
        """Another backend for a request that could not be sent to the first one, as in `Pooling.instead`."""
        if len(self._tries) > 1 or self._tries[0].place.chosen is None:
            return None
        place = self._elsewhere(request)
        if place is None:
            return None
        retry_events.retrying(
            app=self._app, attempt=2, backend=place.address, cause=Cause.CONNECT_FAILURE, status=0
        )
        return Again(self._send(place))

    def _is_waited_for(self, failed: _Try | None) -> bool:
        """Whether any other attempt may still be answered."""
        return any(each is not failed and not each.has_failed and not each.is_closed for each in self._tries)

    def _repeat(
        self,
        request: Request,
        rules: RetryRules,
        past: Past,
        cause: Cause,
        attempt: Attempt,
        failed: _Try,
        *,
        can_repeat: bool,
    ) -> Again | None:
        planning = self._planning
        if not can_repeat or not is_permitted(rules, request.method, cause):
            return None
        if self._retries + 1 >= rules.attempts:
            retry_events.attempts_exhausted(app=self._app, max_attempts=rules.attempts)
            return None
        wait = backoff(rules, self._retries, planning.draw())
        place = self._elsewhere(request)
        if place is None:
            asked = retry_after(attempt.retry_after, planning.clock.now()) if attempt.retry_after else None
            if asked is not None and asked > rules.max_retry_after:
                return None
            wait = max(wait, asked or 0.0)
            place = self._same_again(request, failed)
        if place is None:
            return None
        if not past.budget.spend(rules.budget, rules.min_per_second, planning.clock.monotonic()):
            self._leave(place)
            retry_events.budget_exceeded(app=self._app, pool_id=self._target.pool_id or self._target.address)
            return None
        self._retries += 1
        planning.resent.add((self._app, "retry"))
        retry_events.retrying(
            app=self._app,
            attempt=len(self._tries) + 1,
            backend=place.address,
            cause=cause,
            status=attempt.status,
        )
        return Again(self._send(place), wait)

    def _elsewhere(self, request: Request) -> Place | None:
        """A backend that has not had this request yet."""
        if not self._target.pool_id:
            return None
        tried = {each.place.chosen.backend.id for each in self._tries if each.place.chosen is not None}
        place = self._planning.pooling.find(request, self._target, exclude=tried, is_first=False)
        return place if isinstance(place, Place) else None

    def _same_again(self, request: Request, failed: _Try) -> Place | None:
        """Any backend that may be used at all, else the fallback."""
        if failed.place.is_fallback:
            return failed.place
        pooling = self._planning.pooling
        place = pooling.find(request, self._target, is_first=False)
        if isinstance(place, Place):
            return place
        if self._target.fallback is None:
            return None
        stand_in = pooling.stand_in(request, self._app, self._target, place)
        return stand_in if isinstance(stand_in, Place) else None

    # Besides.

    def _expect_hedges(self, request: Request) -> None:
        rules = self._delivery.hedge
        if rules is None:
            return
        now = self._planning.clock.monotonic()
        measured = self._planning.past(self._route).pace.p95(now) if not rules.delay else 0.0
        delay = rules.delay or (max(measured, rules.min_delay) if measured else 0.0)
        skip = skip_at_once(
            rules,
            request.method,
            is_upgrade=bool(request.upgrade),
            has_pool=bool(self._route.pool_id),
            delay=delay,
        )
        if skip is None:
            self.hedge_after = delay
        else:
            hedge_events.skipped(app=self._app, reason=skip)

    def hedge(self, request: Request, attempts: list[Attempt], *, can_repeat: bool) -> Forward | None:  # noqa: ARG002 - the port's signature; the plan knows its attempts
        """A copy for another backend."""
        rules, past = self._delivery.hedge, self._past
        if rules is None or past is None or self._hedges >= rules.copies or not self._tries:
            return None
        if not can_repeat:
            hedge_events.skipped(app=self._app, reason=Skip.BODY_TOO_LARGE)
            return None
        place = self._elsewhere(request)
        if place is None:
            hedge_events.skipped(app=self._app, reason=Skip.SINGLE_BACKEND)
            return None
        now = self._planning.clock.monotonic()
        if not past.budget.spend(rules.budget, rules.min_per_second, now):
            self._leave(place)
            hedge_events.skipped(app=self._app, reason=Skip.BUDGET)
            return None
        self._hedges += 1
        self._planning.resent.add((self._app, "hedge"))
        hedge_events.fired(
            app=self._app,
            hedges=self._hedges,
            delay=self.hedge_after,
            primary_backend=self._tries[0].place.address,
            backend=place.address,
        )
        return self._send(place)

    # Answers.

    def reply(self, request: Request, attempt: Attempt, reply: Reply) -> None:  # noqa: ARG002 - the port's signature; steps have the request in their call
        """The head of the answer that the client gets."""
        rules = self._delivery.retry
        if self._retries and rules is not None and cause_of(rules, reply.status, None) is None:
            retry_events.retry_succeeded(app=self._app, attempt=attempt.number)
        for step in self._route.steps:
            step.reply(self._call, attempt, reply)

    # Ends.

    def ended(self, request: Request, attempt: Attempt) -> None:  # noqa: ARG002 - the port's signature
        """Tell the pool how one attempt went."""
        found = self._find(attempt)
        if found is None or found.is_closed or found is self._chosen:
            return
        for step in self._route.steps:
            step.ended(self._call, attempt)
        latency = attempt.answered_at - attempt.started_at if attempt.answered_at else 0.0
        if self._past is not None and latency > 0.0 and attempt.status < 500:
            self._past.pace.observe(latency, self._planning.clock.monotonic())
        if attempt.is_chosen:
            self._note.address, self._note.is_fallback = found.place.address, found.place.is_fallback
        chosen = found.place.chosen
        if chosen is not None:
            waited = attempt.ended_at - attempt.started_at
            balancer = self._planning.balancer
            if attempt.is_cancelled and not attempt.answered_at and 0.0 < self.hedge_after <= waited:
                balancer.outrun(chosen, waited)
            else:
                balancer.report(chosen, sample_of_attempt(attempt))
        if attempt.is_chosen:
            # How much was carried is known when the request is over.
            self._chosen = found
        else:
            self._close(found)

    def over(self, outcome: Outcome) -> None:
        """The request is over. What was opened and never heard of again is given back."""
        self._is_over = True
        chosen, self._chosen = self._chosen, None
        if chosen is not None:
            self._close(chosen, bytes_in=outcome.bytes_in, bytes_out=outcome.bytes_out)
        for each in self._tries:
            if not each.is_closed:
                each.is_closed = True
                self._leave(each.place)

    def _close(self, over: _Try, *, bytes_in: int = 0, bytes_out: int = 0) -> None:
        over.is_closed = True
        if over.place.chosen is not None:
            self._planning.balancer.closed(over.place.chosen, bytes_in=bytes_in, bytes_out=bytes_out)

    def _leave(self, place: Place) -> None:
        """Nothing was sent there after all."""
        if place.chosen is not None:
            self._planning.balancer.report(place.chosen, None)
            self._planning.balancer.closed(place.chosen)

    def _find(self, attempt: Attempt) -> _Try | None:
        for each in self._tries:
            if each.forward is attempt.forward:
                return each
        return None


def _seen(step: Step, body: bytes | None) -> bytes | None:
    """The body, as far as a step asked for it."""
    return body if body is not None and len(body) <= step.whole_body else None
