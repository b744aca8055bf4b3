"""From a file to pools."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.config import ConfigInvalid, catalogue, load, section, setting
from yett.net.http import Upstream
from yett.proxy.balancing import (
    BadPool,
    Pool,
    PoolSettings,
    compile_pool,
    compile_pools,
    encoding,
    make_backend,
)
from yett.proxy.balancing.circuit import CircuitRules, Combine
from yett.proxy.balancing.compiling import BadBackend
from yett.proxy.balancing.config import (
    BackendSettings,
    CircuitSettings,
    DiscoverySettings,
    HealthSettings,
    LimitSettings,
    OutlierSettings,
)
from yett.proxy.balancing.discovery import DiscoveryRules
from yett.proxy.balancing.health import CheckKind, HealthRules
from yett.proxy.balancing.limits import LimitRules
from yett.proxy.balancing.model import Affinity, Origin
from yett.proxy.balancing.outliers import OutlierRules
from yett.proxy.balancing.strategies import StrategyName

ONE = (BackendSettings(service="http://10.0.0.1:8080"),)


def settings(**more):
    return PoolSettings(**{"name": "web", "backend": ONE, **more})


def test_a_pool_with_nothing_but_a_backend_is_adaptive_and_everything_else_is_off():
    pool = compile_pool(settings())
    assert pool.strategy is StrategyName.ADAPTIVE
    assert (pool.health, pool.circuit, pool.outliers, pool.limit, pool.discovery) == (None,) * 5
    assert pool.origin is Origin.SETTINGS
    assert pool.backends[0].id == "10.0.0.1:8080"


@pytest.mark.parametrize(
    ("service", "host", "port", "tls_name", "address"),
    [
        ("http://app.test", "app.test", 80, "", "app.test:80"),
        ("https://app.test/", "app.test", 443, "app.test", "app.test:443"),
        ("https://[2001:db8::1]:8443", "2001:db8::1", 8443, "2001:db8::1", "[2001:db8::1]:8443"),
    ],
)
def test_a_service_is_a_place(service, host, port, tls_name, address):
    made = make_backend(service, Upstream("", 0, connect_timeout=1.5))
    assert (made.upstream.host, made.upstream.port, made.upstream.tls_name) == (host, port, tls_name)
    assert (made.address, made.id, made.upstream.connect_timeout) == (address, address, 1.5)


def test_a_unix_socket_is_a_place():
    made = make_backend("unix:/run/app.sock", Upstream("", 0), name="app", weight=2)
    assert (made.id, made.upstream.unix_path, made.weight) == ("app", "/run/app.sock", 2)


@given(st.text(max_size=40) | st.text(max_size=20).map("http://".__add__))
def test_any_text_is_a_place_or_refused(text):
    try:
        made = make_backend(text, Upstream("", 0))
    except BadBackend:
        return
    assert made.upstream.unix_path or (made.upstream.host and 0 < made.upstream.port < 65536)


def test_each_table_switches_its_part_on():
    pool = compile_pool(
        settings(
            health=HealthSettings(
                type=CheckKind.GRPC,
                expect=("200", "301-308"),
                interval=timedelta(seconds=5),
                name="shop.Cart",
            ),
            circuit=CircuitSettings(
                latency_threshold=timedelta(milliseconds=250), combine=Combine.ALL, per_protocol=True
            ),
            outlier=OutlierSettings(consecutive=3),
            limit=LimitSettings(rate=10.0, rate_limit_per_user=True),
            discovery=DiscoverySettings(hostname="pool.test", port=8443, tls=True),
            affinity=Affinity.COOKIE,
            affinity_cookie="JSESSIONID",
        )
    )
    assert pool.health == HealthRules(
        CheckKind.GRPC, interval=5.0, expect=((200, 200), (301, 308)), name="shop.Cart"
    )
    assert pool.circuit == CircuitRules(latency_threshold=0.25, combine=Combine.ALL, is_per_protocol=True)
    assert pool.outliers == OutlierRules(consecutive=3)
    assert pool.limit == LimitRules(10.0, 10.0, is_per_user=True)
    assert pool.discovery == DiscoveryRules("pool.test", 8443, 30.0, is_tls=True)
    assert pool.affinity_cookie == "JSESSIONID"


def test_the_defaults_of_settings_and_rules_agree():
    pool = compile_pool(
        settings(health=HealthSettings(), circuit=CircuitSettings(), outlier=OutlierSettings())
    )
    assert (pool.health, pool.circuit, pool.outliers) == (HealthRules(), CircuitRules(), OutlierRules())


@pytest.mark.parametrize(
    ("rate", "burst", "fits"), [(0.5, 0.0, 1.0), (5.0, 0.0, 5.0), (5.0, 20.0, 20.0), (5.0, 0.5, 1.0)]
)
def test_a_limit_always_has_room_for_one_request(rate, burst, fits):
    assert compile_pool(settings(limit=LimitSettings(rate=rate, burst=burst))).limit.burst == fits


def test_settings_tell_whether_they_changed():
    same, other = compile_pool(settings()), compile_pool(settings(strategy=StrategyName.HASH))
    assert same.fingerprint == compile_pool(settings()).fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"backend": ()}, "web: a pool needs a"),
        ({"backend": ONE * 2}, "web: there are two backends 10.0.0.1:8080"),
        ({"backend": ONE * 513}, "web: a pool has at most 512 backends"),
        ({"backend": (BackendSettings(service="http://a:0"),)}, "web: service http://a:0"),
        ({"affinity": Affinity.COOKIE}, "web: affinity by cookie needs affinity_cookie"),
        ({"ca_file": "/nowhere.pem"}, "web: ca_file /nowhere.pem"),
        ({"health": HealthSettings(expect=("399-200",))}, "web: health.expect 399-200 is no range"),
    ],
)
def test_a_pool_that_cannot_be_used_is_refused_with_the_reason(more, complaint):
    with pytest.raises(BadPool) as refused:
        compile_pool(settings(**more))
    assert complaint in str(refused.value)


def test_two_pools_cannot_have_one_name():
    with pytest.raises(BadPool, match="web: there are two pools of that name"):
        compile_pools([settings(), settings()])


def test_a_pool_is_the_same_after_it_was_written_down():
    pool = compile_pool(
        settings(health=HealthSettings(), circuit=CircuitSettings(), limit=LimitSettings(rate=1.0))
    )
    assert encoding.decode(encoding.encode(pool), Pool) == pool


@section("sample")
class Sample:
    """A section with pools, as the proxy's is."""

    pool: tuple[PoolSettings, ...] = setting((), "Pools.")


SECTION = catalogue.sections.pop("sample")
TEXT = """
[[sample.pool]]
name = "web"
strategy = "least_conn"
affinity = "session"
connect_timeout = "2s"

[[sample.pool.backend]]
service = "http://10.0.0.1:8080"
weight = 3

[[sample.pool.backend]]
service = "http://10.0.0.2:8080"
name = "second"

[sample.pool.health]
type = "postgresql"
interval = "5s"

[sample.pool.circuit]
expression = "error_rate > 0.3 && latency_p99 > 2"
"""


@pytest.fixture
def read(tmp_path):
    def reading(text):
        path = tmp_path / "yett.toml"
        path.write_text(text)
        return load(path, {}, [SECTION]).snapshot[Sample].pool

    return reading


def test_pools_are_written_as_tables(read):
    (pool,) = compile_pools(read(TEXT))
    assert [(each.id, each.weight) for each in pool.backends] == [("10.0.0.1:8080", 3), ("second", 1)]
    assert (pool.strategy, pool.affinity) == (StrategyName.LEAST_CONN, Affinity.SESSION)
    assert pool.backends[1].upstream.connect_timeout == 2.0
    assert (pool.health.kind, pool.health.interval) == (CheckKind.POSTGRESQL, 5.0)
    assert pool.circuit.expression == "error_rate > 0.3 && latency_p99 > 2"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('name = "a/b"', "name"),
        ('strategy = "best"', "strategy"),
        ('affinity_cookie = "a b"', "affinity_cookie"),
        ('connect_timeout = "1ms"', "connect_timeout"),
        ('[sample.pool.health]\ntype = "ping"', "type"),
        ('[sample.pool.health]\npath = "x"', "path"),
        ('[sample.pool.health]\npath = "/a\\r\\nX: y"', "path"),
        ('[sample.pool.health]\nexpect = ["2xx"]', "expect"),
        ("[sample.pool.health]\nhealthy_after = 0", "healthy_after"),
        ("[sample.pool.circuit]\nerror_threshold = 1.5", "error_threshold"),
        ("[sample.pool.circuit]\ntrials = 0", "trials"),
        ("[sample.pool.outlier]\nmax_ejected_percent = 101", "max_ejected_percent"),
        ("[sample.pool.limit]\nrate = 0", "rate"),
        ("[sample.pool.discovery]\nhostname = 'x.test'", "port"),
        ('[[sample.pool.backend]]\nservice = "10.0.0.1:80"', "service"),
        ('[[sample.pool.backend]]\nservice = "http://a"\nweight = 0', "weight"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_key(line, key, read):
    name = "" if line.startswith("name") else 'name = "web"\n'
    with pytest.raises(ConfigInvalid) as refused:
        read(f"[[sample.pool]]\n{name}{line}\n")
    assert [mistake.key.rpartition(".")[2] for mistake in refused.value.mistakes] == [key]
