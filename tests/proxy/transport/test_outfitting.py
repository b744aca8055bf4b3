"""From settings to upstreams, and which files are refused."""

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from tests.net.trust.making import make

from yett.net.http import Upstream
from yett.proxy import MappingSettings
from yett.proxy.balancing import BadPool, compile_pools
from yett.proxy.balancing.config import BackendSettings, DiscoverySettings, HealthSettings, PoolSettings
from yett.proxy.balancing.health import CheckKind
from yett.proxy.transport import BadTransport, outfit

ADA = make("ada")
PLAIN = Upstream("a", 80)
SECURE = Upstream("a", 443, tls_name="a")


def wishes(**said):
    return MappingSettings(app="a", host="a.example", **said)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "ca.pem").write_bytes(ADA.pem)
    (tmp_path / "cert.pem").write_bytes(ADA.pem)
    (tmp_path / "key.pem").write_bytes(ADA.key_pem)
    (tmp_path / "other.pem").write_bytes(make("other").key_pem)
    (tmp_path / "locked.pem").write_bytes(
        ADA.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    (tmp_path / "empty.pem").touch()
    return tmp_path


def test_without_wishes_an_upstream_stays_as_it_is():
    assert outfit(PLAIN, wishes()) == PLAIN
    assert outfit(SECURE, wishes()) == SECURE


def test_an_upstream_gets_what_its_connections_need(files):
    asked = wishes(
        ca_file=files / "ca.pem", tls_client_cert=files / "cert.pem", tls_client_key=files / "key.pem",
        tls_server_name="inner.example", send_proxy=2,
    )  # fmt: skip
    made = outfit(SECURE, asked)
    assert (made.tls_name, made.send_proxy) == ("inner.example", 2)
    assert (made.ca_file, made.cert_file, made.key_file) == tuple(
        str(files / name) for name in ("ca.pem", "cert.pem", "key.pem")
    )
    # What is only for TLS does not make plain upstreams differ.
    assert outfit(PLAIN, asked) == Upstream("a", 80, send_proxy=2)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"ca_file": "none.pem"}, "ca_file"),
        ({"ca_file": "empty.pem"}, "ca_file"),
        ({"ca_file": "key.pem"}, "ca_file"),
        ({"tls_client_cert": "cert.pem"}, "tls_client_cert"),
        ({"tls_client_cert": "none.pem"}, "tls_client_cert"),
        ({"tls_client_cert": "cert.pem", "tls_client_key": "other.pem"}, "other.pem"),
        ({"tls_client_cert": "cert.pem", "tls_client_key": "locked.pem"}, "locked.pem"),
        ({"tls_client_key": "key.pem"}, "only good with tls_client_cert"),
    ],
)
def test_files_that_cannot_be_used_are_named(files, said, words):
    with pytest.raises(BadTransport, match=words):
        outfit(SECURE, wishes(**{key: files / name for key, name in said.items()}))


def test_a_pool_gives_its_backends_what_their_connections_need(files):
    said = {"name": "web", "tls_server_name": "inner.example", "send_proxy": 1}
    settings = PoolSettings(
        backend=(BackendSettings(service="https://10.0.0.1"), BackendSettings(service="http://10.0.0.2")),
        ca_file=files / "ca.pem", tls_client_cert=files / "cert.pem", tls_client_key=files / "key.pem", **said,
    )  # fmt: skip
    (pool,) = compile_pools((settings,))
    secure, plain = (backend.upstream for backend in pool.backends)
    assert (secure.tls_name, secure.cert_file, secure.send_proxy) == (
        "inner.example",
        str(files / "cert.pem"),
        1,
    )
    assert (plain.tls_name, plain.send_proxy) == ("", 1)
    with pytest.raises(BadPool, match="web: tls_client_cert"):
        compile_pools((PoolSettings(backend=settings.backend, tls_client_cert=files / "none.pem", **said),))


def test_http_3_is_for_services_by_tls_and_needs_nothing_before_it():
    assert outfit(SECURE, wishes(protocol="h3")).protocol == "h3"
    with pytest.raises(BadTransport, match="needs a service that begins with https://"):
        outfit(PLAIN, wishes(protocol="h3"))
    with pytest.raises(BadTransport, match="needs a service that begins with https://"):
        outfit(Upstream("", 0, unix_path="/run/app.sock"), wishes(protocol="h3"))
    with pytest.raises(BadTransport, match="send_proxy is not for protocol"):
        outfit(SECURE, wishes(protocol="h3", send_proxy=2))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"backend": ("http://10.0.0.1",), "protocol": "h3"}, "needs a service that begins with https://"),
        ({"backend": ("unix:/run/a.sock",), "protocol": "h3"}, "needs a service that begins with https://"),
        ({"backend": ("https://10.0.0.1",), "protocol": "h3", "send_proxy": 1}, "send_proxy is not for"),
        ({"discovery": False, "protocol": "h3"}, "needs discovery.tls"),
        ({"discovery": False, "health": CheckKind.HTTP3}, "an http3 check needs"),
        (
            {"backend": ("https://10.0.0.1", "http://10.0.0.2"), "health": CheckKind.HTTP3},
            "an http3 check needs",
        ),
    ],
)
def test_a_pool_that_cannot_speak_http_3_says_so(said, words):
    with pytest.raises(BadPool, match=f"web: .*{words}"):
        compile_pools((pool_settings(said),))


@pytest.mark.parametrize(
    "said",
    [
        {"backend": ("https://10.0.0.1",), "protocol": "h3", "health": CheckKind.HTTP3},
        {"discovery": True, "protocol": "h3", "health": CheckKind.HTTP3},
        {"backend": ("https://10.0.0.1",), "health": CheckKind.HTTP3},
    ],
)
def test_a_pool_that_can_speak_http_3_does(said):
    (pool,) = compile_pools((pool_settings(said),))
    assert pool.template.protocol == said.get("protocol", "http/1.1")
    assert pool.health.kind is CheckKind.HTTP3


def pool_settings(said):
    """A pool with these services, or with discovery with or without TLS."""
    more = {key: value for key, value in said.items() if key in {"protocol", "send_proxy"}}
    if "health" in said:
        more["health"] = HealthSettings(type=said["health"])
    if "discovery" in said:
        more["discovery"] = DiscoverySettings(hostname="app.test", port=443, tls=said["discovery"])
    return PoolSettings(
        name="web", backend=tuple(BackendSettings(service=each) for each in said.get("backend", ())), **more
    )
