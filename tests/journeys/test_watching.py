"""Monitoring and a collector watch a gateway at work: real requests, and what both of them read of it."""

import http.client
import re

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tests.journeys.backend import Backend
from tests.journeys.gateway import APP, PASSWORDS, Gateway, Visitor, until
from tests.kernel.tracing.collector import Collector
from tests.ports import free_port

MAPPINGS = """
[[proxy.mapping]]
app = "Wiki"
host = "{host}"
service = "http://127.0.0.1:{one}"
groups = ["staff"]

[[proxy.mapping]]
app = "open"
host = "{host}"
path = "/open"
public = true
service = "http://127.0.0.1:{one}"
[[proxy.mapping.shadow]]
name = "next"
service = "http://127.0.0.1:{two}"

[[proxy.mapping]]
app = "tried"
host = "{host}"
path = "/tried"
public = true
pool = "tried"
[proxy.mapping.retry]
attempts = 3
on = ["500"]
min_per_second = 100.0

[[proxy.pool]]
name = "tried"
strategy = "round_robin"
circuit = {{ minimum_requests = 4, error_threshold = 0.5, open_for = "1h" }}
backend = [
  {{ name = "one", service = "http://127.0.0.1:{one}" }},
  {{ name = "two", service = "http://127.0.0.1:{two}" }},
]

[metrics]
listen = "127.0.0.1:{metrics}"

[tracing]
endpoint = "{collector}"
headers = ["Authorization: Bearer collectors-s3cret"]
ratio = 1.0
{tracing}
"""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def collector():
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def backends():
    made = Backend("one").start(), Backend("two").start()
    yield made
    for each in made:
        each.kill()


@pytest.fixture(scope="module")
def start(tmp_path_factory, heard_folder, backends, collector):
    made = []

    def start(tracing=""):
        metrics = free_port()
        mappings = MAPPINGS.format(
            host=APP,
            one=backends[0].port,
            two=backends[1].port,
            metrics=metrics,
            collector=collector.address,
            tracing=tracing,
        )
        gateway = Gateway(
            tmp_path_factory.mktemp("watched"), mappings, heard=heard_folder, telemetry='log_level = "trace"'
        )
        gateway.people()
        gateway.start()
        gateway.metrics_port = metrics
        made.append(gateway)
        return gateway

    yield start
    for gateway in made:
        gateway.stop()


@pytest.fixture(scope="module")
def gateway(start):
    return start()


def scrape(gateway):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.metrics_port, timeout=10)
    try:
        connection.request(
            "GET", "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
        )
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def circuits(found, backend):
    return {value for key, value in found.items() if key[:2] == ("yett_backend_circuit_state", backend)}


def spans_of(collector, trace_id, count):
    def found():
        spans = [span for span in collector.spans if span.trace_id.hex() == trace_id]
        return spans if len(spans) >= count else None

    return until(found, what=f"{count} spans")


def facts(span):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


def seen(backend, path):
    """The header fields of each request for a path that a backend got."""
    return [each["fields"] for each in backend.seen if each["path"].partition("?")[0] == path]


def access_record(gateway, path):
    return until(
        lambda: next(
            (
                each
                for each in gateway.records()
                if each["code"] == "http.access.completed" and each.get("server.request.path") == path
            ),
            None,
        ),
        what=f"the record of {path}",
    )


def test_requests_are_counted_as_visitors_make_them(gateway):
    before = scrape(gateway)
    for _ in range(3):
        assert gateway.fetch("GET", APP, "/open/x").status == 200
    assert gateway.fetch("BREW", APP, "/open/x").status in {200, 405}
    assert Visitor(gateway).sign_in("alice").status == 200
    assert Visitor(gateway).sign_in("bob").status == 403
    after = until(
        lambda: (found := scrape(gateway)).get(("yett_access_denied_total", "Wiki", "no_group")) and found,
        what="the denial",
    )

    def grown(*key):
        return after.get(key, 0) - before.get(key, 0)

    assert grown("yett_http_requests_total", "open", "GET", "2xx") == 3
    assert grown("yett_http_requests_total", "Wiki", "GET", "2xx") >= 1
    assert grown("yett_http_requests_total", "Wiki", "GET", "4xx") == 1
    assert grown("yett_http_request_duration_seconds_count", "open") >= 3
    assert grown("yett_access_denied_total", "Wiki", "no_group") == 1
    assert after["yett_sessions",] >= 2
    assert after["yett_metrics_failed_sources",] == 0
    assert not [key for key in after if "BREW" in key or "alice" in key or "bob" in key]


def test_each_attempt_is_a_span_and_its_backend_knows_which(gateway, collector, backends):
    backends[1].behave("500")
    try:
        for number in range(2):
            assert gateway.fetch("GET", APP, f"/tried/again-{number}").status == 200
    finally:
        backends[1].behave("ok")
    counts = []
    for number in range(2):
        path = f"/tried/again-{number}"
        told = {each["traceparent"].split("-")[2] for backend in backends for each in seen(backend, path)}
        trace_id = access_record(gateway, path)["trace.id"]
        spans = spans_of(collector, trace_id, 2 + len(told))
        assert {span.span_id.hex() for span in spans if span.name == "upstream"} == told
        counts.append(len(told))
    # One of them met the backend that fails.
    assert max(counts) == 2


def test_pools_shadows_and_retries_are_there(gateway, backends):
    backends[0].behave("500")
    try:
        for number in range(30):
            assert gateway.fetch("GET", APP, f"/tried/{number}").status == 200
            if 2 in circuits(scrape(gateway), "one"):
                break
        else:
            raise AssertionError("the circuit stayed closed")
    finally:
        backends[0].behave("ok")
    found = scrape(gateway)
    assert 2 not in circuits(found, "two")
    assert found["yett_http_resent_total", "tried", "retry"] >= 2
    gateway.fetch("GET", APP, "/open/copied")
    until(lambda: scrape(gateway).get(("yett_shadow_copies_total", "ok", "next")), what="the copy")


def test_the_same_numbers_can_be_read_at_a_terminal(gateway):
    gateway.fetch("GET", APP, "/open/x")
    shown = gateway.run("admin", "metrics", "http_requests", "--all")
    assert re.search(r"yett_http_requests_total +app=open method=GET status=2xx +\d", shown)
    assert "requests answered" in gateway.run("admin", "status")


def test_metrics_are_not_on_the_public_listener(gateway):
    assert gateway.fetch("GET", APP, "/metrics").status in {303, 401, 404}
    assert b"yett_running" not in gateway.fetch("GET", "yett.localhost", "/metrics").body


def test_a_request_is_one_trace_from_the_record_to_the_upstream(gateway, collector, backends):
    caller = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "evil=1"}
    assert gateway.fetch("GET", APP, "/open/one-trace?token=s3cret", headers=caller).status == 200
    record = access_record(gateway, "/open/one-trace")
    trace_id = record["trace.id"]
    assert trace_id != TRACE
    spans = {span.name: span for span in spans_of(collector, trace_id, 3)}
    own, decide, upstream = spans["GET /open"], spans["decide"], spans["upstream"]
    assert own.parent_span_id == b""
    assert {decide.parent_span_id, upstream.parent_span_id} == {own.span_id}
    assert facts(own)["yett.request.id"] == record["server.request.id"]
    assert facts(own)["http.response.status_code"] == 200
    told = seen(backends[0], "/open/one-trace")
    assert [each["traceparent"] for each in told] == [f"00-{trace_id}-{upstream.span_id.hex()}-01"]
    assert "tracestate" not in told[0]
    # A copy is nobody's child: it would show up in the trace as if a visitor had waited for it.
    (copied,) = until(lambda: seen(backends[1], "/open/one-trace"), what="the copy")
    assert not {"traceparent", "tracestate"} & set(copied)
    assert b"s3cret" not in b"".join(span.SerializeToString() for span in collector.spans)


def test_a_caller_that_is_believed_is_the_parent(start, collector):
    gateway = start('incoming = "continue"')
    caller = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "congo=1"}
    assert gateway.fetch("GET", APP, "/open/believed", headers=caller).status == 200
    assert access_record(gateway, "/open/believed")["trace.id"] == TRACE
    spans = spans_of(collector, TRACE, 3)
    assert [span.parent_span_id.hex() for span in spans if span.kind == 2] == [CALLER]
    assert {span.trace_state for span in spans} == {"congo=1"}


def test_the_collectors_secret_is_in_no_record_and_no_command(gateway, collector):
    assert collector.heads[0][1]["Authorization"] == "Bearer collectors-s3cret"
    shown = gateway.run("admin", "config", "show")
    assert "tracing" in shown
    for text in (gateway.output.read_text(), gateway.errors.read_text(), shown):
        assert "collectors-s3cret" not in text
        assert not any(password in text for password in PASSWORDS.values())
