"""Whom a certificate speaks of, row by row."""

import base64

import pytest
from cryptography import x509
from tests.authn.x509.making import NOW, root

from yett.oidc.clients import TLSIdentity
from yett.oidc.mtls import thumbprint
from yett.oidc.mtls.model import Match, Mismatch
from yett.oidc.mtls.rules import judge_dates, judge_identity, judge_own, names_somebody, read

CA = root()
SHOWN = CA.issue(
    "CN=app,O=Ex\\, ample,C=DE",
    names=(
        x509.DNSName("app.example.test"),
        x509.UniformResourceIdentifier("spiffe://example.test/app"),
        x509.RFC822Name("app@Example.test"),
    ),
)
BARE = CA.issue("CN=app.example.test")


@pytest.mark.parametrize(
    ("identity", "verdict"),
    [
        ({"subject_dn": "CN=app,O=Ex\\, ample,C=DE"}, Match.SUBJECT_DN),
        ({"subject_dn": "cn=app,o=Ex\\2C ample,c=DE"}, Mismatch.SUBJECT_DN),
        ({"subject_dn": "CN=app,O=Ex\\2C ample,C=DE"}, Match.SUBJECT_DN),
        ({"subject_dn": "C=DE,O=Ex\\, ample,CN=app"}, Mismatch.SUBJECT_DN),
        ({"subject_dn": "CN=app"}, Mismatch.SUBJECT_DN),
        ({"subject_dn": "CN=app,O=Ex,O=ample,C=DE"}, Mismatch.SUBJECT_DN),
        ({"subject_dn": "CN=app,O=Ex\\, ample,C=DE,C=DE"}, Mismatch.SUBJECT_DN),
        ({"subject_dn": "not a name"}, Mismatch.SUBJECT_DN),
        ({"san_dns": "app.example.test"}, Match.SAN_DNS),
        ({"san_dns": "APP.example.TEST"}, Match.SAN_DNS),
        ({"san_dns": "app.example"}, Mismatch.SAN_DNS),
        ({"san_dns": "*.example.test"}, Mismatch.SAN_DNS),
        ({"san_dns": "example.test"}, Mismatch.SAN_DNS),
        ({"san_uri": "spiffe://example.test/app"}, Match.SAN_URI),
        ({"san_uri": "spiffe://example.test/app/"}, Mismatch.SAN_URI),
        ({"san_uri": "spiffe://example.test/APP"}, Mismatch.SAN_URI),
        ({"san_email": "app@example.TEST"}, Match.SAN_EMAIL),
        ({"san_email": "APP@example.test"}, Mismatch.SAN_EMAIL),
        ({"san_email": "app"}, Mismatch.SAN_EMAIL),
        ({"san_dns": "app.example.test", "san_uri": "spiffe://example.test/app"}, Match.SAN_DNS),
        ({"san_dns": "app.example.test", "san_uri": "spiffe://else"}, Mismatch.SAN_URI),
        ({}, Mismatch.NO_IDENTITY),
    ],
)
def test_everything_that_is_known_of_a_client_has_to_stand_in_its_certificate(identity, verdict):
    assert judge_identity(SHOWN.certificate, TLSIdentity(**identity)) is verdict


def test_a_common_name_is_no_host_name():
    assert judge_identity(BARE.certificate, TLSIdentity(san_dns="app.example.test")) is Mismatch.SAN_DNS


def test_names_are_what_an_authority_could_have_written():
    assert names_somebody(TLSIdentity(san_email="a@b"))
    assert not names_somebody(TLSIdentity(thumbprints=frozenset({"x"})))


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(0, None), (-86_401, Mismatch.NOT_YET_VALID), (30 * 86_400, None), (30 * 86_400 + 1, Mismatch.EXPIRED)],
)
def test_a_certificate_is_good_between_its_dates(after, verdict):
    assert judge_dates(SHOWN.certificate, NOW + after) is verdict


@pytest.mark.parametrize("der", [b"", b"\x30", SHOWN.der[:-1], b"\x30" * 20_000, SHOWN.pem])
def test_what_is_no_certificate_is_none(der):
    assert read(der) is None


def test_a_thumbprint_is_that_of_rfc_8705():
    # SHA-256 of nothing in base64url; the certificate of the RFC's appendix is not given there as bytes.
    assert thumbprint(b"") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


def test_a_certificate_that_nobody_signed_is_one_of_those_that_were_registered():
    chain = (base64.b64encode(SHOWN.der).decode(), "AAAA")
    own = thumbprint(SHOWN.der)

    assert judge_own(SHOWN.der, [own], []) is Match.THUMBPRINT
    assert judge_own(SHOWN.der, ["x", own], []) is Match.THUMBPRINT
    assert judge_own(SHOWN.der, [], [chain]) is Match.THUMBPRINT
    assert judge_own(BARE.der, [own], [chain]) is Mismatch.THUMBPRINT
    assert judge_own(BARE.der, [own.upper(), own + "=", "\ud800"], []) is Mismatch.THUMBPRINT
    assert judge_own(SHOWN.der, [], []) is Mismatch.NO_IDENTITY
    assert judge_own(SHOWN.der, [], [(), ("%%",), ("",)]) is Mismatch.NO_IDENTITY
    # What somebody's key is called after does not make it theirs: only the first of a chain is its own.
    assert judge_own(SHOWN.der, [], [(base64.b64encode(BARE.der).decode(), chain[0])]) is Mismatch.THUMBPRINT
