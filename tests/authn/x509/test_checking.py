from datetime import timedelta

import pytest

from yett.authn.x509 import X509Settings, check_x509
from yett.authn.x509.config import CRLSettings
from yett.authn.x509.model import Identity
from yett.net import ClientCertificate, ServiceSettings

ASKING = ServiceSettings(hostname="yett.example", client_cert=ClientCertificate.OPTIONAL)


def mistakes(service=ASKING, **said):
    return {
        mistake.key: mistake.reason
        for mistake in check_x509(X509Settings(**{"enabled": True, **said}), service)
    }


@pytest.fixture
def good(tmp_path, ca):
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    return {"authorities": tmp_path / "ca.pem"}


def test_what_is_off_is_in_order():
    assert mistakes(enabled=False) == {}


def test_what_is_complete_is_in_order(good):
    assert mistakes(**good) == {}
    behind = ServiceSettings(hostname="yett.example", client_cert_header="X-Client-Cert")
    assert mistakes(behind, **good) == {}


def test_somebody_has_to_ask_for_certificates_and_somebody_has_to_vouch_for_them():
    found = mistakes(ServiceSettings(hostname="yett.example"))
    assert set(found) == {"authn.x509.enabled", "authn.x509.authorities"}


def test_files_with_authorities_have_to_hold_some(tmp_path, ca):
    (tmp_path / "person.pem").write_bytes(ca.issue().pem)
    found = mistakes(authorities=tmp_path / "none.pem", intermediates=tmp_path / "person.pem")
    assert set(found) == {"authn.x509.authorities", "authn.x509.intermediates"}


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"identity": Identity.UPN}, "upn_domains"),
        ({"identity": Identity.SUBJECT}, "subjects"),
        ({"subjects": ("CN=ada",)}, "subjects"),
        ({"ocsp": True}, "ocsp"),
        ({"ocsp_urls": ("http://ocsp.example/",)}, "ocsp_urls"),
        ({"ocsp_urls": ("http://user:secret@127.0.0.1/",)}, "ocsp_urls"),
        ({"crl": (CRLSettings(urls=("http://crl.example/ca.crl",)),)}, "crl"),
        (
            {"crl": (CRLSettings(urls=("http://crl.example:8080/ca.crl",)),), "http_hosts": ("crl.example",)},
            "crl",
        ),
    ],
)
def test_half_of_something_is_a_mistake(good, said, key):
    assert set(mistakes(**good, **said)) == {f"authn.x509.{key}"}


@pytest.mark.parametrize(
    "said",
    [
        {"identity": Identity.UPN, "upn_domains": ("example.org",)},
        {"identity": Identity.SUBJECT, "subjects": ("CN={user},O=Example",)},
        {"ocsp": True, "ocsp_aia_hosts": ("ocsp.example",)},
        {"ocsp": True, "ocsp_urls": ("http://127.0.0.1:9/", "https://ocsp.example/")},
        {
            "crl": (CRLSettings(urls=("http://crl.example/ca.crl", "/etc/ca.crl")),),
            "http_hosts": ("crl.example",),
        },
        {"recheck_every": timedelta(0)},
    ],
)
def test_the_whole_of_it_is_none(good, said):
    assert mistakes(**good, **said) == {}
