from datetime import timedelta

import pytest

from yett.ops.metrics import MetricsSettings, check_metrics
from yett.ops.metrics.config import address_of


def spans(*seconds):
    return tuple(timedelta(seconds=each) for each in seconds)


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, []),
        ({"listen": "127.0.0.1:9464"}, []),
        ({"listen": "[::1]:65536"}, ["metrics.listen"]),
        ({"buckets": spans(0, 1)}, ["metrics.buckets"]),
        ({"buckets": spans(1, 0.5)}, ["metrics.buckets"]),
        ({"buckets": spans(1, 1)}, ["metrics.buckets"]),
        ({"listen": "127.0.0.1:99999", "buckets": spans(2, 1)}, ["metrics.listen", "metrics.buckets"]),
    ],
)
def test_mistakes_are_named(changes, keys):
    assert [mistake.key for mistake in check_metrics(MetricsSettings(**changes))] == keys


@pytest.mark.parametrize(
    ("listen", "address"),
    [("", None), ("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:0", ("::1", 0))],
)
def test_an_address_is_a_host_and_a_port(listen, address):
    assert address_of(MetricsSettings(listen=listen)) == address
