import pytest
from tests.proxy.conftest import BOB, SIGN_IN, WIKI, mapping, pool, request_for

from yett.events import Scope, enter_scope, leave_scope
from yett.net.http import Failure, Outcome, Refusal
from yett.proxy.metering import IN_FLIGHT, Meter, MeteredGate, in_flight

BOUNDS = (0.01, 0.1, 1.0)


@pytest.fixture
def meter():
    return Meter(BOUNDS)


@pytest.fixture
async def place(make_place):
    return await make_place(
        mapping=(
            mapping("Open", public=True),
            mapping("Pooled", "pooled.example.test", service="", pool="web", public=True),
        ),
        pool=(pool("web", 1, 2),),
    )


@pytest.fixture
def gate(place, meter):
    return MeteredGate(place.gate, meter)


def ask(gate, method="GET", host=WIKI, status=200, *, took=0.05, answered=0.0, **more):
    request = request_for(method, "/", {"Host": host, "Accept": "text/html"})
    token = enter_scope(request.scope)
    try:
        gate.decide(request)
        gate.finished(request, Outcome(status, 10, 20, took, answered=answered, **more))
    finally:
        leave_scope(token)


def numbers(meter, name):
    return {sample.values: sample.value for sample in meter.samples() if sample.metric.name == name}


async def test_requests_are_counted_by_application_method_and_class_of_status(gate, meter):
    for status in (200, 204, 301, 404, 503):
        ask(gate, status=status)
    ask(gate, "POST", status=201)
    ask(gate, host="pooled.example.test")
    ask(gate, status=0, client_left=True)
    assert numbers(meter, "yett_http_requests_total") == {
        ("Open", "GET", "2xx"): 2,
        ("Open", "GET", "3xx"): 1,
        ("Open", "GET", "4xx"): 1,
        ("Open", "GET", "5xx"): 1,
        ("Open", "GET", "none"): 1,
        ("Open", "POST", "2xx"): 1,
        ("Pooled", "GET", "2xx"): 1,
    }
    assert meter.total == 8
    assert numbers(meter, "yett_http_received_bytes_total") == {("Open",): 70, ("Pooled",): 10}
    assert numbers(meter, "yett_http_sent_bytes_total") == {("Open",): 140, ("Pooled",): 20}


async def test_clients_make_no_series_whatever_they_invent(gate, meter):
    for number in range(50):
        ask(gate, f"BREW{number}", status=405)
        ask(gate, host=f"h{number}.example", status=404)
    for status in (600, 999, 599):
        ask(gate, status=status)
    assert numbers(meter, "yett_http_requests_total") == {
        ("Open", "other", "4xx"): 50,
        ("", "GET", "4xx"): 50,
        ("Open", "GET", "5xx"): 3,
    }


async def test_our_own_pages_are_counted_under_their_name(gate, meter):
    ask(gate, host=SIGN_IN)
    assert list(meter.apps) == ["sign-in"]


async def test_durations_fall_into_buckets_and_tunnels_do_not(gate, meter):
    for took in (0.005, 0.01, 0.5, 30.0):
        ask(gate, took=took, answered=took / 2)
    ask(gate, status=101, took=3600.0, answered=0.01)
    (spread,) = numbers(meter, "yett_http_request_duration_seconds").values()
    assert spread.counts == [2, 0, 1, 1]
    (spread,) = numbers(meter, "yett_http_upstream_response_seconds").values()
    assert spread.counts == [2, 0, 1, 1]
    assert numbers(meter, "yett_http_tunnels_total") == {("Open",): 1}


async def test_failures_and_refusals_are_counted_by_reason(gate, meter):
    ask(gate, status=502, failure=Failure.CONNECT_REFUSED)
    ask(gate, status=502, failure=Failure.CONNECT_REFUSED)
    for refusal in (Refusal.MALFORMED, Refusal.MALFORMED, Refusal.HEAD_TIMEOUT):
        gate.refused(None, Scope("0199-request"), refusal, "")
    assert numbers(meter, "yett_http_upstream_failures_total") == {("Open", "connect_refused"): 2}
    assert numbers(meter, "yett_http_refusals_total") == {("malformed",): 2, ("head_timeout",): 1}


async def test_there_is_room_for_so_many_applications(meter):
    for number in range(1200):
        meter.begin(f"a{number}")
    assert len(meter.apps) == 1001
    assert meter.begin("one more") is meter.apps["other"]


async def test_the_page_for_an_upstream_that_failed_is_the_gates(gate, place):
    request = request_for("GET", "/", {"Host": WIKI})
    gate.decide(request)
    assert gate.failed(request, Failure.CONNECT_REFUSED, "").status == 502
    assert gate.decide == place.gate.decide


async def test_requests_in_progress_are_counted_by_application(gate):
    requests = []
    for host in (WIKI, WIKI, "pooled.example.test", "nowhere.example", SIGN_IN):
        requests.append(request_for("GET", "/", {"Host": host}))
        gate.decide(requests[-1])
    found = {sample.values[0]: sample.value for sample in in_flight(requests)}
    assert found == {"Open": 2, "Pooled": 1, "": 1, "sign-in": 1}
    assert {sample.metric for sample in in_flight(requests)} == {IN_FLIGHT}
    assert BOB.name not in str(found)
