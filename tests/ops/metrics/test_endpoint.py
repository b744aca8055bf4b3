import asyncio
import gzip
import socket

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from yett.kernel import Supervisor
from yett.kernel.metrics import Kind, Metric, Registry, Sample
from yett.ops.metrics import MetricsEndpoint, MetricsSettings, events

SEEN = Metric("yett_seen_total", Kind.COUNTER, "Seen.", ("app",))


@pytest.fixture
def registry():
    made = Registry()
    made.add("test", lambda: [Sample(SEEN, 5, (f"Wiki {number}",)) for number in range(60)])
    return made


@pytest.fixture
async def endpoint(registry):
    tasks = Supervisor()
    made = MetricsEndpoint(registry, MetricsSettings(listen="127.0.0.1:0", hosts=("metrics.example",)), tasks)
    await made.start()
    yield made
    await made.stop()
    await tasks.stop()


async def ask(endpoint, target="/metrics", method="GET", host="127.0.0.1", **headers):
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.ports[0])
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    return int(status.split()[1]), dict(field.lower().split(": ", 1) for field in fields), body


async def test_the_older_format_is_for_everybody_and_the_newer_for_those_who_ask(heard, endpoint):
    status, fields, body = await ask(endpoint)
    assert (status, fields["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b'yett_seen_total{app="Wiki 3"} 5' in body
    _, fields, body = await ask(
        endpoint, Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    )
    assert fields["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert len(list(text_string_to_metric_families(body.decode()))) == 3
    assert [event for event, _ in heard("metrics")] == [events.started, events.scraped, events.scraped]


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [("gzip, br", True), ("br", False), ("gzip;q=0", False), ("*", True), ("gzip;q=0.5", True)],
)
async def test_who_can_unpack_gets_less_to_read(endpoint, accepted, is_packed):
    _, fields, body = await ask(endpoint, Accept_Encoding=accepted)
    assert (fields.get("content-encoding") == "gzip") is is_packed
    assert b"yett_seen_total" in (gzip.decompress(body) if is_packed else body)


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/", "GET", 404),
        ("/metrics/", "GET", 404),
        ("/metrics/../metrics", "GET", 404),
        ("/%6detrics", "GET", 404),
        ("/metrics", "POST", 405),
        ("/metrics", "DELETE", 405),
        ("/metrics?name=x", "GET", 200),
        ("/metrics", "HEAD", 200),
    ],
)
async def test_there_is_nothing_else(endpoint, target, method, status):
    found, _, body = await ask(endpoint, target, method)
    assert found == status
    assert method != "HEAD" or body == b""


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9464", 200),
        ("[::1]:9464", 200),
        ("192.0.2.1", 200),
        ("localhost:9464", 200),
        ("metrics.example", 200),
        ("attacker.example", 421),
        ("127.0.0.1.attacker.example", 421),
        ("localhost.attacker.example", 421),
        ("sub.metrics.example", 421),
    ],
)
async def test_a_page_that_points_its_name_here_reads_nothing(endpoint, heard, host, status):
    found, _, body = await ask(endpoint, host=host)
    assert found == status
    assert (b"yett_seen" in body) is (status == 200)
    assert (events.host_refused in [event for event, _ in heard("metrics")]) is (status == 421)


async def test_a_broken_request_is_refused(endpoint):
    assert (await ask(endpoint, "metrics"))[0] == 400
    assert (await ask(endpoint, "/metrics", "GET", "a b"))[0] == 400


async def test_names_may_change_while_it_runs(endpoint):
    endpoint.use(MetricsSettings(hosts=("other.example",)))
    assert (await ask(endpoint, host="other.example"))[0] == 200
    assert (await ask(endpoint, host="metrics.example"))[0] == 421


async def test_several_readers_at_once_are_all_served(endpoint):
    found = await asyncio.gather(*(ask(endpoint) for _ in range(8)))
    assert {status for status, _, _ in found} == {200}


async def test_an_address_that_is_taken_is_said_and_stops_nobody(registry, heard):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = MetricsSettings(listen=f"127.0.0.1:{taken.getsockname()[1]}")
        endpoint = MetricsEndpoint(registry, settings, Supervisor())
        await endpoint.start()
        assert endpoint.ports == []
        await endpoint.stop()
    assert [event for event, _ in heard("metrics")] == [events.cannot_listen]


async def test_without_an_address_nothing_listens(registry, heard):
    endpoint = MetricsEndpoint(registry, MetricsSettings(), Supervisor())
    await endpoint.start()
    assert (endpoint.ports, heard("metrics")) == ([], [])
    await endpoint.stop()
