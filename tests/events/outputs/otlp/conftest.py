"""Collectors of both kinds, and carriers to them."""

import pytest
from tests.events.outputs.otlp.collector import OverGRPC, OverHTTP

from yett.events.outputs.otlp import Encoder, OTLPOverGRPC, OTLPOverHTTP

KINDS = {"http": OverHTTP, "grpc": OverGRPC}


@pytest.fixture
def carrier():
    """Makes carriers of one kind; they are closed at the end."""
    made = []

    def make(kind, address, **more):
        encoder = Encoder({"service.name": "yett", "host.name": "n1"}, node="n1", version="1")
        asked = {"headers": {"Authorization": "Bearer s3cret"}, "timeout": 5.0, "version": "1", **more}
        if kind == "http":
            scheme = asked.pop("scheme", "http")
            made.append(OTLPOverHTTP(f"{scheme}://{address}/v1/logs", encoder, **asked))
        else:
            made.append(OTLPOverGRPC(address, encoder, **asked))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def collector():
    """Makes collectors of one kind; they are stopped at the end."""
    running = []

    def make(kind, **more):
        running.append(KINDS[kind](**more).__enter__())
        return running[-1]

    yield make
    for each in running:
        each.__exit__(None, None, None)


@pytest.fixture(params=["http", "grpc"])
def kind(request):
    return request.param
