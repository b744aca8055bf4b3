"""Settings for proxies that make no sense are found before anything starts."""

import pytest
from tests.net.trust.making import make, settings

from yett.net import ClientCertificate, ProxyMode
from yett.net.trust import check_trust, private_fields

ON = ProxyMode.OPTIONAL


def wrong(**said):
    return [mistake.key for mistake in check_trust(settings(**said))]


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        ({}, []),
        ({"proxy_mode": ON}, []),
        ({"proxy_mode": ON, "trusted_proxies": ()}, ["service.trusted_proxies"]),
        ({"trusted_proxies": ("10.0.0.1/8", "unix", "ten")}, ["service.trusted_proxies"] * 2),
        ({"proxy_protocol": True}, ["service.proxy_protocol"]),
        ({"proxy_host": True}, ["service.proxy_host"]),
        ({"client_cert_header": "X-Cert"}, ["service.client_cert_header"]),
        ({"proxy_mode": ON, "proxy_protocol": True, "proxy_host": True, "client_cert_header": "X-Cert"}, []),
        ({"proxy_mode": ON, "proxy_header": "Cookie"}, ["service.proxy_header"]),
        ({"proxy_mode": ON, "client_cert_header": "authorization"}, ["service.client_cert_header"]),
        (
            {"proxy_mode": ON, "proxy_header": "X-A", "client_cert_header": "x-a"},
            ["service.client_cert_header"],
        ),
        ({"client_cert": ClientCertificate.OPTIONAL}, ["service.client_ca"]),
    ],
)
def test_each_mistake_is_reported_with_its_key(said, keys):
    assert wrong(**said) == keys


def test_authorities_have_to_be_there_and_to_be_certificates(tmp_path):
    asked = {"client_cert": ClientCertificate.REQUIRED}
    ca = tmp_path / "ca.pem"
    assert wrong(client_ca=ca, **asked) == ["service.client_ca"]
    ca.write_bytes(b"nothing")
    assert wrong(client_ca=ca, **asked) == ["service.client_ca"]
    ca.write_bytes(make("authority").pem)
    assert wrong(client_ca=ca, **asked) == []
    assert wrong(client_ca=ca, tls=False, **asked) == ["service.client_cert"]


def test_a_proxys_fields_are_nobody_elses():
    assert private_fields(settings()) == {b"client-cert", b"client-cert-chain"}
    said = settings(proxy_mode=ON, proxy_header="X-Real-IP", client_cert_header="X-Cert")
    assert private_fields(said) == {b"client-cert", b"client-cert-chain", b"x-real-ip", b"x-cert"}
