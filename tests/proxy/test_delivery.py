import pytest
from tests.proxy.conftest import mapping

from yett.net.http import Upstream
from yett.proxy.canary import CanarySettings
from yett.proxy.delivery import BadDelivery, compile_delivery
from yett.proxy.hedging import HedgeSettings
from yett.proxy.retrying import RetrySettings
from yett.proxy.shadow import ShadowSettings

THERE = Upstream("10.0.0.9", 90)
SHADOW = ShadowSettings(name="next", service="http://10.0.0.9:90")


def compiled(**changes):
    return compile_delivery(mapping(**changes), ("web", "next"), lambda _: (THERE, "10.0.0.9:90"))


def pooled(**changes):
    return compiled(service="", pool="web", **changes)


def test_a_mapping_that_asks_for_nothing_has_none():
    assert compiled() is None


def test_each_table_becomes_rules():
    found = pooled(
        retry=RetrySettings(), hedge=HedgeSettings(), canary=CanarySettings(pool="next"), shadow=(SHADOW,)
    )
    assert found.retry.attempts == 3
    assert found.hedge.copies == 1
    assert found.canary_target.pool_id == "next"
    assert [shadow.address for shadow in found.shadows] == ["10.0.0.9:90"]


def test_as_much_of_a_body_is_kept_as_anybody_needs():
    found = pooled(
        retry=RetrySettings(max_body=10),
        hedge=HedgeSettings(max_body=30),
        shadow=(ShadowSettings(name="a", service="http://10.0.0.9", max_body=20),),
    )
    assert found.keep_body == 30
    assert compiled(canary=CanarySettings(service="http://10.0.0.9")).keep_body == 0


@pytest.mark.parametrize(("preserve_host", "host"), [(True, b""), (False, b"10.0.0.9:90")])
def test_the_canary_is_sent_the_host_that_the_service_would_be(preserve_host, host):
    canary = CanarySettings(service="http://10.0.0.9:90")
    target = compiled(canary=canary, preserve_host=preserve_host).canary_target
    assert (target.upstream, target.host_header) == (THERE, host)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"canary": CanarySettings()}, "either a service or a pool"),
        ({"canary": CanarySettings(service="http://a", pool="web")}, "either a service or a pool"),
        ({"canary": CanarySettings(pool="nowhere")}, "no [[proxy.pool]] named 'nowhere'"),
        ({"hedge": HedgeSettings()}, "hedge needs a pool"),
        ({"shadow": (SHADOW, SHADOW)}, "two shadows of the same name"),
        ({"service": "", "retry": RetrySettings()}, "mappings with a service or a pool"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, words):
    with pytest.raises(BadDelivery) as refused:
        compiled(**changes)
    assert words in str(refused.value)
