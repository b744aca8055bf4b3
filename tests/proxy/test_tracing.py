"""Traces of requests that the real gate decides about. Over the wire they are tested in the journeys."""

import pytest
from tests.proxy.conftest import SIGN_IN, WIKI, mapping, pool, request_for

from yett.events import enter_scope, leave_scope
from yett.kernel.tracing import Incoming, SpanKind, Tracer, TracingSettings, parse_parent
from yett.net.http import Answer, Attempt, Failure, Forward, Outcome
from yett.proxy.hedging import HedgeSettings
from yett.proxy.retrying import RetrySettings
from yett.proxy.tracing import TracedGate

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
CALLED = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "a=1"}


class Tracing:
    """A gate whose spans are kept in a list."""

    def __init__(self, place, **changes):
        self.spans = []
        settings = TracingSettings(**{"ratio": 1.0, **changes})
        self.gate = TracedGate(place.gate, Tracer(settings), self.spans.extend)

    def begin(self, method="GET", target="/", host=WIKI, *, way=None, **headers):
        self.request = request_for(method, target, {"Host": host, **headers})
        for name, value in (way or {}).items():
            setattr(self.request.connection, name, value)
        self.request.started_at = 1000.0
        token = enter_scope(self.request.scope)
        try:
            self.decision = self.gate.decide(self.request)
        finally:
            leave_scope(token)
        return self.decision

    def end(self, status=200, **more):
        token = enter_scope(self.request.scope)
        self.gate.finished(self.request, Outcome(status, 0, 0, 0.5, **more))
        leave_scope(token)
        return {span.name: span for span in self.spans}


@pytest.fixture
async def place(make_place):
    return await make_place(
        mapping=(
            mapping("Wiki", public=True),
            mapping("Closed", path="/closed", groups=("ops",)),
            mapping("Tried", path="/tried", service="", pool="web", public=True, retry=RetrySettings(attempts=3),
                    hedge=HedgeSettings(min_per_second=100.0)),
        ),
        pool=(pool("web", 1, 2, 3),),
    )  # fmt: skip


def upstream_is_told(forward):
    return parse_parent(forward.add.split(b"\r\n"))


async def test_a_request_has_a_span_and_so_has_what_it_waited_for(place):
    tracing = Tracing(place)
    forward = tracing.begin(target="/page?token=s3cret")
    spans = tracing.end(answered=0.4)
    own, decide, upstream = spans["GET /"], spans["decide"], spans["upstream"]
    assert {own.trace_id} == {span.trace_id for span in tracing.spans} == {tracing.request.scope.trace_id}
    assert (own.parent_id, decide.parent_id, upstream.parent_id) == ("", own.span_id, own.span_id)
    assert [span.kind for span in (own, decide, upstream)] == [
        SpanKind.SERVER,
        SpanKind.INTERNAL,
        SpanKind.CLIENT,
    ]
    assert own.ended - own.began == 500_000_000
    assert own.attributes["http.route"] == "/"
    assert own.attributes["yett.app"] == "Wiki"
    assert own.attributes["http.response.status_code"] == 200
    assert upstream.attributes["server.address"] == "10.0.0.1"
    assert upstream_is_told(forward).span_id == upstream.span_id
    assert "s3cret" not in str(tracing.spans)


async def test_the_clients_own_trace_context_never_reaches_the_upstream(place):
    tracing = Tracing(place)
    forward = tracing.begin(**CALLED)
    assert forward.drop >= {b"traceparent", b"tracestate"}
    assert upstream_is_told(forward).trace_id == tracing.request.scope.trace_id != TRACE
    assert b"a=1" not in forward.add


async def test_a_trace_that_is_believed_goes_on(place):
    tracing = Tracing(place, incoming=Incoming.CONTINUE, ratio=0.0)
    told = upstream_is_told(tracing.begin(**CALLED))
    spans = tracing.end()
    assert (told.trace_id, told.is_sampled, told.state) == (TRACE, True, b"a=1")
    assert tracing.request.scope.trace_id == TRACE
    assert (spans["GET /"].parent_id, spans["GET /"].is_remote) == (SPAN, True)
    assert not spans["upstream"].is_remote


@pytest.mark.parametrize("is_believed", [False, True])
async def test_who_only_carries_a_clients_bytes_does_not_vouch_for_its_trace(place, is_believed):
    tracing = Tracing(place, incoming=Incoming.PROXIES)
    tracing.begin(way={"via": "10.0.0.2", "is_believed": is_believed}, **CALLED)
    assert (tracing.request.scope.trace_id == TRACE) is is_believed


async def test_what_is_not_recorded_makes_no_span_and_is_still_one_trace(place):
    tracing = Tracing(place, ratio=0.0)
    told = upstream_is_told(tracing.begin())
    assert (told.is_sampled, told.trace_id) == (False, tracing.request.scope.trace_id)
    assert tracing.end() == {}
    assert len(tracing.gate) == 0


async def test_an_answer_of_ours_has_no_upstream(place):
    tracing = Tracing(place)
    assert isinstance(tracing.begin(target="/closed"), Answer)
    spans = tracing.end(401)
    assert set(spans) == {"GET", "decide"}
    assert spans["GET"].attributes["yett.app"] == "Closed"
    assert not spans["GET"].is_error


async def test_our_own_pages_are_traced(place):
    tracing = Tracing(place)
    tracing.begin(host=SIGN_IN)
    assert tracing.end()["GET"].attributes["yett.app"] == "sign-in"


@pytest.mark.parametrize(
    ("status", "more", "is_error", "kind"),
    [
        (404, {}, False, None),
        (500, {}, True, "500"),
        (502, {"failure": Failure.CONNECT_REFUSED}, True, "connect_refused"),
        (0, {"client_left": True}, False, None),
    ],
)
async def test_what_failed_is_marked(place, status, more, is_error, kind):
    tracing = Tracing(place)
    tracing.begin()
    own = tracing.end(status, **more)["GET /"]
    assert (own.is_error, own.attributes.get("error.type")) == (is_error, kind)


async def test_methods_that_clients_invent_make_no_names(place):
    tracing = Tracing(place)
    tracing.begin("BREW")
    spans = tracing.end(405)
    assert spans["HTTP /"].attributes["http.request.method"] == "_OTHER"


async def test_each_attempt_is_a_span_that_its_upstream_knows(place):
    tracing = Tracing(place)
    forward = tracing.begin(target="/tried")
    plan, request = forward.plan, tracing.request
    first = plan.prepare(request, forward, None)
    plan.sent(request, b"")
    attempt = Attempt(1, first, failure=Failure.CONNECT_REFUSED, started_at=1000.1, ended_at=1000.2)
    again = plan.again(request, attempt, can_repeat=True)
    plan.ended(request, attempt)
    copy = plan.hedge(request, [], can_repeat=True)
    told = [upstream_is_told(each) for each in (first, again.forward, copy)]
    assert len({each.span_id for each in told}) == 3
    lost = Attempt(3, copy, is_hedge=True, started_at=1000.2, ended_at=1000.3, is_cancelled=True)
    best = Attempt(
        2, again.forward, status=200, started_at=1000.2, answered_at=1000.3, ended_at=1000.4, is_chosen=True
    )
    plan.ended(request, lost)
    plan.ended(request, best)
    tracing.end()
    attempts = [span for span in tracing.spans if span.name == "upstream"]
    assert [span.span_id for span in attempts] == [told[0].span_id, told[2].span_id, told[1].span_id]
    assert [span.is_error for span in attempts] == [True, False, False]
    assert attempts[0].attributes["error.type"] == "connect_refused"
    assert attempts[1].attributes["yett.hedge"] is attempts[1].attributes["yett.cancelled"] is True
    assert attempts[2].attributes["http.request.resend_count"] == 1
    # What was opened is given back, so the plan has known its attempts although they were marked.
    assert all(member.candidate.active == 0 for member in place.balancer.pools["web"].members.values())


async def test_a_decision_that_has_to_wait_is_traced(place):
    tracing = Tracing(place)
    pending = tracing.begin(Cookie=f"__Host-yett={'x' * 43}")
    forward = await pending
    assert isinstance(forward, Forward)
    assert upstream_is_told(forward).trace_id == tracing.request.scope.trace_id
    assert set(tracing.end()) == {"GET /", "decide", "upstream"}


async def test_a_request_that_ended_before_it_was_decided_is_forgotten(place):
    tracing = Tracing(place)
    pending = tracing.begin(Cookie=f"__Host-yett={'x' * 43}")
    assert set(tracing.end(0, client_left=True)) == {"GET", "decide"}
    assert (await pending).status == 503
    assert len(tracing.gate) == 0


async def test_an_end_of_nobody_we_know_is_the_gates(place):
    tracing = Tracing(place)
    tracing.begin()
    tracing.end()
    count = len(tracing.spans)
    tracing.end()
    assert len(tracing.spans) == count
