import json

import pytest
from tests.events.outputs.otlp.collector import OverGRPC, OverHTTP

from yett import __version__
from yett.kernel.otlp import otlp_carrier

LINE = json.dumps({"time": "2026-11-22T15:00:00.000001Z", "level": "INFO", "msg": "x", "node": "n1"}).encode()


def carrier(to, **more):
    asked = {"headers": {}, "timeout": 5.0, "tls": None, "compress": True, **more}
    return otlp_carrier(to, node="n1", service_name="front", **asked)


@pytest.mark.parametrize(
    ("to", "address"),
    [
        ("otlp+http://collector.example", "collector.example:4318"),
        ("otlp+https://collector.example/", "collector.example:4318"),
        ("otlp+grpc://collector.example", "collector.example:4317"),
        ("otlp+grpcs://[::1]", "[::1]:4317"),
        ("otlp+grpc://[::1]:99/", "[::1]:99"),
        ("otlp+http://10.0.0.1:99/in", "10.0.0.1:99"),
    ],
)
def test_an_address_without_a_port_means_the_usual_one(to, address):
    assert carrier(to).address == address


@pytest.mark.parametrize(
    ("rest", "path"),
    [("", "/v1/logs"), ("/", "/v1/logs"), ("/in/v1/logs", "/in/v1/logs"), ("/in?a=1", "/in?a=1")],
)
def test_an_address_without_a_path_means_the_usual_one(rest, path):
    with OverHTTP() as there:
        here = carrier(f"otlp+http://{there.address}{rest}")
        here.carry([LINE])
        here.close()
        assert there.heads[0][0] == path


@pytest.mark.parametrize("kind", [OverHTTP, OverGRPC])
def test_records_say_who_speaks(kind):
    with kind() as there:
        here = carrier(f"otlp+{there.scheme}://{there.address}")
        here.carry([LINE])
        here.close()
        (resource,) = there.requests[0].resource_logs
        assert {each.key: each.value.string_value for each in resource.resource.attributes} == {
            "service.name": "front",
            "service.version": __version__,
            "service.instance.id": "n1",
            "host.name": "n1",
        }
