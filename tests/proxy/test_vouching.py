from datetime import timedelta

import pytest
from tests.proxy.conftest import mapping

from yett.identity.federation import ProviderSettings, Trade, TradeGrant
from yett.proxy import BadMapping, ProxySettings, compile_routes
from yett.proxy.bearer import BearerSettings, WantedElsewhere
from yett.proxy.canary import CanarySettings
from yett.proxy.config import HeaderSettings, RedirectSettings
from yett.proxy.pipeline import steps_of
from yett.proxy.request_signing import Algorithm, RequestSigningSettings
from yett.proxy.vouching import problems_of, wanted_token

BEARER = BearerSettings()
SIGNING = RequestSigningSettings()
KEY = "k" * 32


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"bearer": BEARER},
        {"request_signing": SIGNING},
        {"bearer": BEARER, "request_signing": SIGNING, "preserve_host": False},
        {"request_signing": RequestSigningSettings(alg=Algorithm.HMAC_SHA256, key=KEY)},
        {"service": "", "pool": "web", "request_signing": SIGNING},
        {"bearer": BEARER, "request_headers": HeaderSettings(remove=("Authorization",))},
        {"request_headers": HeaderSettings(set=("Authorization: Basic eDp5",))},
    ],
)
def test_what_can_be_is_taken(changes):
    assert list(problems_of(mapping(**changes))) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"service": "", "redirect": RedirectSettings(to="/x"), "bearer": BEARER}, "service or a pool"),
        ({"bearer": BEARER, "request_headers": HeaderSettings(set=("authorization: x",))}, "Authorization"),
        ({"bearer": BEARER, "request_headers": HeaderSettings(add=("Authorization: x",))}, "Authorization"),
        ({"request_signing": SIGNING, "request_headers": HeaderSettings(set=("Signature: x",))}, "Signature"),
        (
            {"request_signing": SIGNING, "request_headers": HeaderSettings(add=("Content_Digest: x",))},
            "Content-Digest",
        ),
        (
            {"service": "", "pool": "web", "request_signing": SIGNING, "preserve_host": False},
            "preserve_host",
        ),
        (
            {
                "canary": CanarySettings(service="http://10.0.0.2:80"),
                "request_signing": SIGNING,
                "preserve_host": False,
            },
            "preserve_host",
        ),
        ({"request_signing": RequestSigningSettings(alg=Algorithm.HMAC_SHA256)}, "needs a key"),
        ({"request_signing": RequestSigningSettings(key=KEY)}, "is for hmac-sha256"),
        ({"bearer": BearerSettings(grant=TradeGrant.JWT_BEARER)}, "bearer.grant is only good with"),
        ({"bearer": BearerSettings(scopes=("read",))}, "bearer.scopes are only good with"),
        ({"bearer": BearerSettings(through="idp", audience="wiki")}, "has to be an absolute URI"),
    ],
)
def test_what_cannot_be_keeps_the_mapping_out(changes, words):
    with pytest.raises(BadMapping, match=words):
        compile_routes((mapping(**changes),), "login.example.test", ("web",))


def test_a_token_is_for_the_application_unless_settings_say_otherwise():
    assert wanted_token("Wiki", BEARER).audience == "Wiki"
    wanted = wanted_token("Wiki", BearerSettings(audience="https://wiki", lifetime=timedelta(minutes=1)))
    assert (wanted.audience, wanted.lifetime) == ("https://wiki", 60.0)


IDP = ProviderSettings(name="corporate", issuer="https://idp.example.org", client_id="us")


def test_a_token_of_a_provider_is_asked_for_as_settings_say():
    settings = BearerSettings(
        through="corporate",
        grant=TradeGrant.TOKEN_EXCHANGE,
        scopes=("read", "write"),
        audience="https://wiki",
        lifetime=timedelta(minutes=1),
    )
    wanted = wanted_token("Wiki", settings, {"corporate": IDP}.get)
    assert wanted.lifetime == 60.0
    assert wanted.trade == Trade(
        "corporate", IDP.issuer, IDP.client_id, TradeGrant.TOKEN_EXCHANGE, "https://wiki", "read write"
    )
    plain = wanted_token("Wiki", BearerSettings(through="corporate"), {"corporate": IDP}.get)
    # Where nothing is asked for, the provider decides.
    assert (plain.trade.grant, plain.trade.audience, plain.trade.scope) == (TradeGrant.JWT_BEARER, "", "")


def test_a_provider_that_is_not_there_is_nobody_and_never_the_gateway():
    wanted = wanted_token("Wiki", BearerSettings(through="corporate"))
    assert isinstance(wanted, WantedElsewhere)
    assert (wanted.trade.issuer, wanted.trade.client_id) == ("", "")


@pytest.mark.parametrize("changes", [{"bearer": BEARER}, {"request_signing": SIGNING}])
def test_nobody_forgets_who_does_the_vouching(changes):
    with pytest.raises(ValueError, match="nobody here"):
        steps_of(mapping(**changes), ProxySettings(), public_port=443)
