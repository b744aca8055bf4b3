"""What is offered is what can come to something."""

from yett.authn.device_code import DeviceCodeSettings
from yett.oidc.clients import GrantType
from yett.oidc.exchange import AssertionIssuerSettings, ExchangeSettings


async def test_what_is_offered_is_what_can_come_to_something(house):
    assert set(house.exchange.grants) == set(GrantType) - {GrantType.ASSERTION}
    issuer = AssertionIssuerSettings(issuer="portal", jwks_uri="https://portal.example.test/jwks")
    house.exchange.apply(ExchangeSettings(issuer=(issuer,)))
    assert set(house.exchange.grants) == set(GrantType)
    house.codes.apply(DeviceCodeSettings())
    assert GrantType.DEVICE not in house.exchange.grants
    assert not house.exchange.has_devices
