"""Real backends are killed, hang, refuse, dawdle, fail and break off, and what visitors notice of it."""

import contextlib
import http.client

import pytest
from tests.journeys.backend import Backend
from tests.journeys.gateway import APP, Gateway, until

MAPPINGS = """
[[proxy.mapping]]
app = "tried"
host = "{host}"
path = "/tried"
public = true
pool = "tried"
[proxy.mapping.retry]
attempts = 3
on = ["connect-failure", "reset", "timeout", "503"]
per_try_timeout = "300ms"
budget = 100.0
min_per_second = 100.0

[[proxy.mapping]]
app = "single"
host = "{host}"
path = "/single"
public = true
service = "http://127.0.0.1:{one}"
[proxy.mapping.retry]
attempts = 2
budget = 0.0
min_per_second = 0.3

[[proxy.mapping]]
app = "doubled"
host = "{host}"
path = "/doubled"
public = true
pool = "doubled"
[proxy.mapping.hedge]
delay = "100ms"
min_per_second = 100.0

[[proxy.mapping]]
app = "versions"
host = "{host}"
path = "/versions"
public = true
service = "http://127.0.0.1:{one}"
canary = {{ service = "http://127.0.0.1:{two}", header = "X-Version" }}

[[proxy.mapping]]
app = "copied"
host = "{host}"
path = "/copied"
public = true
service = "http://127.0.0.1:{one}"
[[proxy.mapping.shadow]]
name = "next"
service = "http://127.0.0.1:{two}"
timeout = "1s"
max_body = "1KiB"

[[proxy.mapping]]
app = "broken"
host = "{host}"
path = "/broken"
public = true
pool = "broken"
[proxy.mapping.retry]
attempts = 2
on = ["500", "reset"]
min_per_second = 100.0

[[proxy.pool]]
name = "tried"
strategy = "round_robin"
health = {{ path = "/health", interval = "200ms", timeout = "1s", unhealthy_after = 2, healthy_after = 1 }}
backend = [
  {{ name = "one", service = "http://127.0.0.1:{one}" }},
  {{ name = "two", service = "http://127.0.0.1:{two}" }},
]

[[proxy.pool]]
name = "doubled"
strategy = "round_robin"
backend = [
  {{ name = "one", service = "http://127.0.0.1:{one}" }},
  {{ name = "two", service = "http://127.0.0.1:{two}" }},
]

[[proxy.pool]]
name = "broken"
strategy = "round_robin"
circuit = {{ minimum_requests = 3, open_for = "1h" }}
outlier = {{ consecutive = 2, max_ejected_percent = 50.0 }}
backend = [
  {{ name = "one", service = "http://127.0.0.1:{one}" }},
  {{ name = "two", service = "http://127.0.0.1:{two}" }},
]
"""

RETRYING, SUCCEEDED = "Retrying request", "Retry succeeded"
EXHAUSTED, SPENT = "All retry attempts exhausted", "Retry budget exceeded"
FIRED, SKIPPED, ALL_FAILED = "Hedge fired", "Hedge skipped", "All hedge attempts failed"
DOWN = "backend health state changed — healthy to unhealthy"
COPIED = "Shadow request succeeded"
EJECTED = "backend ejected due to outlier detection"
CIRCUIT, NO_BACKEND = "circuit breaker state changed", "Circuit breaker open"


@pytest.fixture(scope="module")
def backends():
    made = Backend("one").start(), Backend("two").start()
    yield made
    for each in made:
        each.kill()


@pytest.fixture(scope="module")
def delivering(tmp_path_factory, heard_folder, backends):
    mappings = MAPPINGS.format(host=APP, one=backends[0].port, two=backends[1].port)
    folder = tmp_path_factory.mktemp("delivery")
    made = Gateway(folder, mappings, heard=heard_folder, telemetry='log_level = "trace"')
    made.start()
    yield made
    made.stop()


@pytest.fixture
def place(delivering, backends):
    """The gateway and its two backends, which are well again afterwards; only new records count."""
    delivering.before = len(delivering.records())
    yield delivering, *backends
    for backend in backends:
        if backend._process is None:
            backend.start()
        else:
            backend.go_on()
            backend.behave("ok")


def said(gateway, *messages):
    """The records of those messages since the test began."""
    return [each for each in gateway.records()[gateway.before :] if each["msg"] in messages]


def hears(gateway, message, count=1):
    return until(lambda: len(found := said(gateway, message)) >= count and found, what=message)


def get(gateway, path, **more):
    page = gateway.fetch("GET", APP, path, **more)
    return page.status, page.body.decode()


def names(gateway, path, count=4):
    pages = [get(gateway, path) for _ in range(count)]
    assert {status for status, _ in pages} == {200}, pages
    return {name for _, name in pages}


def both_are_well(gateway):
    """Wait for the health checks to have noticed; what was said until then counts for nothing."""
    until(lambda: names(gateway, "/tried") == {"one", "two"}, what="two backends")
    gateway.before = len(gateway.records())


def test_a_backend_is_killed_and_no_visitor_notices(place):
    gateway, one, _ = place
    both_are_well(gateway)
    one.kill()
    assert names(gateway, "/tried") == {"two"}
    hears(gateway, DOWN)
    order = [each["msg"] for each in said(gateway, RETRYING, SUCCEEDED, DOWN)]
    assert order[:2] == [RETRYING, SUCCEEDED]
    assert order[-1] == DOWN
    retry = hears(gateway, RETRYING)[0]
    assert (retry["app"], retry["attempt"], retry["cause"]) == ("tried", 2, "connect-failure")
    # Once it is known to be down, nobody is sent there first.
    count = len(said(gateway, RETRYING))
    assert names(gateway, "/tried") == {"two"}
    assert len(said(gateway, RETRYING)) == count


def test_a_backend_hangs_and_no_visitor_notices(place):
    gateway, one, _ = place
    both_are_well(gateway)
    one.hang()
    assert names(gateway, "/tried") == {"two"}
    assert hears(gateway, RETRYING)[0]["cause"] in {"timeout", "connect-failure"}


def test_a_backend_resets_and_a_form_is_not_sent_twice(place):
    gateway, one, two = place
    both_are_well(gateway)
    for backend in (one, two):
        backend.behave("close")
    before = len(one.seen) + len(two.seen)
    page = gateway.fetch("POST", APP, "/tried", body=b"form")
    assert page.status == 502
    assert len(one.seen) + len(two.seen) == before + 1
    assert not said(gateway, RETRYING)
    # A page may be asked for again, until that is enough.
    assert gateway.fetch("GET", APP, "/tried").status == 502
    assert hears(gateway, EXHAUSTED)[0]["max_attempts"] == 3
    assert len(said(gateway, RETRYING)) == 2


def test_a_body_is_sent_again_whole(place):
    gateway, one, two = place
    both_are_well(gateway)
    one.behave("503")
    body = b"x" * 20_000
    for _ in range(2):
        assert gateway.fetch("PUT", APP, "/tried", body=body).body == b"two"
    hears(gateway, SUCCEEDED)
    assert {each["body"] for each in two.seen if each["method"] == "PUT"} == {body.decode()}


def test_a_budget_ends_it_before_the_attempts_do(place):
    gateway, one, _ = place
    one.behave("503")
    for _ in range(6):
        assert get(gateway, "/single")[0] == 503
    assert hears(gateway, SPENT)[0]["pool_id"] == f"127.0.0.1:{one.port}"
    assert len(said(gateway, EXHAUSTED)) == len(said(gateway, RETRYING)) == 3


def test_a_slow_answer_is_overtaken(place):
    gateway, one, two = place
    one.behave("slow-5000")
    assert names(gateway, "/doubled") == {"two"}
    fired = hears(gateway, FIRED)[0]
    assert fired["primary_backend"] == f"127.0.0.1:{one.port}"
    assert (fired["hedges"], fired["delay"]) == (1, 0.1)
    # What may change something is not doubled, and says so.
    two.behave("ok")
    before = len(two.seen)
    one.behave("ok")
    assert gateway.fetch("POST", APP, "/doubled", body=b"x").status == 200
    assert hears(gateway, SKIPPED)[-1]["reason"] == "method"
    assert len(two.seen) <= before + 1


def test_when_the_copy_fails_too_the_visitor_is_told(place):
    gateway, one, two = place
    one.hang()
    two.hang()
    closing = until(lambda: _fails_both(gateway, one, two), what="both fail")
    assert closing == 502
    assert hears(gateway, ALL_FAILED)[0]["total_attempts"] == 2


def _fails_both(gateway, one, two):
    """A request that both got, and neither answers."""
    with contextlib.closing(http.client.HTTPConnection(APP, gateway.port, timeout=20)) as connection:
        connection.sock = gateway.connect(APP)
        connection.request("GET", "/doubled", headers={"Host": f"{APP}:{gateway.port}"})
        hears(gateway, FIRED)
        for backend in (one, two):
            backend.kill()
        return connection.getresponse().status


def test_a_body_that_breaks_off_is_cut_and_never_repeated(place):
    gateway, one, two = place
    both_are_well(gateway)
    for backend in (one, two):
        backend.behave("cut")
    with pytest.raises(http.client.IncompleteRead):
        get(gateway, "/tried")
    assert (
        hears(gateway, "Proxy request failed (timeout, connection refused, etc.)")[0]["failure"]
        == "body_broken"
    )
    assert not said(gateway, RETRYING)


def test_errors_open_the_circuit_and_eject_after_each_attempt_was_counted(place):
    gateway, one, two = place
    one.behave("500")
    assert names(gateway, "/broken", 6) == {"two"}
    hears(gateway, EJECTED)
    two.behave("500")
    statuses = [get(gateway, "/broken")[0] for _ in range(8)]
    assert statuses[0] == 500
    assert statuses[-1] == 503
    hears(gateway, NO_BACKEND)
    records = said(gateway, RETRYING, SUCCEEDED, EXHAUSTED, EJECTED, NO_BACKEND, CIRCUIT)
    order = [each["msg"] for each in records]
    assert order.index(RETRYING) < order.index(SUCCEEDED) < order.index(EJECTED)
    assert order.index(CIRCUIT) > order.index(EJECTED)
    assert order[-1] == NO_BACKEND


def test_who_asks_for_the_canary_gets_it(place):
    gateway, *_ = place
    assert get(gateway, "/versions") == (200, "one")
    assert get(gateway, "/versions", headers={"X-Version": "canary"}) == (200, "two")
    assert hears(gateway, "Routing to stable backend")[0]["version"] == "stable"
    assert hears(gateway, "Routing to canary backend")[0]["version"] == "canary"


def test_a_shadow_gets_a_copy_without_credentials_and_the_visitor_never_waits(place):
    gateway, _, two = place
    sent = {"Cookie": "app=secret", "Authorization": "Bearer secret", "X-Own": "1"}
    page = gateway.fetch("POST", APP, "/copied?x=1", body=b"form", headers=sent)
    assert page.body == b"one"
    assert hears(gateway, COPIED)[0]["shadow_name"] == "next"
    assert hears(gateway, "Shadow request dispatched")[0]["app"] == "copied"
    copy = two.seen[-1]
    assert (copy["method"], copy["path"], copy["body"]) == ("POST", "/copied?x=1", "form")
    assert copy["fields"]["x-yett-shadow"] == "next"
    assert copy["fields"]["x-own"] == "1"
    assert not {"cookie", "authorization", "x-forwarded-for"} & set(copy["fields"])

    # What is too long is not copied; the shadow's errors and its absence are told, and nothing else.
    count = len(two.seen)
    assert gateway.fetch("POST", APP, "/copied", body=b"x" * 2000).body == b"one"
    two.behave("500")
    assert get(gateway, "/copied") == (200, "one")
    assert hears(gateway, "Shadow request failed with status")[0]["status_code"] == 500
    assert len(two.seen) == count + 1
    two.hang()
    assert get(gateway, "/copied") == (200, "one")
    assert hears(gateway, "Shadow request error")[0]["error_type"] == "response_timeout"
    two.kill()
    assert get(gateway, "/copied") == (200, "one")
    hears(gateway, "Shadow request error", 2)
