from dataclasses import replace

from yett.oidc.clients import Client, Clients, ClientSettings, Kind

ONE = Client("one", frozenset({"https://one.test/cb"}), frozenset())
TWO = Client("two", frozenset({"https://two.test/cb"}), frozenset())
SHOP = ClientSettings(id="shop", secret="x" * 32, redirect_uris=("https://shop.example.net/cb",))


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


def test_finders_are_asked_in_order_after_the_settings():
    clients = Clients()
    clients.configure((SHOP,))
    asked = []
    clients.find_with(asked.append)
    clients.find_with(lambda client_id: replace(TWO, kind=Kind.REGISTERED) if client_id == "two" else None)

    assert clients.get("shop").kind is Kind.CONFIGURED
    assert clients.get("two").kind is Kind.REGISTERED
    assert clients.get("three") is None
    assert asked == ["two", "three"]


def test_other_settings_replace_those_before():
    clients = Clients()
    clients["one"] = ONE
    clients.configure((SHOP, replace(SHOP, id="other")))
    assert {each.client_id for each in clients.configured} == {"shop", "other"}

    clients.configure((replace(SHOP, id="new"),))

    assert "shop" not in clients
    assert "new" in clients
    assert "one" in clients


def test_where_others_are_not_served_only_our_own_applications_are_known():
    clients = Clients()
    clients["one"] = ONE
    clients.find = lambda client_id: TWO if client_id == "two" else None
    clients.find_with(lambda client_id: replace(TWO, client_id=client_id))
    clients.configure((SHOP,), are_others_served=False)

    assert "shop" not in clients
    assert "three" not in clients
    assert clients.configured == ()
    assert clients.get("one") is ONE
    assert clients.get("two") is TWO


def test_a_client_that_cannot_be_built_any_more_is_not_known(tmp_path):
    clients = Clients()
    clients.configure((replace(SHOP, secret="", jwks_file=tmp_path / "gone"),))
    assert clients.configured == ()
