"""Carrying over HTTP, and what both ways have in common."""

import json
import socket
import ssl

import pytest
from tests.events.outputs.otlp.collector import partly, status
from tests.journeys.gateway import until
from tests.net.trust.making import make
from tests.ports import free_port

from yett.events.outputs import Refused, Unreachable
from yett.events.outputs.stream import TLS

NAME = "collector.test"


def lines(count=1, size=0):
    return [
        json.dumps(
            {
                "time": "2026-11-22T15:00:00.000001Z", "level": "INFO", "component": "test.otlp",
                "msg": f"number {number}", "code": "test.otlp.said", "filling": "x" * size,
            }
        ).encode()
        for number in range(count)
    ]  # fmt: skip


def failure(carrier, count=1):
    with pytest.raises((Unreachable, Refused)) as caught:
        carrier.carry(lines(count))
    return caught.value


def test_records_arrive_in_order_on_one_connection(carrier, collector, kind):
    there = collector(kind)
    here = carrier(kind, there.address)
    here.carry(lines(3))
    here.carry(lines(2))
    assert there.bodies == ["number 0", "number 1", "number 2", "number 0", "number 1"]
    assert here.address == there.address
    head = {name.lower(): value for name, value in there.heads[0][1].items()}
    assert head["authorization"] == "Bearer s3cret"
    assert head["user-agent"].startswith("yett/1")


@pytest.mark.parametrize("compress", [True, False])
def test_records_arrive_packed_or_not(carrier, collector, kind, compress):
    there = collector(kind)
    carrier(kind, there.address, compress=compress).carry(lines(200))
    assert len(there.records) == 200


def test_before_the_first_records_an_empty_export_shows_whether_anybody_is_there(carrier, collector, kind):
    there = collector(kind)
    carrier(kind, there.address).carry(())
    assert len(there.requests) == 1
    assert there.records == []


def test_nobody_there_is_told_as_such_and_a_collector_that_comes_is_found(carrier, collector, kind):
    port = free_port()
    here = carrier(kind, f"127.0.0.1:{port}")
    assert isinstance(failure(here), Unreachable)
    there = collector(kind, port=port)
    here.carry(lines(2))
    assert len(there.records) == 2


def test_a_collector_that_was_restarted_gets_what_comes_next(carrier, collector, kind):
    there = collector(kind)
    here = carrier(kind, there.address)
    here.carry(lines(1))
    there.stop()
    assert isinstance(failure(here), Unreachable)
    again = collector(kind, port=there.port)
    here.carry(lines(2))
    assert len(again.records) == 2


def test_a_collector_that_hangs_is_left_at_the_deadline(carrier, collector, kind):
    there = collector(kind)
    there.hold.clear()
    here = carrier(kind, there.address, timeout=0.3)
    assert isinstance(failure(here), Unreachable)


def test_what_was_not_taken_is_counted_with_the_collectors_words(carrier, collector, kind):
    there = collector(kind)
    answer = partly(2, "too\nold, Bearer s3cret")
    there.answers.append(answer if kind == "grpc" else (200, {}, answer.SerializeToString()))
    problem = failure(carrier(kind, there.address), 5)
    assert (type(problem), problem.taken, problem.whole) == (Refused, 3, True)
    assert problem.reason == "the collector rejected a part: tooold, ***"


def test_a_warning_is_a_success(carrier, collector, kind):
    there = collector(kind)
    answer = partly(0, "please use fewer fields")
    there.answers.append(answer if kind == "grpc" else (200, {}, answer.SerializeToString()))
    carrier(kind, there.address).carry(lines(2))


def test_lines_that_are_no_records_are_refused_and_the_others_arrive(carrier, collector, kind):
    there = collector(kind)
    here = carrier(kind, there.address)
    with pytest.raises(Refused) as caught:
        here.carry([b"{", *lines(2), b"\xff"])
    assert (caught.value.taken, len(there.records)) == (2, 2)
    with pytest.raises(Refused):
        here.carry([b"{"])
    assert len(there.requests) == 1


def test_what_is_too_much_at_once_is_not_even_sent(carrier, collector, kind):
    there = collector(kind)
    here = carrier(kind, there.address, most=10_000)
    with pytest.raises(Refused) as caught:
        here.carry(lines(3, size=5_000))
    assert (caught.value.taken, caught.value.whole) == (0, False)
    here.carry(lines(1, size=5_000))
    assert len(there.requests) == 1


@pytest.mark.parametrize("garbage", [b"\xff" * 50, b"{}", b"<html>hello</html>", bytes(50_000)])
def test_an_answer_that_nobody_can_read_rejects_nothing(carrier, collector, kind, garbage):
    there = collector(kind)
    there.answers.append(garbage if kind == "grpc" else (200, {}, garbage))
    carrier(kind, there.address).carry(lines(1))
    assert len(there.records) == 1


# Over HTTP only.


def test_an_export_is_what_the_specification_says(carrier, collector):
    there = collector("http")
    carrier("http", there.address).carry(lines(1))
    path, head = there.heads[0]
    assert path == "/v1/logs"
    assert head["Content-Type"] == "application/x-protobuf"
    assert head["Content-Encoding"] == "gzip"


def test_a_busy_collector_says_when_to_come_back(carrier, collector):
    there = collector("http")
    there.answers += [
        (429, {"Retry-After": "12"}, b""),
        (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, status("busy")),
        (503, {}, status(after=4)),
        (502, {}, b"<html>"),
    ]
    here = carrier("http", there.address)
    found = [failure(here) for _ in range(4)]
    assert [(type(each), each.after) for each in found] == [
        (Unreachable, 12.0), (Unreachable, 0.0), (Unreachable, 4.0), (Unreachable, 0.0),
    ]  # fmt: skip
    assert found[1].reason == "the collector answered 503: busy"
    here.carry(lines(1))
    assert len(there.records) == 1


def test_a_refusal_is_final_and_a_redirect_is_one(carrier, collector):
    there = collector("http")
    there.answers += [
        (302, {"Location": "/elsewhere"}, b""),
        (400, {}, status("what is that?")),
        (401, {}, status("not with Bearer s3cret")),
        (413, {}, b""),
    ]
    here = carrier("http", there.address)
    found = [failure(here) for _ in range(4)]
    assert [(type(each), each.whole) for each in found] == [(Refused, True)] * 3 + [(Refused, False)]
    assert [path for path, _ in there.heads] == ["/v1/logs"] * 4
    assert found[2].reason == "the collector answered 401: not with ***"


def test_an_answer_without_end_is_left_alone(carrier, collector):
    there = collector("http")
    there.answers.append((200, {"Content-Length": "99999999999"}, bytes(1 << 20)))
    here = carrier("http", there.address)
    here.carry(lines(1))
    here.carry(lines(1))
    assert len(there.records) == 2


def test_a_stranger_that_speaks_something_else_is_a_collector_that_is_away(carrier):
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = carrier("http", f"127.0.0.1:{server.getsockname()[1]}", timeout=0.3)
        assert isinstance(failure(here), Unreachable)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """An authority, a certificate of the collector by it, a client's by it, and a stranger's authority."""
    folder = tmp_path_factory.mktemp("authority")
    root, stranger = make("root"), make("another root")
    for name, made in {
        "root": root,
        "stranger": stranger,
        "collector": make(NAME, NAME, by=root),
        "client": make("gateway", "gateway", by=root),
    }.items():
        (folder / f"{name}.pem").write_bytes(made.pem)
        (folder / f"{name}.key").write_bytes(made.key_pem)
    return folder


@pytest.fixture
def secured(collector, authority):
    """A collector that speaks TLS, and wants to see a certificate when told so."""

    def start(*, wants_client=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority / "collector.pem", authority / "collector.key")
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(authority / "root.pem")
        return collector("http", context=context)

    return start


def over_tls(carrier, there, tls):
    return carrier(
        "http", there.address, scheme="https", context=tls.context, server_name=tls.server_name, timeout=2.0
    )


def test_records_arrive_over_tls_with_the_right_authority_and_name(carrier, secured, authority):
    there = secured(wants_client=True)
    tls = TLS(authority / "root.pem", authority / "client.pem", authority / "client.key", NAME)
    here = over_tls(carrier, there, tls)
    here.carry(lines(2))
    here.carry(lines(1))
    assert len(there.records) == 3


@pytest.mark.parametrize(
    ("ca", "name", "shows"),
    [
        ("stranger.pem", NAME, True),
        ("root.pem", "elsewhere.test", True),
        ("root.pem", "", True),
        ("root.pem", NAME, False),
        ("none.pem", NAME, True),
        ("client.key", NAME, True),
    ],
)
def test_nothing_is_sent_where_either_side_is_not_believed(carrier, secured, authority, ca, name, shows):
    there = secured(wants_client=True)
    own = (authority / "client.pem", authority / "client.key") if shows else (None, None)
    here = over_tls(carrier, there, TLS(authority / ca, *own, name))
    assert isinstance(failure(here), Unreachable)
    assert there.heads == []


def test_a_file_that_is_mended_is_noticed_at_the_next_try(carrier, secured, authority, tmp_path):
    there = secured()
    file = tmp_path / "ca.pem"
    here = over_tls(carrier, there, TLS(file, server_name=NAME))
    assert isinstance(failure(here), Unreachable)
    file.write_bytes((authority / "root.pem").read_bytes())
    here.carry(lines(1))
    until(lambda: len(there.records) == 1)
