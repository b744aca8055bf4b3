from yett.oidc.clients import Clients
from yett.oidc.model import Client

ONE = Client("one", frozenset({"https://one.test/cb"}), frozenset())
TWO = Client("two", frozenset({"https://two.test/cb"}), frozenset())


def test_whom_nobody_registered_is_asked_for_each_time_and_not_kept():
    clients = Clients()
    clients["one"] = ONE
    assert clients.get("two") is None
    assert "two" not in clients

    asked = []
    clients.find = lambda client_id: asked.append(client_id) or (TWO if client_id == "two" else None)
    assert clients.get("one") is ONE
    assert clients.get("two") is TWO
    assert "two" in clients
    assert clients.get("three", ONE) is ONE
    assert 3 not in clients
    assert asked == ["two", "two", "three"]
    assert set(clients) == {"one"}
