"""Carrying over gRPC: what differs from HTTP. `test_over_http` has what both have in common."""

import socket
import subprocess
import sys
import threading

import grpc
import pytest
from tests.events.outputs.otlp.collector import EXPORT, failing, status
from tests.events.outputs.otlp.test_over_http import NAME, authority, failure, lines  # noqa: F401 - a fixture
from tests.journeys.gateway import until

from yett.events.outputs import Refused, Unreachable
from yett.events.outputs.otlp.over_grpc import _METHOD, missing
from yett.events.outputs.stream import TLS

CODE = grpc.StatusCode


def test_the_method_is_that_of_the_official_descriptors():
    assert f"/{EXPORT.containing_service.full_name}/{EXPORT.name}" == _METHOD


def test_a_busy_collector_says_when_to_come_back(carrier, collector):
    there = collector("grpc")
    there.answers += [
        failing(CODE.UNAVAILABLE, "busy", after=12),
        failing(CODE.RESOURCE_EXHAUSTED, "slow down", after=0.5),
        failing(CODE.ABORTED, "again"),
        failing(CODE.UNAVAILABLE, "x", trailer=b"\xff\xfegarbage"),
    ]
    here = carrier("grpc", there.address)
    found = [failure(here) for _ in range(4)]
    assert [(type(each), each.after) for each in found] == [
        (Unreachable, 12.0), (Unreachable, 0.5), (Unreachable, 0.0), (Unreachable, 0.0),
    ]  # fmt: skip
    assert found[0].reason == "the export ended with UNAVAILABLE: busy"
    here.carry(lines(1))
    assert len(there.records) == 1


def test_a_refusal_is_final(carrier, collector):
    there = collector("grpc")
    there.answers += [
        failing(CODE.INVALID_ARGUMENT, "what is that?"),
        failing(CODE.UNAUTHENTICATED, "not with Bearer s3cret"),
        failing(CODE.RESOURCE_EXHAUSTED, "over your quota"),
        failing(CODE.INTERNAL, "x" * 5000),
    ]
    here = carrier("grpc", there.address)
    found = [failure(here) for _ in range(4)]
    assert [(type(each), each.whole) for each in found] == [(Refused, True)] * 4
    assert found[1].reason == "the export ended with UNAUTHENTICATED: not with ***"
    assert len(found[3].reason) <= 300


def test_a_collector_with_a_smaller_limit_gets_smaller_parts(carrier, collector):
    there = collector("grpc", options=[("grpc.max_receive_message_length", 100_000)])
    here = carrier("grpc", there.address, compress=False)
    with pytest.raises(Refused) as caught:
        here.carry(lines(3, size=50_000))
    assert (caught.value.taken, caught.value.whole) == (0, False)
    here.carry(lines(1, size=50_000))
    assert len(there.records) == 1


@pytest.mark.parametrize("coding", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_an_answer_that_is_too_large_is_not_read_and_its_export_not_sent_again(carrier, collector, coding):
    there = collector("grpc")

    def burst(context):
        context.set_compression(coding)
        return bytes(8 << 20)

    there.answers.append(burst)
    problem = failure(carrier("grpc", there.address))
    assert (type(problem), problem.whole) == (Refused, True)


def test_a_stranger_that_speaks_something_else_is_a_collector_that_is_away(carrier):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak():
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" * 1000)
                peer.recv(1 << 16)

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        here = carrier("grpc", f"127.0.0.1:{server.getsockname()[1]}", timeout=2.0)
        assert isinstance(failure(here), Unreachable)
        thread.join(10)


def test_a_stranger_that_says_nothing_is_left_at_the_deadline(carrier):
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = carrier("grpc", f"127.0.0.1:{server.getsockname()[1]}", timeout=0.3)
        problem = failure(here)
    assert isinstance(problem, Unreachable)
    assert "DEADLINE_EXCEEDED" in problem.reason


def test_a_header_that_cannot_be_sent_is_told_without_its_value(carrier, collector):
    there = collector("grpc")
    here = carrier("grpc", there.address, headers={"Authorization": "s3crét\n"})
    assert "s3cr" not in failure(here).reason
    assert there.heads == []


def test_a_proxy_of_the_environment_is_not_asked(carrier, collector, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("grpc_proxy", "http://127.0.0.1:1")
    there = collector("grpc")
    carrier("grpc", there.address).carry(lines(1))
    assert len(there.records) == 1


@pytest.fixture
def secured(collector, authority):  # noqa: F811 - the fixture
    def start(*, wants_client=False):
        pair = ((authority / "collector.key").read_bytes(), (authority / "collector.pem").read_bytes())
        root = (authority / "root.pem").read_bytes() if wants_client else None
        return collector(
            "grpc", credentials=grpc.ssl_server_credentials((pair,), root, require_client_auth=wants_client)
        )

    return start


def test_records_arrive_over_tls_with_the_right_authority_and_name(carrier, secured, authority):  # noqa: F811 - the fixture
    there = secured(wants_client=True)
    tls = TLS(authority / "root.pem", authority / "client.pem", authority / "client.key", NAME)
    here = carrier("grpc", there.address, tls=tls)
    here.carry(lines(2))
    assert len(there.records) == 2


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
def test_nothing_is_sent_where_either_side_is_not_believed(
    carrier,
    secured,
    authority,  # noqa: F811 - the fixture
    ca,
    name,
    shows,
):
    there = secured(wants_client=True)
    own = (authority / "client.pem", authority / "client.key") if shows else (None, None)
    here = carrier("grpc", there.address, tls=TLS(authority / ca, *own, name), timeout=2.0)
    assert isinstance(failure(here), Unreachable)
    assert there.heads == []


def test_a_file_that_is_mended_is_noticed_at_the_next_try(carrier, secured, authority, tmp_path):  # noqa: F811 - the fixture
    there = secured()
    file = tmp_path / "ca.pem"
    here = carrier("grpc", there.address, tls=TLS(file, server_name=NAME))
    assert isinstance(failure(here), Unreachable)
    file.write_bytes((authority / "root.pem").read_bytes())
    here.carry(lines(1))
    until(lambda: len(there.records) == 1)


def test_details_of_any_bytes_are_survived(carrier, collector):
    there = collector("grpc")
    here = carrier("grpc", there.address)
    for size in range(0, 60, 7):
        there.answers.append(failing(CODE.UNAVAILABLE, "x", trailer=status("y", after=5)[:size]))
        assert isinstance(failure(here), Unreachable)


def test_without_the_package_the_records_wait_and_the_reason_says_what_to_install():
    text = (
        "import sys; sys.modules['grpc'] = None\n"
        "from yett.events.outputs import Unreachable\n"
        "from yett.events.outputs.otlp import Encoder, OTLPOverGRPC\n"
        "here = OTLPOverGRPC('127.0.0.1:1', Encoder({}, node='', version=''), headers={}, timeout=1, version='')\n"
        "try: here.carry(())\n"
        "except Unreachable as problem: print(problem.reason)\n"
        "here.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.stdout == "OTLP over gRPC needs the package grpcio: install yett[grpc]\n", done.stderr


def test_here_the_package_is_installed():
    assert missing() is None
