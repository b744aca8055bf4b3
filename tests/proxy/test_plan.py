"""Plans are driven here the way the engine drives them. With the real one they are tested in the journeys."""

from datetime import timedelta

import pytest
from tests.proxy.conftest import BOB, WIKI, mapping, pool, request_for, session_of

from yett.events import enter_scope, leave_scope
from yett.net.http import Again, Answer, Attempt, Failure, Forward, Outcome, Reply, Upstream
from yett.proxy import events
from yett.proxy.balancing.circuit import CircuitState
from yett.proxy.balancing.config import CircuitSettings, LimitSettings, OutlierSettings
from yett.proxy.canary import CanarySettings, Version
from yett.proxy.canary import events as canary_events
from yett.proxy.delivery import Target
from yett.proxy.hedging import HedgeSettings, Skip
from yett.proxy.hedging import events as hedge_events
from yett.proxy.plan import Planning
from yett.proxy.retrying import Cause, RetrySettings
from yett.proxy.retrying import events as retry_events
from yett.proxy.shadow import ShadowSettings
from yett.proxy.steps import Step

SPARE = "http://10.0.0.9:90"
RETRY = RetrySettings()
SHADOW = ShadowSettings(name="next", service=SPARE)


class Drive:
    """One request on its way, with the engine's part played by the test."""

    def __init__(self, place, request, forward):
        self.place = place
        self.request = request
        self.plan = forward.plan
        self.forward = forward
        self.attempts = []
        self.now = 1000.0

    def _in_scope(self, call, *args, **more):
        token = enter_scope(self.request.scope)
        try:
            return call(*args, **more)
        finally:
            leave_scope(token)

    async def begin(self, body=None):
        token = enter_scope(self.request.scope)
        try:
            prepared = self.plan.prepare(self.request, self.forward, body)
            prepared = await prepared if hasattr(prepared, "__await__") else prepared
        finally:
            leave_scope(token)
        if isinstance(prepared, Forward):
            self.launch(prepared)
        return prepared

    def launch(self, forward, *, is_hedge=False):
        self.attempts.append(Attempt(len(self.attempts) + 1, forward, is_hedge, started_at=self.now))
        return self.attempts[-1]

    def sent(self, body=b""):
        self._in_scope(self.plan.sent, self.request, body)

    def ask(self, attempt, *, can_repeat=True):
        again = self._in_scope(self.plan.again, self.request, attempt, can_repeat=can_repeat)
        if again is not None:
            self.end(attempt)
            if again.forward is not None:
                self.launch(again.forward)
        return again

    def fail(self, failure=Failure.CONNECT_REFUSED, *, number=0, **more):
        attempt = self.attempts[number - 1]
        attempt.failure = failure
        again = self.ask(attempt, **more)
        if again is None:
            self.end(attempt)
        return again

    def answer(self, status=200, *, after=0.01, number=0, retry_after=b"", **more):
        attempt = self.attempts[number - 1]
        attempt.status, attempt.answered_at = status, attempt.started_at + after
        attempt.retry_after = retry_after
        again = self.ask(attempt, **more)
        if again is None:
            attempt.is_chosen = True
            self._in_scope(self.plan.reply, self.request, attempt, Reply(status, [], -1))
        return again

    def hedge(self, after=0.1, *, can_repeat=True):
        self.now += after
        forward = self._in_scope(self.plan.hedge, self.request, self.attempts, can_repeat=can_repeat)
        return None if forward is None else self.launch(forward, is_hedge=True)

    def end(self, attempt, *, cancelled=False):
        attempt.ended_at, attempt.is_cancelled = self.now, cancelled
        self._in_scope(self.plan.ended, self.request, attempt)

    def finish(self, status=200, **more):
        """The engine ends what is still open, and tells the gate."""
        for attempt in self.attempts:
            if not attempt.ended_at:
                self.end(attempt, cancelled=not attempt.is_chosen)
        self.place.finish(self.request, Outcome(status, 3, 7, 0.01, **more))

    @property
    def ports(self):
        return [attempt.forward.upstream.port for attempt in self.attempts]


@pytest.fixture
def make_web(make_place):
    """A place with one public application: a pool of two, and whatever the mapping asks for."""

    async def make(*ports, pools=(), drawn=0.0, more=None, **changes):
        there = {"service": "", "pool": "web", "public": True, **changes}
        pools = (pool("web", *(ports or (81, 82)), **(more or {})), *pools)
        place = await make_place(mapping=(mapping("Web", **there),), pool=pools)
        place.gate._sending._planning.draw = lambda: drawn
        return place

    return make


async def ask(place, method="GET", target="/", *, headers=None, token=""):
    cookie = {"Cookie": f"__Host-yett={token}"} if token else {}
    request = request_for(method, target, {"Host": WIKI, **cookie, **(headers or {})})
    decision = await place.decide(request)
    assert isinstance(decision, Forward)
    return Drive(place, request, decision)


async def start(place, *args, **more):
    drive = await ask(place, *args, **more)
    await drive.begin()
    return drive


def member(place, name="b81", of="web"):
    return place.balancer.pools[of].members[name]


def active(place, of="web"):
    return {name: each.candidate.active for name, each in place.balancer.pools[of].members.items()}


def idle(place, of="web"):
    return not any(active(place, of).values())


# Plans.


async def test_a_route_that_asks_for_nothing_has_no_plan(make_web):
    place = await make_web()
    request = request_for("GET", "/", {"Host": WIKI})
    assert (await place.decide(request)).plan is None


async def test_each_attempt_is_counted_while_it_lasts_and_the_backend_hears_how_it_went(make_web):
    place = await make_web(retry=RETRY)
    drive = await start(place)
    assert drive.ports == [81]
    assert active(place) == {"b81": 1, "b82": 0}
    drive.fail()
    assert active(place) == {"b81": 0, "b82": 1}
    drive.answer(after=0.25)
    drive.finish()
    assert active(place) == {"b81": 0, "b82": 0}
    assert member(place).candidate.errors > 0
    assert member(place, "b82").candidate.latency == pytest.approx(0.25)
    assert (member(place, "b82").bytes_in, member(place, "b82").bytes_out) == (3, 7)
    assert member(place).bytes_out == 0


async def test_the_log_names_the_backend_whose_answer_the_client_got(make_web, heard):
    place = await make_web(retry=RETRY)
    drive = await start(place)
    drive.fail()
    drive.answer()
    drive.finish()
    said = dict(heard("http.access"))
    assert (said[events.completed]["upstream"], said[events.completed]["route"]) == ("10.0.0.2:82", "/")


async def test_a_service_without_a_pool_is_tried_again_as_well(make_web, heard):
    place = await make_web(service="http://10.0.0.1:80", pool="", retry=RETRY)
    drive = await start(place)
    assert drive.fail() is not None
    drive.answer()
    drive.finish()
    assert drive.ports == [80, 80]
    assert dict(heard("http.access"))[events.completed]["upstream"] == "10.0.0.1:80"


async def test_a_client_that_leaves_leaves_nothing_open(make_web):
    place = await make_web(retry=RETRY, more={"circuit": CircuitSettings(minimum_requests=1)})
    drive = await start(place)
    drive.finish(0, client_left=True)
    assert idle(place)
    assert member(place).circuits[None].state is CircuitState.CLOSED


async def test_what_was_prepared_and_never_sent_is_given_back(make_web):
    place = await make_web(retry=RETRY)
    drive = await ask(place)
    drive.plan.prepare(drive.request, drive.forward, None)
    assert not idle(place)
    drive.finish(0, client_left=True)
    assert idle(place)


async def test_a_retry_that_was_to_wait_is_given_back_when_the_client_leaves(make_web):
    place = await make_web(retry=RETRY)
    drive = await start(place)
    drive.fail()
    del drive.attempts[-1]
    drive.finish(0, client_left=True)
    assert idle(place)


async def test_a_trial_of_a_half_open_circuit_is_given_back(make_web, clock):
    circuit = CircuitSettings(minimum_requests=1, trials=1)
    place = await make_web(81, retry=RETRY, more={"circuit": circuit})
    drive = await start(place)
    drive.fail(can_repeat=False)
    drive.finish(502)
    clock.advance(31)
    for _ in range(3):
        drive = await start(place)
        assert drive.ports == [81]
        drive.finish(0, client_left=True)
    drive = await start(place)
    drive.answer()
    drive.finish()
    assert member(place).circuits[None].state is CircuitState.CLOSED


async def test_failures_open_a_circuit_and_eject_attempt_by_attempt(make_web):
    place = await make_web(
        81, 82, 83,
        retry=RetrySettings(attempts=3),
        more={"circuit": CircuitSettings(minimum_requests=2), "outlier": OutlierSettings(consecutive=2)},
    )  # fmt: skip
    for _ in range(2):
        drive = await start(place)
        for _ in range(3):
            drive.fail()
        drive.finish(502)
    assert {each.circuits[None].state for each in place.balancer.pools["web"].members.values()} == {
        CircuitState.OPEN
    }
    assert any(each.standing.ejected_until for each in place.balancer.pools["web"].members.values())
    assert idle(place)


# Steps.


class Marked(Step):
    """Writes down that it was there."""

    def __init__(self, name, order, answer=None, *, is_later=False, whole_body=0):
        self.name, self.order, self.answer, self.is_later = name, order, answer, is_later
        self.whole_body = whole_body

    def prepare(self, _call, forward, body):
        self.order.append((self.name, body))
        if self.is_later:
            return self._later(forward)
        return self.answer or forward

    async def _later(self, forward):
        return self.answer or forward

    def reply(self, _call, _attempt, reply):
        self.order.append((f"{self.name} reply", reply.status))


def with_steps(place, *steps):
    """The place, with steps for its one route."""
    (route,) = place.gate.table.routes
    found = place.gate.table.find(WIKI, "/")
    for each in {id(route): route, id(found): found}.values():
        object.__setattr__(each, "steps", steps)
        object.__setattr__(each, "is_plain", False)
    return place


async def test_steps_run_in_order_both_ways_and_may_wait(make_web):
    order = []
    place = with_steps(
        await make_web(), Marked("a", order), Marked("b", order, is_later=True), Marked("c", order)
    )
    drive = await start(place)
    drive.answer()
    drive.finish()
    assert [name for name, _ in order] == ["a", "b", "c", "a reply", "b reply", "c reply"]
    assert idle(place)


async def test_each_step_sees_as_much_of_the_body_as_it_asked_for(make_web):
    order = []
    place = with_steps(
        await make_web(),
        Marked("a", order, whole_body=4),
        Marked("b", order),
        Marked("c", order, whole_body=9),
    )
    drive = await ask(place, "POST")
    assert drive.plan.whole_body == 9
    await drive.begin(b"12345")
    assert order == [("a", None), ("b", None), ("c", b"12345")]
    drive.finish()


@pytest.mark.parametrize("is_later", [True, False])
async def test_a_step_that_answers_ends_it_and_no_backend_is_asked(make_web, is_later, heard):
    order = []
    answer = Answer(418, b"teapot", headers=b"X-One: 1\r\n")
    place = with_steps(
        await make_web(retry=RETRY, shadow=(SHADOW,)),
        Marked("a", order, answer, is_later=is_later),
        Marked("b", order),
    )
    drive = await ask(place)
    assert (await drive.begin()).status == 418
    drive.sent()
    drive.finish(418)
    assert [name for name, _ in order] == ["a"]
    assert member(place).selects == 0
    assert dict(heard("http.access"))[events.completed]["upstream"] == ""
    assert not heard("proxy.shadow")


async def test_an_answer_of_a_step_carries_what_every_answer_carries(make_place):
    place = await make_place(mapping=(mapping("Web", public=True, retry=RETRY),), hsts=timedelta(days=1))
    drive = await ask(with_steps(place, Marked("a", [], Answer(418))))
    assert b"Strict-Transport-Security" in (await drive.begin()).headers


async def test_a_request_that_ended_while_it_was_prepared_is_sent_nowhere(make_web):
    place = with_steps(await make_web(), Marked("a", [], is_later=True))
    drive = await ask(place)
    pending = drive.plan.prepare(drive.request, drive.forward, None)
    drive.finish(0, client_left=True)
    assert isinstance(await pending, Answer)
    assert idle(place)


# Again.


async def test_a_retry_goes_to_another_backend_and_is_told(make_web, heard):
    place = await make_web(retry=RETRY)
    drive = await start(place)
    again = drive.answer(503)
    assert isinstance(again, Again)
    drive.answer(200)
    drive.finish()
    assert drive.ports == [81, 82]
    assert heard("proxy.retry") == [
        (
            retry_events.retrying,
            {"app": "Web", "attempt": 2, "backend": "10.0.0.2:82", "cause": Cause.STATUS, "status": 503},
        ),
        (retry_events.retry_succeeded, {"app": "Web", "attempt": 2}),
    ]


async def test_the_only_backend_is_tried_again_itself(make_web):
    place = await make_web(81, retry=RETRY)
    drive = await start(place)
    drive.fail(Failure.CLOSED_EARLY)
    assert drive.ports == [81, 81]
    drive.finish()
    assert idle(place)


async def test_after_the_last_attempt_the_client_gets_what_there_is(make_web, heard):
    place = await make_web(retry=RetrySettings(attempts=2))
    drive = await start(place)
    assert drive.fail() is not None
    assert drive.answer(503) is None
    drive.finish(503)
    assert heard("proxy.retry")[-1] == (retry_events.attempts_exhausted, {"app": "Web", "max_attempts": 2})
    assert idle(place)


@pytest.mark.parametrize(
    ("method", "failure", "can_repeat", "is_repeated"),
    [
        ("POST", Failure.CONNECT_REFUSED, True, True),
        ("POST", Failure.CLOSED_EARLY, True, False),
        ("PUT", Failure.CLOSED_EARLY, True, True),
        ("PUT", Failure.CLOSED_EARLY, False, False),
        ("GET", Failure.RESPONSE_MALFORMED, True, False),
        ("GET", Failure.BODY_BROKEN, True, False),
    ],
)
async def test_what_must_not_be_sent_twice_is_not(make_web, method, failure, can_repeat, is_repeated, heard):
    place = await make_web(retry=RETRY)
    drive = await start(place, method)
    assert (drive.fail(failure, can_repeat=can_repeat) is not None) is is_repeated
    drive.finish(502)
    assert bool(heard("proxy.retry")) is is_repeated


async def test_an_answer_that_is_no_failure_is_passed_on(make_web, heard):
    place = await make_web(retry=RETRY)
    drive = await start(place)
    assert drive.answer(500) is None
    drive.finish(500)
    assert not heard("proxy.retry")


async def test_a_spent_budget_ends_it(make_web, heard):
    place = await make_web(retry=RetrySettings(budget=0.0, min_per_second=0.1))
    for expected in (True, False):
        drive = await start(place)
        assert (drive.fail() is not None) is expected
        drive.finish(502)
    assert heard("proxy.retry")[-1] == (retry_events.budget_exceeded, {"app": "Web", "pool_id": "web"})
    assert idle(place)


async def test_a_service_has_a_budget_of_its_own(make_web, heard):
    place = await make_web(
        service="http://10.0.0.1:80", pool="", retry=RetrySettings(budget=0.0, min_per_second=0.0)
    )
    drive = await start(place)
    assert drive.fail() is None
    assert heard("proxy.retry") == [(retry_events.budget_exceeded, {"app": "Web", "pool_id": "10.0.0.1:80"})]


@pytest.mark.parametrize(
    ("value", "wait"), [(b"", 0.0125), (b"1", 1.0), (b"2", 2.0), (b"3", None), (b"x", 0.0125)]
)
async def test_the_only_backend_may_say_when_to_come_back(make_web, value, wait):
    place = await make_web(81, retry=RETRY, drawn=0.5)
    drive = await start(place)
    again = drive.answer(503, retry_after=value)
    assert (None if again is None else again.wait) == wait
    drive.finish()
    assert idle(place)


async def test_another_backend_need_not_wait_for_that(make_web):
    place = await make_web(retry=RETRY)
    drive = await start(place)
    assert drive.answer(503, retry_after=b"3600").wait == 0.0
    assert drive.ports == [81, 82]


async def test_a_retry_costs_the_pools_limit_nothing(make_web):
    place = await make_web(retry=RETRY, more={"limit": LimitSettings(rate=0.001, burst=1)})
    drive = await start(place)
    assert drive.fail() is not None


async def test_when_a_retry_finds_no_backend_left_the_fallback_serves(make_web, heard):
    circuit = CircuitSettings(minimum_requests=1)
    place = await make_web(81, retry=RETRY, fallback=SPARE, more={"circuit": circuit})
    first = await start(place)
    second = await start(place)
    first.fail(can_repeat=False)
    assert second.fail() is not None
    assert second.ports == [81, 90]
    second.fail()
    assert second.ports == [81, 90, 90]
    second.answer()
    second.finish()
    assert events.fallback_activated in dict(heard("proxy.circuit_breaker"))
    assert [fields["upstream"] for each, fields in heard("http.access")] == ["10.0.0.9:90"]


async def test_without_any_backend_left_the_client_gets_what_there_is(make_web):
    place = await make_web(81, retry=RETRY, more={"circuit": CircuitSettings(minimum_requests=1)})
    first = await start(place)
    second = await start(place)
    first.fail(can_repeat=False)
    assert second.fail() is None
    second.finish(502)


async def test_each_try_may_have_less_time_than_the_pool_gives(make_web):
    place = await make_web(retry=RetrySettings(per_try_timeout=timedelta(seconds=2)))
    one, other = await start(place), await start(place)
    assert {each.attempts[0].forward.upstream.response_timeout for each in (one, other)} == {2.0}
    place = await make_web(retry=RetrySettings(per_try_timeout=timedelta(seconds=2000)))
    assert (await start(place)).attempts[0].forward.upstream.response_timeout == 60.0


# Besides.

HEDGE = HedgeSettings(delay=timedelta(milliseconds=100))


@pytest.mark.parametrize(
    ("failure", "can_repeat", "is_repeated"),
    [
        (Failure.CONNECT_REFUSED, True, True),
        (Failure.BUSY, True, True),
        (Failure.CONNECT_REFUSED, False, False),
        (Failure.CLOSED_EARLY, True, False),
        (Failure.RESPONSE_TIMEOUT, True, False),
    ],
)
async def test_without_retries_only_what_could_not_be_sent_goes_elsewhere_once(
    make_web, failure, can_repeat, is_repeated
):
    place = await make_web(81, 82, 83, shadow=(SHADOW,))
    drive = await start(place, "POST")
    assert (drive.fail(failure, can_repeat=can_repeat) is not None) is is_repeated
    if is_repeated:
        assert drive.ports[0] != drive.ports[1]
        assert drive.fail() is None
    drive.finish(502, failure=failure)
    assert idle(place)


async def test_a_slow_request_is_sent_to_another_backend_as_well(make_web, heard):
    place = await make_web(hedge=HEDGE)
    drive = await start(place)
    assert drive.plan.hedge_after == 0.1
    drive.hedge()
    assert drive.ports == [81, 82]
    assert active(place) == {"b81": 1, "b82": 1}
    drive.answer(number=2)
    drive.finish()
    assert idle(place)
    assert heard("proxy.hedge") == [
        (
            hedge_events.fired,
            {
                "app": "Web",
                "hedges": 1,
                "delay": 0.1,
                "primary_backend": "10.0.0.2:81",
                "backend": "10.0.0.2:82",
            },
        )
    ]
    assert dict(heard("http.access"))[events.completed]["upstream"] == "10.0.0.2:82"


async def test_who_is_outrun_is_known_to_be_slow_and_nothing_else(make_web):
    place = await make_web(hedge=HEDGE, more={"circuit": CircuitSettings(minimum_requests=1)})
    drive = await start(place)
    drive.hedge()
    drive.answer(number=2, after=0.02)
    drive.finish()
    assert member(place).candidate.latency == pytest.approx(0.1)
    assert member(place).candidate.errors == 0
    assert member(place).circuits[None]._window.requests == 0
    assert member(place, "b82").candidate.latency == pytest.approx(0.02)


async def test_a_copy_that_is_outrun_says_nothing_about_its_backend(make_web):
    place = await make_web(hedge=HEDGE)
    drive = await start(place)
    drive.hedge()
    drive.answer(number=1, after=0.101)
    drive.finish()
    assert member(place, "b82").candidate.seen == 0


async def test_as_many_copies_are_sent_as_the_settings_say(make_web):
    place = await make_web(81, 82, 83, 84, hedge=HedgeSettings(delay=HEDGE.delay, copies=2))
    drive = await start(place)
    assert [drive.hedge() is not None for _ in range(4)] == [True, True, False, False]
    drive.answer()
    drive.finish()
    assert idle(place)


@pytest.mark.parametrize(
    ("method", "headers", "skip"),
    [("POST", {}, Skip.METHOD), ("GET", {"Connection": "Upgrade", "Upgrade": "websocket"}, Skip.UPGRADE)],
)
async def test_what_must_not_be_doubled_is_not(make_web, method, headers, skip, heard):
    drive = await start(await make_web(hedge=HEDGE), method, headers=headers)
    assert drive.plan.hedge_after == 0.0
    assert heard("proxy.hedge") == [(hedge_events.skipped, {"app": "Web", "reason": skip})]


async def test_a_request_is_not_doubled_where_that_cannot_help(make_web, heard):
    place = await make_web(81, hedge=HEDGE)
    drive = await start(place)
    assert drive.hedge() is None
    drive.finish()
    place = await make_web(hedge=HEDGE)
    drive = await start(place)
    assert drive.hedge(can_repeat=False) is None
    drive.finish()
    place = await make_web(hedge=HedgeSettings(delay=HEDGE.delay, budget=0.0, min_per_second=0.0))
    drive = await start(place)
    assert drive.hedge() is None
    drive.finish()
    assert idle(place)
    reasons = [fields["reason"] for _, fields in heard("proxy.hedge")]
    assert reasons == [Skip.SINGLE_BACKEND, Skip.BODY_TOO_LARGE, Skip.BUDGET]


async def test_the_delay_can_be_learnt_from_the_pool(make_web, heard):
    place = await make_web(hedge=HedgeSettings())
    for _ in range(20):
        drive = await start(place)
        assert drive.plan.hedge_after == 0.0
        drive.answer(after=0.2)
        drive.finish()
    assert {fields["reason"] for _, fields in heard("proxy.hedge")} == {Skip.PACE_UNKNOWN}
    place.clock.advance(1.5)
    assert (await start(place)).plan.hedge_after == pytest.approx(0.2, rel=0.1)


async def test_one_that_fails_while_another_is_on_its_way_is_let_go(make_web, heard):
    place = await make_web(hedge=HEDGE, retry=RETRY)
    drive = await start(place)
    drive.hedge()
    assert drive.fail(number=1) == Again(None)
    assert drive.answer(number=2) is None
    drive.finish()
    assert not heard("proxy.retry")
    assert idle(place)


async def test_a_bad_answer_is_let_go_while_a_good_one_may_come(make_web):
    place = await make_web(hedge=HEDGE)
    drive = await start(place)
    drive.hedge()
    assert drive.answer(500, number=2) == Again(None)
    assert drive.answer(200, number=1) is None
    drive.finish()
    assert idle(place)


async def test_when_all_of_them_fail_that_is_said(make_web, heard):
    place = await make_web(hedge=HEDGE)
    drive = await start(place)
    drive.hedge()
    drive.fail(Failure.CLOSED_EARLY, number=2)
    assert drive.fail(Failure.RESPONSE_TIMEOUT, number=1) is None
    drive.finish(504)
    assert heard("proxy.hedge")[-1] == (hedge_events.all_failed, {"app": "Web", "total_attempts": 2})


async def test_when_all_of_them_fail_it_may_be_tried_again(make_web, heard):
    place = await make_web(81, 82, 83, hedge=HEDGE, retry=RETRY)
    drive = await start(place)
    drive.hedge()
    drive.fail(number=1)
    assert drive.fail(number=2).forward is not None
    drive.answer(number=3)
    drive.finish()
    assert sorted(drive.ports) == [81, 82, 83]
    assert hedge_events.all_failed not in dict(heard("proxy.hedge"))
    assert idle(place)


# Canary.


def canary_place(make_web, **changes):
    return make_web(pools=(pool("next", 91),), canary=CanarySettings(pool="next", **changes))


async def test_some_get_the_canary_and_the_others_do_not(make_web, heard):
    place = await canary_place(make_web, header="X-Version")
    for headers, port in (({}, 81), ({"X-Version": "canary"}, 91)):
        drive = await start(place, headers=headers)
        assert drive.ports == [port]
        drive.answer()
        drive.finish()
    assert heard("proxy.canary") == [
        (canary_events.to_stable, {"app": "Web", "version": Version.STABLE, "backend": "10.0.0.2:81"}),
        (canary_events.to_canary, {"app": "Web", "version": Version.CANARY, "backend": "10.0.0.2:91"}),
    ]
    assert idle(place)
    assert idle(place, "next")


async def test_a_canary_can_be_a_service(make_web):
    place = await make_web(canary=CanarySettings(service=SPARE, weight=100.0), preserve_host=False)
    drive = await start(place)
    assert (drive.ports, drive.attempts[0].forward.host) == ([90], b"10.0.0.9:90")


async def test_members_of_a_group_get_the_canary(make_place):
    place = await make_place(
        mapping=(mapping("Web", canary=CanarySettings(service=SPARE, groups=("wiki",))),)
    )
    for name, port in (("ada", 90), (BOB.name, 80)):
        issued = await session_of(place, name)
        assert (await start(place, token=issued.token)).ports == [port]


async def test_without_a_backend_for_the_canary_the_stable_version_serves(make_web, heard):
    place = await canary_place(make_web, weight=100.0)
    await place.balancer.administration.drain("next", "b91")
    drive = await start(place)
    assert drive.ports == [81]
    assert [each for each, _ in heard("proxy.canary")] == [canary_events.to_stable]
    drive.answer()
    drive.finish()
    assert idle(place)


async def test_who_asks_too_much_of_the_canary_does_not_get_the_same_elsewhere(make_web):
    limited = pool("next", 91, limit=LimitSettings(rate=0.001, burst=1))
    place = await make_web(pools=(limited,), canary=CanarySettings(pool="next", weight=100.0))
    await start(place)
    assert (await (await ask(place)).begin()).status == 429


async def test_a_retry_stays_with_its_version(make_web):
    place = await make_web(
        pools=(pool("next", 91, 92),), canary=CanarySettings(pool="next", weight=100.0), retry=RETRY
    )
    drive = await start(place)
    drive.fail()
    assert drive.ports == [91, 92]


# No backend.


async def test_without_a_backend_there_is_a_page_as_ever(make_web, heard):
    place = await make_web(81, retry=RETRY)
    await place.balancer.administration.drain("web", "b81")
    drive = await ask(place)
    answer = await drive.begin()
    drive.finish(503)
    assert answer.status == 503
    assert events.no_backend in dict(heard("proxy.pool"))
    assert dict(heard("http.access"))[events.completed]["upstream"] == ""


async def test_a_fallback_that_fails_too_is_an_error_of_its_own(make_web, heard):
    place = await make_web(81, retry=RetrySettings(on=("503",)), fallback=SPARE)
    await place.balancer.administration.drain("web", "b81")
    drive = await start(place)
    drive.fail()
    drive.finish(502, failure=Failure.CONNECT_REFUSED, detail="refused")
    ((said, fields),) = heard("proxy.fallback")
    assert (said, fields["backend"]) == (events.fallback_failed, "10.0.0.9:90")


async def test_a_backend_that_fails_is_no_fallback(make_web, heard):
    place = await make_web(81, retry=RetrySettings(on=("503",)))
    drive = await start(place)
    drive.fail()
    drive.finish(502, failure=Failure.CONNECT_REFUSED, detail="refused")
    ((said, fields),) = heard("proxy.error")
    assert (said, fields["backend"]) == (events.request_failed, "10.0.0.2:81")


# Shadows.


class Mirror:
    """Writes down what is to be copied."""

    def __init__(self):
        self.copies = []

    def copy(self, shadow, app, _request, forward, body):
        self.copies.append((shadow.name, app, forward.upstream.port, body))


@pytest.fixture
def mirrored(make_web):
    async def make(*shadows, **more):
        place = await make_web(shadow=shadows or (SHADOW,), **more)
        place.gate._sending._planning.mirror = mirror = Mirror()
        return place, mirror.copies

    return make


async def test_each_shadow_gets_a_copy_when_the_request_is_complete(mirrored):
    other = ShadowSettings(name="other", service=SPARE)
    place, copies = await mirrored(SHADOW, other)
    drive = await start(place, "POST", headers={"Content-Length": "4"})
    assert copies == []
    drive.sent(b"body")
    assert [(name, body) for name, _, _, body in copies] == [("next", b"body"), ("other", b"body")]


async def test_a_body_that_is_too_long_makes_no_copy(mirrored):
    place, copies = await mirrored(ShadowSettings(name="next", service=SPARE, max_body=3))
    for body in (b"body", None):
        drive = await start(place, "POST", headers={"Content-Length": "4"})
        drive.sent(body)
    assert copies == []


async def test_a_request_that_is_complete_before_it_was_prepared_is_copied_all_the_same(mirrored):
    place, copies = await mirrored()
    drive = await ask(place)
    drive.sent(None)
    assert copies == []
    await drive.begin()
    assert [body for *_, body in copies] == [b""]


async def test_a_request_that_was_turned_away_is_not_copied(mirrored):
    place, copies = await mirrored()
    for name in ("b81", "b82"):
        await place.balancer.administration.drain("web", name)
    drive = await ask(place)
    await drive.begin()
    drive.sent()
    assert copies == []


async def test_only_as_many_are_copied_as_the_settings_say(mirrored):
    place, copies = await mirrored(ShadowSettings(name="next", service=SPARE, percent=50.0), drawn=0.5)
    (await start(place)).sent()
    assert copies == []
    place.gate._sending._planning.draw = lambda: 0.49
    (await start(place)).sent()
    assert len(copies) == 1


async def test_a_retry_is_not_copied_again(mirrored):
    place, copies = await mirrored(retry=RETRY)
    drive = await start(place)
    drive.sent()
    drive.fail()
    drive.answer()
    assert len(copies) == 1


# Reloads.


async def test_a_pool_that_is_gone_meanwhile_breaks_nothing(make_web):
    place = await make_web(retry=RETRY)
    drive = await start(place)
    await place.follow(mapping=(mapping("Web", public=True),), pool=())
    assert drive.fail() is None
    drive.finish(502)


def test_what_is_remembered_of_pools_is_bounded(clock):

    planning = Planning(None, clock)
    for number in range(3000):
        planning.past(Target(f"pool{number}", Upstream("", 0), "", b"", True))
        planning.hurried(Upstream("a", number), 1.0)
    assert len(planning._past) <= 1024
    assert len(planning._hurried) <= 1024
