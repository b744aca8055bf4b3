import socket
from datetime import timedelta

import pytest
from tests.journeys.gateway import until
from tests.kernel.tracing.collector import Collector, partly
from tests.ports import free_port

from yett.kernel.tracing import Exporter, Span, SpanKind, TracingSettings, events


@pytest.fixture
def collector():
    with Collector() as running:
        yield running


@pytest.fixture
def make(collector):
    made = []

    def start(**changes):
        settings = TracingSettings(
            **{"endpoint": collector.address, "timeout": timedelta(seconds=5), **changes}
        )
        exporter = Exporter(
            settings, resource={"host.name": "n1"}, version="1", gather=0.01, first_pause=0.01
        )
        exporter.start()
        made.append(exporter)
        return exporter

    yield start
    collector.hold.set()
    for exporter in made:
        exporter.stop()


def spans(count=1):
    return [Span("ab" * 16, f"{number + 1:016x}", "", "x", SpanKind.SERVER, 1, 2) for number in range(count)]


def said(heard):
    return [event for event, _ in heard("tracing")]


def test_spans_arrive_with_what_the_settings_say(make, collector):
    exporter = make(headers=("Authorization: Bearer s3cret", "X-Two:2"), service_name="front")
    exporter.offer(spans(3))
    until(lambda: len(collector.spans) == 3)
    path, head = collector.heads[0]
    assert path == "/v1/traces"
    assert (head["Authorization"], head["X-Two"], head["Content-Type"]) == (
        "Bearer s3cret", "2", "application/x-protobuf",
    )  # fmt: skip
    attributes = collector.requests[0].resource_spans[0].resource.attributes
    assert {pair.key: pair.value.string_value for pair in attributes} == {
        "service.name": "front", "service.version": "1", "host.name": "n1",
    }  # fmt: skip
    until(lambda: exporter.exported == 3)


def test_many_spans_go_in_batches(make, collector):
    collector.hold.clear()
    exporter = make()
    exporter.offer(spans(1))
    exporter.offer(spans(1200))
    collector.hold.set()
    until(lambda: len(collector.spans) == 1201)
    assert len(collector.requests) <= 5


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_collector_that_is_busy_is_asked_again(make, collector, heard, status):
    collector.answers += [(status, {"Retry-After": "0"}, b""), (status, {}, b"x" * 100)]
    exporter = make()
    exporter.offer(spans(2))
    until(lambda: exporter.exported == 2)
    assert (len(collector.spans), exporter.lost) == (2, 0)
    until(lambda: len(said(heard)) == 3)
    assert said(heard) == [events.started, events.failing, events.recovered]
    assert heard("tracing")[2][1]["lost"] == 0


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500])
def test_what_is_refused_for_good_is_not_offered_again(make, collector, heard, status):
    collector.answers.append((status, {"Location": "/elsewhere"}, b""))
    exporter = make()
    exporter.offer(spans(2))
    until(lambda: exporter.lost == 2)
    exporter.offer(spans(1))
    until(lambda: exporter.exported == 1)
    assert len(collector.heads) == 2
    until(lambda: len(said(heard)) == 3)
    assert said(heard) == [events.started, events.failing, events.recovered]
    assert heard("tracing")[1][1]["error"] == f"the collector answered {status}"
    assert heard("tracing")[2][1]["lost"] == 2


def test_a_batch_is_given_up_when_patience_ends(make, collector, heard):
    collector.answers += [(503, {"Retry-After": "3600"}, b"")]
    exporter = make(patience=timedelta(milliseconds=50))
    exporter.offer(spans(1))
    until(lambda: exporter.lost == 1)
    assert events.failing in said(heard)


def test_what_is_rejected_in_part_is_told_and_counted(make, collector, heard):
    collector.answers.append((200, {}, partly(2, "too\nold\x1b[31m")))
    exporter = make()
    exporter.offer(spans(5))
    until(lambda: exporter.lost == 2)
    assert exporter.exported == 3
    until(lambda: events.rejected in said(heard))
    assert heard("tracing")[-1][1]["detail"] == "tooold[31m"


def test_a_collector_that_is_not_there_keeps_nobody_waiting_and_the_end_says_what_is_lost(make, heard, capfd):
    port = free_port()
    exporter = make(endpoint=f"http://127.0.0.1:{port}/v1/traces")
    exporter.offer(spans(3))
    until(lambda: events.failing in said(heard))
    exporter.stop()
    assert exporter.lost == 3
    assert "[TELEMETRY] OTLP provider shutdown error: 3 spans were not taken" in capfd.readouterr().err


def test_an_answer_that_is_no_http_is_a_failure_like_any_other(make, heard):
    with socket.create_server(("127.0.0.1", 0)) as server:
        exporter = make(endpoint=f"http://127.0.0.1:{server.getsockname()[1]}/", patience=timedelta(0))
        exporter.offer(spans(1))
        peer, _ = server.accept()
        peer.sendall(b"SSH-2.0-nothing\r\n\r\n")
        peer.close()
        until(lambda: exporter.lost == 1)
    assert events.failing in said(heard)


def test_what_finds_no_place_is_dropped_and_counted(make, collector, heard):
    collector.hold.clear()
    exporter = make(queue_limit=64)
    exporter.offer(spans(1))
    until(lambda: exporter.waiting == 0)
    exporter.offer(spans(60))
    exporter.offer(spans(60))
    assert (exporter.waiting, exporter.dropped) == (60, 60)
    collector.hold.set()
    until(lambda: exporter.exported == 61)
    until(lambda: events.dropped in said(heard))
    assert heard("tracing")[-1][1] == {"count": 60}


def test_the_last_spans_are_sent_before_stop_returns(make, collector):
    exporter = make()
    exporter.offer(spans(7))
    exporter.stop()
    assert len(collector.spans) == 7


def test_authorities_that_cannot_be_read_are_said_at_the_start(heard, tmp_path):
    settings = TracingSettings(endpoint="https://127.0.0.1:1/", ca_file=tmp_path / "none.pem")
    exporter = Exporter(settings, resource={}, version="1")
    with pytest.raises(FileNotFoundError):
        exporter.start()
    assert said(heard) == []
