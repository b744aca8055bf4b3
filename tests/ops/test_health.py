import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from yett.kernel import Readiness
from yett.ops import health_routes


@pytest.fixture
def states():
    return {"store": True, "listener": True}


@pytest.fixture
def client(states):
    readiness = Readiness()
    for name in states:
        readiness.add(name, lambda name=name: states[name])
    return TestClient(Starlette(routes=health_routes(readiness)))


def test_a_living_process_answers(client, states):
    states["store"] = False
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_ready_gateway_says_so(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_gateway_that_is_not_ready_names_what_is_missing(client, states):
    states["store"] = False
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "missing": ["store"]}


def test_a_check_that_breaks_is_missing(client, states):
    del states["store"]
    assert client.get("/readyz").json()["missing"] == ["store"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_no_cache_keeps_the_answer_and_only_reading_is_allowed(client, path):
    assert client.get(path).headers["cache-control"] == "no-store"
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405
