import pytest
from tests.proxy.conftest import mapping, pool
from tests.proxy.replying import answer, ask, attempt

from yett.proxy import ProxySettings
from yett.proxy.balancing.config import DiscoverySettings
from yett.proxy.compression import CompressionSettings, CompressionStep
from yett.proxy.pipeline import steps_of
from yett.proxy.rewriting import RewritingStep
from yett.proxy.timing import TimingStep

ON = ProxySettings(compression=CompressionSettings(enabled=True))


def kinds(settings=ProxySettings(), **changes):  # noqa: B008 - settings never change
    return [type(step) for step in steps_of(mapping(**changes), settings, public_port=443)]


def test_a_mapping_that_asks_for_nothing_has_no_steps():
    assert kinds() == []


def test_steps_stand_in_one_order():
    assert kinds(debug_timing=True, compression=True, rewrite_host=True) == [
        RewritingStep,
        CompressionStep,
        TimingStep,
    ]


def test_a_mapping_can_differ_from_what_holds_for_all():
    assert kinds(ON) == [CompressionStep]
    assert kinds(ON, compression=False) == []
    assert kinds(compression=True) == [CompressionStep]
    assert kinds(rewrite_redirects=True) == [RewritingStep]


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"service": "http://10.0.0.1:8080"}, "http://10.0.0.1:8080"),
        ({"service": "http://Wiki"}, "http://wiki"),
        ({"service": "https://wiki/"}, "https://wiki:443"),
        ({"service": "http://[fd00::1]:81"}, "http://[fd00::1]:81"),
        ({"service": "unix:/run/wiki.sock"}, "http://localhost"),
        ({"rewrite_from": ("http://old.name:99",)}, "http://old.name:99"),
        ({"service": "", "pool": "web"}, "http://10.0.0.2:81"),
        ({"service": "", "pool": "web"}, "http://all.wikis:7"),
        ({"service": "", "pool": "web", "fallback": "http://spare:82"}, "http://spare:82"),
    ],
)
def test_every_address_that_settings_give_an_application_is_made_public(changes, address):
    found = DiscoverySettings(hostname="all.wikis", port=7)
    settings = ProxySettings(pool=(pool("other", 99), pool("web", 80, 81, discovery=found)))
    (step,) = steps_of(mapping(rewrite_redirects=True, **changes), settings, public_port=8443)
    reply = answer(302, location=address + "/x")

    step.reply(ask(), attempt(), reply)

    assert reply.value(b"location") == b"https://wiki.example.test:8443/x"


def test_the_backends_of_another_pool_are_somebody_else():
    settings = ProxySettings(pool=(pool("other", 99), pool("web", 80)))
    (step,) = steps_of(mapping(service="", pool="web", rewrite_redirects=True), settings, public_port=443)
    reply = answer(302, location="http://10.0.0.2:99/x")
    step.reply(ask(), attempt(), reply)
    assert reply.value(b"location") == b"http://10.0.0.2:99/x"
