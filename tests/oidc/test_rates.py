"""How many requests for codes one address may send for one client."""

from yett.oidc import OIDCSettings, events
from yett.oidc.clients import Client, Kind
from yett.oidc.rates import Rates

SHOP = Client("shop", frozenset(), frozenset(), kind=Kind.CONFIGURED)
WIKI = Client("wiki", frozenset(), frozenset())


def test_each_client_and_address_has_an_allowance(clock, heard):
    rates = Rates(OIDCSettings(requests_per_minute=2), clock)
    assert [rates.take(SHOP, "192.0.2.1") for _ in range(3)] == [0, 0, 30.0]
    assert heard()[-2:] == [
        (events.rate_checked, {"client": "shop", "is_allowed": False, "retry_after": 30.0}),
        (events.rate_limited, {"client": "shop", "client_address": "192.0.2.1", "retry_after": 30.0}),
    ]
    assert rates.take(SHOP, "192.0.2.2") == 0
    assert rates.take(None, "192.0.2.1") == 0
    clock.advance(30)
    assert rates.take(SHOP, "192.0.2.1") == 0


def test_addresses_of_one_customer_count_as_one(clock):
    rates = Rates(OIDCSettings(requests_per_minute=1), clock)
    assert rates.take(SHOP, "2001:db8::1") == 0
    assert rates.take(SHOP, "2001:db8::2") > 0


def test_applications_behind_the_proxy_are_not_counted(clock, heard):
    rates = Rates(OIDCSettings(requests_per_minute=1), clock)
    assert [rates.take(WIKI, "192.0.2.1") for _ in range(3)] == [0, 0, 0]
    assert heard() == []


def test_another_limit_holds_from_then_on(clock):
    rates = Rates(OIDCSettings(requests_per_minute=1), clock)
    assert rates.take(SHOP, "") == 0
    rates.apply(OIDCSettings(requests_per_minute=60))
    clock.advance(1)
    assert rates.take(SHOP, "") == 0


def test_a_client_called_unknown_is_not_the_one_that_nobody_knows(clock):
    rates = Rates(OIDCSettings(requests_per_minute=1), clock)
    assert rates.take(None, "192.0.2.1") == 0
    assert rates.take(Client("unknown", frozenset(), frozenset(), kind=Kind.CONFIGURED), "192.0.2.1") == 0
